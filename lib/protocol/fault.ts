import { Failure } from '../core/failure.ts';
import { ServiceError } from '../core/service-error.ts';

/** What is logged of a request that ended in InternalException. Holds no part of the request but its operation. */
export interface Fault {
  readonly operation: string;
  readonly requestId: string;
  /** The error and its causes, outermost first. */
  readonly errors: readonly FaultError[];
}

interface FaultError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** Never throws. */
export type LogFault = (fault: Fault) => void;

/** Deeper chains of causes are cut; a chain that closes on itself would never end. */
const maxErrors = 5;

/**
 * Failure policy: only name, message and stack are written down, because other members of an SDK's error may hold the
 * answer it came with; and of a SyntaxError not the message either, because `JSON.parse` quotes what it was given.
 */
export function describeFault(error: unknown, operation: string, requestId: string): Fault {
  const errors: FaultError[] = [];
  for (let next = error; next !== undefined && errors.length < maxErrors; next = causeOf(next)) {
    errors.push(describeError(next));
  }
  return { operation, requestId, errors };
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function describeError(error: unknown): FaultError {
  if (!(error instanceof Error))
    return { name: typeof error, message: 'Something that is no Error was thrown.', stack: '' };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const message = error instanceof SyntaxError ? 'Not shown: it may quote what was parsed.' : error.message;
  return { name: error.name, message, stack: frames.join('\n') };
}

/** What the client may know of it. */
export function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  return new ServiceError('InternalException', explain(error), { cause: error });
}

function explain(error: unknown): string {
  if (error instanceof Failure && error.code === 'StoreUnavailable') {
    return 'The service could not reach the storage of its own state. Try again.';
  }
  if (error instanceof Failure && error.code === 'StoreRefused') {
    return 'The service is not allowed to use the storage of its own state. The permissions of its role need attention.';
  }
  return 'The service failed to process the request.';
}
