import type { AttemptOutcome, Delivery } from '../core/delivery.ts';
import type { RetryPolicy } from '../core/delivery-policy.ts';
import type { QueuedDelivery } from '../core/queued-delivery.ts';
import type { Backoff, ExhaustedRetryCondition } from '../core/retry.ts';
import { decideRetry, isExpired, retryPolicyOf } from '../core/retry.ts';
import type { Clock, Random } from '../ports.ts';
import type { Attempt, AttemptResult } from './attempt.ts';
import type { Deadline } from './deadline.ts';
import { hasTime } from './deadline.ts';

export interface RetryingDependencies {
  readonly attempt: Attempt;
  readonly clock: Clock;
  readonly random: Random;
  readonly backoff: Backoff;
  /** Of a delivery whose target sets none and whose destination is not known. */
  readonly retryPolicy: RetryPolicy;
}

/** Where a delivery stands after the attempts of one invocation, before anybody has answered for it. */
export type Standing =
  | { readonly kind: 'delivered'; readonly delivery: Delivery; readonly outcome: AttemptOutcome }
  | {
      readonly kind: 'waiting';
      readonly delivery: Delivery;
      /** Absent when it came before its time. */
      readonly outcome?: AttemptOutcome;
      readonly notBeforeMs: number;
    }
  | {
      readonly kind: 'failed';
      readonly delivery: Delivery;
      readonly outcome: FailedOutcome;
      readonly condition?: ExhaustedRetryCondition;
    };

type FailedOutcome = Exclude<AttemptOutcome, { kind: 'delivered' }>;

/** A wait up to this long is sat out inside the invocation, if its deadline allows; every longer one goes to the queue. */
const longestInlineWaitMs = 1000;

/** Attempts a delivery until it is delivered, has failed for good, or has to wait for longer than this invocation may. */
export function createRetrying(dependencies: RetryingDependencies) {
  const { attempt, clock, random, backoff } = dependencies;

  async function tryOnce(delivery: Delivery, deadline: Deadline): Promise<Standing & { readonly exchangeMs?: number }> {
    const expired = expiredOutcome(delivery);
    if (expired !== undefined) {
      return { kind: 'failed', delivery, outcome: expired, condition: 'MaximumEventAgeInSeconds' };
    }
    const result = await attempt(delivery, deadline);
    const { outcome, route } = result;
    const tried = afterAttempt(delivery, result, clock.nowMs());
    if (outcome.kind === 'delivered') return { kind: 'delivered', delivery: tried, outcome };
    if (outcome.kind === 'permanent') return { kind: 'failed', delivery: tried, outcome };
    const policy = retryPolicyOf(delivery.target, route?.policy.retryPolicy ?? dependencies.retryPolicy);
    const { kind, ...decision } = decideRetry(policy, backoff, tried, outcome, clock.nowMs(), random);
    if (!('delayMs' in decision)) return { kind: 'failed', delivery: tried, outcome, ...decision };
    const notBeforeMs = clock.nowMs() + decision.delayMs;
    return { kind: 'waiting', delivery: tried, outcome, notBeforeMs, exchangeMs: exchangeMsOf(result) };
  }

  function expiredOutcome(delivery: Delivery): FailedOutcome | undefined {
    const policy = retryPolicyOf(delivery.target, dependencies.retryPolicy);
    if (!isExpired(policy, delivery, clock.nowMs())) return undefined;
    const limit = `${policy.maximumEventAgeMs / 1000} s`;
    return { kind: 'permanent', code: 'EventExpired', reason: `The event is older than ${limit}.` };
  }

  /** @returns whether its time has come; false when that is too far away for this invocation */
  async function sitOut({ notBeforeMs, exchangeMs = 0 }: Waiting, deadline: Deadline): Promise<boolean> {
    const delayMs = Math.max(0, notBeforeMs - clock.nowMs());
    if (delayMs > longestInlineWaitMs || !hasTime(deadline, delayMs + exchangeMs, clock.nowMs())) return false;
    if (delayMs === 0) return true;
    return clock.delay(delayMs, deadline.signal).then(
      () => true,
      () => false,
    );
  }

  return async ({ delivery, notBeforeMs = 0 }: QueuedDelivery, deadline: Deadline): Promise<Standing> => {
    if (!(await sitOut({ notBeforeMs }, deadline)))
      return { kind: 'waiting', delivery, notBeforeMs: Math.max(notBeforeMs, clock.nowMs()) };
    for (let tried = delivery; ; ) {
      const { exchangeMs, ...standing } = await tryOnce(tried, deadline);
      if (standing.kind !== 'waiting' || !(await sitOut({ ...standing, exchangeMs }, deadline))) return standing;
      tried = standing.delivery;
    }
  };
}

/** Until when, and how long the request may then take. */
interface Waiting {
  readonly notBeforeMs: number;
  readonly exchangeMs?: number | undefined;
}

/** What came to nothing before a request is left to the queue: nothing here would be the wiser for a short wait. */
function exchangeMsOf({ requested, route }: AttemptResult): number {
  return requested ? (route?.policy.timeoutMs ?? 0) : Number.POSITIVE_INFINITY;
}

/** Only what has sent a request was an attempt; everything else was put off. */
function afterAttempt(delivery: Delivery, { requested }: AttemptResult, nowMs: number): Delivery {
  if (!requested) return { ...delivery, postponements: delivery.postponements + 1 };
  const firstMs = delivery.attemptTimes?.firstMs ?? nowMs;
  const attemptTimes = { firstMs, lastMs: nowMs };
  return { ...delivery, attempts: delivery.attempts + 1, postponements: 0, attemptTimes };
}
