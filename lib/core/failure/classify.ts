import type { AttemptOutcome, HttpAnswer } from '../delivery/delivery.ts';
import type { DeliveryPolicy } from '../destination/delivery-policy.ts';
import { keptAnswer } from '../delivery/answer-text.ts';
import type { FailureCode } from './failure.ts';
import { Failure, failures } from './failure.ts';
import { parseRetryAfterMs } from '../delivery/retry-after.ts';

/**
 * Turns an answer into an outcome. 401, 407, 409, 429 and 5xx are retried. No other status is retried, and redirects are never
 * followed. Source: EventBridge user guide, API destinations.
 *
 * @param policy may name more statuses to retry
 */
export function classifyAnswer(answer: HttpAnswer, policy: DeliveryPolicy, nowMs: number): AttemptOutcome {
  const { status } = answer;
  if (status >= 200 && status <= 299) return { kind: 'delivered', status };
  const code = codeOf(status, policy);
  const retryAfter = Object.hasOwn(answer.headers, 'retry-after') ? answer.headers['retry-after'] : undefined;
  const retryAfterMs = retryAfter === undefined ? undefined : parseRetryAfterMs(retryAfter, nowMs);
  return {
    kind: failures[code].kind,
    code,
    reason: isRedirect(status)
      ? `The endpoint answered ${status}; redirects are not followed.`
      : `The endpoint answered ${status}.`,
    status,
    ...(answer.body === '' ? undefined : { answer: keptAnswer(answer.body) }),
    ...(retryAfterMs === undefined || failures[code].kind === 'permanent' ? undefined : { retryAfterMs }),
  };
}

/** Turns a failure without an answer into an outcome. */
export function classifyFailure(failure: Failure): AttemptOutcome {
  const { kind, code, message, retryAfterMs, returnAfterMs } = failure;
  return {
    kind,
    code,
    reason: message,
    ...(retryAfterMs === undefined ? undefined : { retryAfterMs }),
    ...(returnAfterMs === undefined ? undefined : { returnAfterMs }),
  };
}

function codeOf(status: number, policy: DeliveryPolicy): FailureCode {
  if (status === 401 || status === 407) return 'EndpointUnauthorized';
  if (status === 429) return 'EndpointThrottled';
  if (status === 409 || (status >= 500 && status <= 599)) return 'EndpointFailed';
  return policy.retryableStatuses.includes(status) ? 'EndpointFailed' : 'EndpointRejected';
}

function isRedirect(status: number): boolean {
  return status >= 300 && status <= 399 && status !== 304;
}

/** A Retry-After of a 429 or 503 is about the endpoint, not about this one event. */
export function asksEverybodyToWait(
  outcome: AttemptOutcome,
): outcome is AttemptOutcome & { readonly retryAfterMs: number } {
  if (outcome.kind === 'delivered' || (outcome.status !== 429 && outcome.status !== 503)) return false;
  return outcome.retryAfterMs !== undefined && outcome.retryAfterMs > 0;
}

/**
 * Failure policy: a request that never reached the endpoint's host does not count as an attempt: the host's name was not
 * resolved, its address is refused, or there was no route, no free socket or no way through the proxy. A connection that the
 * host refuses, resets or leaves without an answer does count. Otherwise an event for a host that is switched off would be
 * retried more often than its rule allows.
 */
export function isBeforeConnection(error: unknown): boolean {
  return error instanceof Failure && beforeConnection.has(error.code);
}

const beforeConnection: ReadonlySet<FailureCode> = new Set(['AddressRefused', 'DnsFailed', 'ConnectionFailed']);
