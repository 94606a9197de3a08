import type { Delivery, DeliveryTarget, FailedOutcome } from './delivery.ts';
import type { RetryPolicy } from './delivery-policy.ts';

/** Source: EventBridge user guide, dead-letter queues, EXHAUSTED_RETRY_CONDITION. */
export type ExhaustedRetryCondition = 'MaximumRetryAttempts' | 'MaximumEventAgeInSeconds';

export type RetryDecision =
  | { readonly kind: 'retry'; readonly delayMs: number }
  /** No condition: the endpoint itself asked not to come again. */
  | { readonly kind: 'stop'; readonly condition?: ExhaustedRetryCondition };

export interface Backoff {
  /** Bound of the first delay; it doubles with each failure in a row. */
  readonly baseMs: number;
  /** Bound that no delay exceeds. */
  readonly maximumMs: number;
}

/** What of a delivery's past decides its future. */
export type RetryHistory = Pick<Delivery, 'attempts' | 'postponements' | 'firstReceivedAtMs'>;

/**
 * Decides whether a failed attempt is followed by another, and when.
 *
 * Failure policy: the endpoint's own Retry-After is a floor and gets no jitter; a wait that would outlive the event's age
 * limit ends the delivery now, in the dead letters, instead of later. What failed before a request was made (a store or a
 * token endpoint that is down) uses up no attempt: an endpoint that was never asked has not refused; the age ends it.
 *
 * @param history the failed attempt included; 0 attempts when what failed came before the first request
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
  const delayMs = Math.max(retryAfterMs, fullJitterDelayMs(backoff, history.attempts + history.postponements, random));
  if (isExpired(policy, history, nowMs + delayMs)) return { kind: 'stop', condition: 'MaximumEventAgeInSeconds' };
  return { kind: 'retry', delayMs };
}

/** Source: shape MaximumEventAgeInSeconds of the EventBridge service model: no target and no policy allows more. */
export const longestEventAgeMs = 86_400_000;

/** Whether the event has outlived its age limit. */
export function isExpired(policy: RetryPolicy, history: RetryHistory, nowMs: number): boolean {
  return nowMs - history.firstReceivedAtMs > policy.maximumEventAgeMs;
}

/**
 * Anything from nothing up to a bound that doubles with each failure, so that events which failed together do not return
 * together. Source: AWS Architecture Blog, exponential backoff and jitter.
 *
 * @param failuresInRow counted from 1
 */
export function fullJitterDelayMs(backoff: Backoff, failuresInRow: number, random: () => number): number {
  const boundMs = Math.min(backoff.maximumMs, backoff.baseMs * 2 ** Math.max(0, failuresInRow - 1));
  return Math.floor(random() * boundMs);
}

/** What the target sets beats the destination's policy, which holds the defaults. */
export function retryPolicyOf({ RetryPolicy: own }: DeliveryTarget, policy: RetryPolicy): RetryPolicy {
  if (own === undefined) return policy;
  const { MaximumRetryAttempts, MaximumEventAgeInSeconds } = own;
  return {
    maximumRetryAttempts: MaximumRetryAttempts ?? policy.maximumRetryAttempts,
    maximumEventAgeMs:
      MaximumEventAgeInSeconds === undefined ? policy.maximumEventAgeMs : MaximumEventAgeInSeconds * 1000,
  };
}
