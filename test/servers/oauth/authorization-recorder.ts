import type { IncomingMessage } from 'node:http';
import { parseSignature } from '../../../lib/local/stack/routes.ts';
import { authorizedCall } from '../../policies/aws-call.ts';
import type { AuthorizedCall } from '../../policies/evaluate.ts';
import { startForwardingServer } from '../endpoints/forwarding-server.ts';

/** Stands before a stack and notes of each request who made it and what IAM would be asked. */
export interface AuthorizationRecorder {
  readonly endpoint: string;
  /** Different calls so far, by the access key id that they were signed with. */
  readonly calls: ReadonlyMap<string, readonly AuthorizedCall[]>;
  /** What X-Amz-Target named, and `Invoke`. */
  readonly operations: ReadonlySet<string>;
  /** Requests of which nothing is known. */
  readonly faults: readonly unknown[];
  stop(): Promise<void>;
}

export async function startAuthorizationRecorder(upstream: string, account: string): Promise<AuthorizationRecorder> {
  const calls = new Map<string, AuthorizedCall[]>();
  const seen = new Set<string>();
  const operations = new Set<string>();
  const faults: unknown[] = [];

  function note({ url: path = '/', headers }: IncomingMessage, body: string): void {
    const signature = parseSignature(headers.authorization, '');
    if (signature === undefined) throw new Error('A request is not signed.');
    const target = headers['x-amz-target']?.toString();
    const call = authorizedCall({ path, target, body }, signature, account);
    operations.add(target?.split('.').at(-1) ?? 'Invoke');
    const text = `${signature.accessKeyId} ${JSON.stringify(call)}`;
    if (seen.has(text)) return;
    seen.add(text);
    calls.set(signature.accessKeyId, [...(calls.get(signature.accessKeyId) ?? []), call]);
  }

  const server = await startForwardingServer(upstream, (incoming, body) => {
    try {
      note(incoming, body.toString());
    } catch (error) {
      faults.push(error);
    }
  });
  return { ...server, calls, operations, faults };
}
