import type { AttemptOutcome, HttpAnswer } from '../delivery/delivery.ts';
import type { DeliveryPolicy } from '../destination/delivery-policy.ts';
import type { Failure, FailureCode } from './failure.ts';
import { failures } from './failure.ts';
import { parseRetryAfterMs } from '../delivery/retry-after.ts';

/** What a dead letter keeps of the endpoint's own words: enough for an error page's point, small beside the event. */
const maxAnswerCharacters = 2048;

/**
 * What an answer means. Source: EventBridge user guide, API destinations: 401, 407, 409, 429 and 5xx are retried; everything
 * else that is not 2xx is not, redirects included, which are never followed.
 *
 * @param policy may name statuses that are retried beyond those
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
    ...(answer.body === '' ? undefined : { answer: answer.body.slice(0, maxAnswerCharacters).toWellFormed() }),
    ...(retryAfterMs === undefined || failures[code].kind === 'permanent' ? undefined : { retryAfterMs }),
  };
}

/** What a failure before or instead of an answer means. */
export function classifyFailure(failure: Failure): AttemptOutcome {
  const { kind, code, message, retryAfterMs } = failure;
  return { kind, code, reason: message, ...(retryAfterMs === undefined ? undefined : { retryAfterMs }) };
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
