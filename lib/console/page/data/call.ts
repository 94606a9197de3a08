import type { ConsoleOperation } from '../../api/operations.ts';
import { consolePaths } from '../../api/settings.ts';
import { fieldErrorsIn } from './field-errors.ts';
import type { InputOf, OutputOf } from './operations.ts';

/** An operation was refused, or got no answer. */
export class OperationError extends Error {
  override readonly name = 'OperationError';
  /** The code of the service, such as `ValidationException`; `NoAnswer` when there was no answer. */
  readonly code: string;
  /** The operation that was called; empty for the settings. */
  readonly operation: string;
  /** The problem of each field that the message names. The keys are paths as `pathOf` makes them. */
  readonly fields: ReadonlyMap<string, string>;

  constructor(code: string, message: string, operation = '') {
    super(message);
    this.code = code;
    this.operation = operation;
    this.fields = fieldErrorsIn(code, message);
  }
}

/** Every error has a place on the page, also one that nobody has foreseen. */
export function operationErrorOf(error: unknown): OperationError {
  if (error instanceof OperationError) return error;
  console.error(error);
  return new OperationError('Unexpected', 'The page failed. Reload it, and please report what you did.');
}

/** Performs an operation of the control API in one region. */
export type CallOperation = <Name extends ConsoleOperation>(
  operation: Name,
  input: InputOf<Name>,
) => Promise<OutputOf<Name>>;

/** @throws OperationError */
export async function callOperation<Name extends ConsoleOperation>(
  operation: Name,
  input: InputOf<Name>,
  region: string,
): Promise<OutputOf<Name>> {
  const body = JSON.stringify({ operation, input, region });
  const headers = { 'content-type': 'application/json' };
  return (await answerOf(consolePaths.api, { method: 'POST', headers, body }, operation)) as OutputOf<Name>;
}

/** @throws OperationError */
export async function answerOf(path: string, init: RequestInit = {}, operation = ''): Promise<unknown> {
  const response = await fetch(path, init).catch(() => undefined);
  const answer: unknown = await response?.json().catch(() => undefined);
  if (response === undefined || typeof answer !== 'object' || answer === null)
    throw new OperationError(
      'NoAnswer',
      'The console does not answer. Check that the command that started it still runs.',
      operation,
    );
  if (response.ok) return answer;
  const { __type: code, message } = answer as { readonly __type?: unknown; readonly message?: unknown };
  throw new OperationError(String(code), String(message), operation);
}
