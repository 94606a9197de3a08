import type { ApiId } from '../core/api-key/api-key.ts';
import type { ErrorDescription } from '../core/failure/failure.ts';
import { Failure, describeErrors } from '../core/failure/failure.ts';
import { ServiceError } from '../core/failure/service-error.ts';
import type { ControlRequest, Route } from './control-request.ts';

/** All that a key of the API `events` opens. */
const ofEventsKeys: ReadonlySet<string> = new Set(['events:PutEvents']);

/**
 * Least access: an `events` key publishes and does nothing else. What no route knows as an operation does nothing for
 * anybody, and its answer says so.
 *
 * @throws ServiceError AccessDeniedException that names the operation
 */
export function requireAccess(apiId: ApiId, route: Route | undefined, request: ControlRequest): void {
  const operation = route?.operationOf(request);
  if (route === undefined || operation === undefined || apiId === 'control') return;
  const name = `${route.service}:${operation}`;
  if (ofEventsKeys.has(name)) return;
  throw new ServiceError('AccessDeniedException', `A key of the API 'events' is not allowed to perform ${name}.`);
}

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
