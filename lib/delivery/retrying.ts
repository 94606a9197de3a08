import type { AttemptOutcome, Delivery, FailedOutcome } from '../core/delivery/delivery.ts';
import type { RetryPolicy } from '../core/destination/delivery-policy.ts';
import type { QueuedDelivery } from '../core/message/queued-delivery.ts';
import type { Backoff, ExhaustedRetryCondition } from '../core/delivery/retry.ts';
import { decideRetry, isExpired, longestEventAgeMs, longestSlotWaitMs, retryPolicyOf } from '../core/delivery/retry.ts';
import type { Turn } from '../core/rate/shards.ts';
import { fromTurnNumber, toTurnNumber } from '../core/rate/shards.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { Attempt, AttemptResult } from './attempt.ts';
import type { Deadline } from './deadline.ts';
import { hasTime } from './deadline.ts';
import type { ResolvedDestination } from '../core/destination/resolved-destination.ts';

export interface RetryingDependencies {
  readonly attempt: Attempt;
  readonly clock: Clock;
  readonly random: Random;
  readonly backoff: Backoff;
  /** Only a slot within this time is waited for. A delivery whose turn is further away waits in the queue. */
  readonly horizonMs: number;
  /** For a delivery whose target sets no retry policy and whose destination is not known. */
  readonly retryPolicy: RetryPolicy;
}

/** A delivery after the attempts of one invocation, before it is settled. */
export type UnsettledDelivery = { /** Time spent waiting for slots. */ readonly rateWaitMs: number } & (
  | {
      readonly kind: 'delivered';
      readonly delivery: Delivery;
      readonly outcome: AttemptOutcome;
      /** The error of a bug in our code, thrown after the endpoint had accepted the event. */
      readonly bug?: unknown;
    }
  | {
      readonly kind: 'waiting';
      readonly delivery: Delivery;
      /** Absent when the delivery came before its time or found no slot. */
      readonly outcome?: AttemptOutcome;
      readonly notBeforeMs: number;
      /** The turn of a wait for the rate, as a message names it; absent when the wait has another reason. */
      readonly turnGeneration?: number;
      /** Whether the circuit of the endpoint is open. */
      readonly isUnhealthy?: true;
    }
  | {
      readonly kind: 'failed';
      readonly delivery: Delivery;
      readonly outcome: FailedOutcome;
      readonly condition?: ExhaustedRetryCondition;
      /** ARN of the API destination, where it is known. */
      readonly targetArn?: string;
    }
);

/** A turn that is at most this far away is waited for inside the invocation, when its deadline and its horizon allow it. */
const longestTurnWaitMs = 1000;

/**
 * Attempts a delivery once. Only for a turn of the rate, at most a second ahead, is waited inside the invocation: a place in it
 * belongs to fresh events, so the wait after a failure is spent in the queue, however short it is.
 */
export function createRetrying(dependencies: RetryingDependencies) {
  const { attempt, clock, random, backoff, horizonMs } = dependencies;

  async function tryOnce(delivery: Delivery, deadline: Deadline, turn?: Turn): Promise<Tried> {
    // The destination's policy, not known yet, may allow more than the default.
    const policy = retryPolicyOf(delivery.target, {
      ...dependencies.retryPolicy,
      maximumEventAgeMs: longestEventAgeMs,
    });
    if (isExpired(policy, delivery, clock.nowMs())) return expired(delivery, policy, 'The event is');
    const result = await attempt(delivery, deadline, turn);
    return result.kind === 'later' ? later(delivery, result) : judged(delivery, result, turn);
  }

  /** A wait for the rate is no attempt, but it counts against the age. */
  function later(delivery: Delivery, { turn, destination, isUnhealthy }: AttemptResult & { kind: 'later' }): Tried {
    const policy = retryPolicyOf(delivery.target, destination.policy.retryPolicy);
    if (isExpired(policy, delivery, turn.atMs))
      return expired(delivery, policy, 'When its turn comes, the event will be');
    // When the turn comes with no time left to wait for a slot, it would only find the next turn. So it waits in the queue.
    const exchangeMs = longestSlotWaitMs + destination.policy.timeoutMs;
    // The time of a turn may have a fraction of a millisecond; a message holds whole milliseconds.
    const notBeforeMs = Math.ceil(turn.atMs);
    return {
      kind: 'waiting',
      delivery,
      notBeforeMs,
      turnGeneration: toTurnNumber(turn),
      ...(isUnhealthy && { isUnhealthy }),
      exchangeMs,
      rateWaitMs: 0,
    };
  }

  /**
   * Failure policy: a delivery that this invocation has no time for keeps its place in the line. A delivery that waits for a
   * store that is down does not keep it: its turn would bring it back before that wait is over.
   */
  function judged(delivery: Delivery, result: AttemptResult & { kind: 'tried' }, turn?: Turn): Tried {
    const { outcome, destination, rateWaitMs, bug } = result;
    const tried = afterAttempt(delivery, result, clock.nowMs());
    if (outcome.kind === 'delivered') return { kind: 'delivered', delivery: tried, outcome, rateWaitMs, bug };
    const failed = { kind: 'failed', delivery: tried, outcome, rateWaitMs, ...targetArnOf(destination) } as const;
    if (outcome.kind === 'permanent') return { ...failed, outcome, ...conditionOf(outcome) };
    const policy = retryPolicyOf(delivery.target, destination?.policy.retryPolicy ?? dependencies.retryPolicy);
    const { kind, ...decision } = decideRetry(policy, backoff, tried, outcome, clock.nowMs(), random);
    if (!('delayMs' in decision)) return { ...failed, outcome, ...decision };
    const notBeforeMs = clock.nowMs() + decision.delayMs;
    const waiting = { kind: 'waiting', delivery: tried, outcome, notBeforeMs, rateWaitMs } as const;
    const keepsTurn = turn !== undefined && !result.requested && outcome.code === 'OutOfTime';
    return { ...waiting, ...(keepsTurn && { turnGeneration: toTurnNumber(turn) }) };
  }

  /** Waits for a turn inside the invocation. @returns whether it has come; false when it is too far away for this invocation */
  function waitForTurn(notBeforeMs: number, exchangeMs: number, deadline: Deadline): boolean | Promise<boolean> {
    const delayMs = Math.max(0, notBeforeMs - clock.nowMs());
    const longestMs = Math.min(longestTurnWaitMs, horizonMs);
    if (delayMs > longestMs || !hasTime(deadline, delayMs + exchangeMs, clock.nowMs())) return false;
    if (delayMs === 0) return true;
    return clock.delay(delayMs, deadline.signal).then(
      () => true,
      () => false,
    );
  }

  return async ({ delivery, ...queued }: QueuedDelivery, deadline: Deadline): Promise<UnsettledDelivery> => {
    const { notBeforeMs = 0 } = queued;
    const turn = turnOf(queued);
    // A delivery asks before its turn too, because the line may have started again since.
    const isEarly = turn === undefined && notBeforeMs > clock.nowMs();
    if (isEarly) return { kind: 'waiting', delivery, notBeforeMs, rateWaitMs: 0 };
    let unsettled: Tried = await tryOnce(delivery, deadline, turn);
    while (unsettled.kind === 'waiting' && unsettled.exchangeMs !== undefined) {
      if (!(await waitForTurn(unsettled.notBeforeMs, unsettled.exchangeMs, deadline))) break;
      const next: Tried = await tryOnce(unsettled.delivery, deadline, turnOf(unsettled));
      unsettled = { ...next, rateWaitMs: unsettled.rateWaitMs + next.rateWaitMs };
    }
    return unsettled;
  };
}

/** A delivery after one attempt. `exchangeMs`: how long its request may take; only of one whose turn may be waited for here. */
type Tried = UnsettledDelivery & { readonly exchangeMs?: number };

function turnOf({ notBeforeMs, turnGeneration }: Pick<QueuedDelivery, 'notBeforeMs' | 'turnGeneration'>) {
  if (notBeforeMs === undefined || turnGeneration === undefined) return undefined;
  return fromTurnNumber(turnGeneration, notBeforeMs);
}

function targetArnOf(destination: ResolvedDestination | undefined): { readonly targetArn?: string } {
  return destination === undefined ? {} : { targetArn: destination.apiDestination.arn };
}

function conditionOf({ code }: FailedOutcome): { readonly condition?: ExhaustedRetryCondition } {
  return code === 'EventExpired' ? { condition: 'MaximumEventAgeInSeconds' } : {};
}

function expired(delivery: Delivery, policy: RetryPolicy, what: string): Tried {
  const reason = `${what} older than ${policy.maximumEventAgeMs / 1000} s.`;
  const outcome = { kind: 'permanent', code: 'EventExpired', reason } as const;
  return { kind: 'failed', delivery, outcome, condition: 'MaximumEventAgeInSeconds', rateWaitMs: 0 };
}

/** Only a sent request counts as an attempt; everything else counts as a postponement. */
function afterAttempt(delivery: Delivery, { requested }: { readonly requested: boolean }, nowMs: number): Delivery {
  if (!requested) return { ...delivery, postponements: delivery.postponements + 1 };
  const firstMs = delivery.attemptTimes?.firstMs ?? nowMs;
  const attemptTimes = { firstMs, lastMs: nowMs };
  return { ...delivery, attempts: delivery.attempts + 1, postponements: 0, attemptTimes };
}
