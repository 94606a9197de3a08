import type { ErrorDescription } from '../core/error-description.ts';
import { describeErrors } from '../core/error-description.ts';
import { Failure } from '../core/failure.ts';
import { ServiceError } from '../core/service-error.ts';

/** What is logged of a request that ended in InternalException. Holds no part of the request but its operation. */
export interface Fault {
  readonly operation: string;
  readonly requestId: string;
  /** The error and its causes, outermost first. */
  readonly errors: readonly ErrorDescription[];
}

/** Never throws. */
export type LogFault = (fault: Fault) => void;

export function describeFault(error: unknown, operation: string, requestId: string): Fault {
  return { operation, requestId, errors: describeErrors(error) };
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
  if (error instanceof Failure && error.code === 'NewerVersion') {
    return `A newer version of this service has written what this one cannot read. ${error.message}`;
  }
  return 'The service failed to process the request.';
}
