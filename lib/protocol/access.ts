import type { ApiId } from '../core/api-key/api-key.ts';
import type { ErrorDescription } from '../core/failure/failure.ts';
import { Failure, describeErrors } from '../core/failure/failure.ts';
import { ServiceError } from '../core/failure/service-error.ts';
import type { ControlRequest, Route } from './control-request.ts';

/** The operations that a key of the API `events` may perform. */
const eventsKeyOperations: ReadonlySet<string> = new Set(['events:PutEvents']);

/**
 * A key of the API `events` may only publish events. An unknown operation passes this check, because its route then answers
 * that the operation is unknown.
 *
 * @throws ServiceError AccessDeniedException that names the operation
 */
export function requireAccess(apiId: ApiId, route: Route | undefined, request: ControlRequest): void {
  const operation = route?.operationOf(request);
  if (route === undefined || operation === undefined || apiId === 'control') return;
  const name = `${route.service}:${operation}`;
  if (eventsKeyOperations.has(name)) return;
  throw new ServiceError(
    'AccessDeniedException',
    `A key of the API 'events' is not allowed to perform ${name}. Use a key of the API 'control'.`,
  );
}

/** The log entry of a request that ended in InternalException. Of the request, it contains only the operation's name. */
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

/** An unexpected error becomes InternalException, because the client must not see internal details. */
export function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  return new ServiceError('InternalException', explain(error), { cause: error });
}

function explain(error: unknown): string {
  if (error instanceof Failure && error.code === 'StoreUnavailable') {
    return 'The service could not reach its own storage. Try again.';
  }
  if (error instanceof Failure && error.code === 'StoreRefused') {
    return 'The service is not allowed to use its own storage. Check the permissions of its IAM role.';
  }
  if (error instanceof Failure && error.code === 'NewerVersion') {
    return `A newer version of this service wrote data that this version cannot read. ${error.message}`;
  }
  return 'The service failed to process the request.';
}
