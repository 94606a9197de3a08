import type { RetryPolicy } from '../destination/delivery-policy.ts';
import type { Delivery, DeliveryTarget, FailedOutcome, WaitsFor } from './delivery.ts';

/** Source: EventBridge user guide, dead-letter queues, EXHAUSTED_RETRY_CONDITION. */
export type ExhaustedRetryCondition = 'MaximumRetryAttempts' | 'MaximumEventAgeInSeconds';

export type RetryDecision =
  | { readonly kind: 'retry'; readonly delayMs: number }
  /** If there is no condition, the endpoint has asked with a negative Retry-After not to be called again. */
  | { readonly kind: 'stop'; readonly condition?: ExhaustedRetryCondition };

export interface Backoff {
  /** Upper bound of the first delay. The bound doubles with each failure in a row. */
  readonly baseMs: number;
  /** Upper bound of every delay. */
  readonly maximumMs: number;
}

/** The members of a delivery that decide whether it is retried. */
export type RetryHistory = Pick<Delivery, 'attempts' | 'postponements' | 'firstReceivedAtMs'>;

/**
 * Decides whether a failed attempt is followed by another, and when.
 *
 * Failure policy: the endpoint's own Retry-After is the shortest wait and gets no jitter. If the event's age limit would end
 * before the wait does, the delivery goes to the dead letters now instead of later. A failure before the request (a store or a
 * token endpoint that is down) uses up no attempt, because the endpoint has refused nothing. Only the age limit ends such a
 * delivery. A delivery that waits for a token comes back when the fleet may ask for one, however often it has waited before.
 *
 * @param history includes the failed attempt; `attempts` is 0 when the failure came before the first request
 * @param random a number from 0 up to 1
 */
export function decideRetry(
  policy: RetryPolicy,
  backoff: Backoff,
  history: RetryHistory,
  outcome: FailedOutcome,
  nowMs: number,
  random: () => number,
): RetryDecision {
  const retryAfterMs = outcome.retryAfterMs ?? 0;
  if (retryAfterMs < 0) return { kind: 'stop' };
  if (history.attempts > policy.maximumRetryAttempts) return { kind: 'stop', condition: 'MaximumRetryAttempts' };
  const delayMs =
    outcome.returnAfterMs ??
    Math.max(retryAfterMs, fullJitterDelayMs(backoff, history.attempts + history.postponements, random));
  if (isExpired(policy, history, nowMs + delayMs)) return { kind: 'stop', condition: 'MaximumEventAgeInSeconds' };
  return { kind: 'retry', delayMs };
}

/** @param delayMs the wait that `decideRetry` has chosen for this outcome */
export function waitAfter({ code, retryAfterMs, returnAfterMs }: FailedOutcome, delayMs: number): WaitsFor {
  if (returnAfterMs !== undefined) return 'token';
  if (code === 'StoreUnavailable' || code === 'StoreRefused') return 'store';
  return delayMs > 0 && delayMs === retryAfterMs ? 'retry-after' : 'backoff';
}

/** The highest age limit that a target or a policy may set. Source: shape MaximumEventAgeInSeconds of the EventBridge model. */
export const longestEventAgeMs = 86_400_000;

/** Whether the event is older than the policy allows. */
export function isExpired(policy: RetryPolicy, history: RetryHistory, nowMs: number): boolean {
  return nowMs - history.firstReceivedAtMs > policy.maximumEventAgeMs;
}

/**
 * A random delay between zero and a bound that doubles with each failure, so that events which failed together are not
 * retried together. Source: AWS Architecture Blog, exponential backoff and jitter.
 *
 * @param failuresInRow counted from 1
 */
export function fullJitterDelayMs(backoff: Backoff, failuresInRow: number, random: () => number): number {
  const boundMs = Math.min(backoff.maximumMs, backoff.baseMs * 2 ** Math.max(0, failuresInRow - 1));
  return Math.floor(random() * boundMs);
}

/** The retry policy of a delivery: each member that its target sets replaces the same member of the destination's policy. */
export function retryPolicyOf({ RetryPolicy: own }: DeliveryTarget, policy: RetryPolicy): RetryPolicy {
  if (own === undefined) return policy;
  const { MaximumRetryAttempts, MaximumEventAgeInSeconds } = own;
  return {
    maximumRetryAttempts: MaximumRetryAttempts ?? policy.maximumRetryAttempts,
    maximumEventAgeMs:
      MaximumEventAgeInSeconds === undefined ? policy.maximumEventAgeMs : MaximumEventAgeInSeconds * 1000,
  };
}

/** Time that every invocation keeps for settling, ms. Two tries to write to a queue fit into it. */
export const settleReserveMs = 5000;

/** The longest wait for a slot of the rate inside an invocation, ms. Only a delivery of a queue batch may wait that long. */
export const longestSlotWaitMs = 2000;

/** Time that a new worker needs before its first request, ms: it reads destination, connection and secret. */
const preparationMs = 1000;

/**
 * The longest request timeout, in ms, for a function with this time limit: there must be time to prepare, to wait for a slot,
 * to send and to settle. With a longer timeout a request to a busy destination would never be sent.
 */
export function longestRequestTimeoutMs(functionTimeoutSeconds: number): number {
  return functionTimeoutSeconds * 1000 - preparationMs - longestSlotWaitMs - settleReserveMs;
}

/**
 * Six times the function's time limit, so that Lambda has time for its own retries. Source: Lambda developer guide, Amazon SQS
 * event sources.
 */
export function visibilityTimeoutSeconds(functionTimeoutSeconds: number): number {
  return 6 * functionTimeoutSeconds;
}
