import type { ApiId } from '../core/api-key.ts';
import { ServiceError } from '../core/service-error.ts';
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
