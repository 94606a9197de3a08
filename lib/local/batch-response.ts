import { isMembers } from './sqs-names.ts';

/**
 * Which messages of a batch stay in the queue, by a function's partial batch response.
 *
 * Failure policy: a response that cannot be understood, or that names a message which was not in the batch, is a failure of
 * the whole batch. Source: Lambda developer guide, implementing partial batch responses.
 *
 * @param payload the function's answer as JSON text
 */
export function failedMessageIds(payload: string, messageIds: readonly string[]): ReadonlySet<string> {
  const everything = new Set(messageIds);
  const response: unknown = JSON.parse(payload);
  if (response === null) return new Set();
  const failures = isMembers(response) ? (response['batchItemFailures'] ?? []) : undefined;
  if (!Array.isArray(failures)) return everything;
  const failed = new Set<string>();
  for (const failure of failures as readonly unknown[]) {
    const id = isMembers(failure) ? failure['itemIdentifier'] : undefined;
    if (typeof id !== 'string' || !everything.has(id)) return everything;
    failed.add(id);
  }
  return failed;
}
