import type { AttemptOutcome, Delivery, FailedOutcome, WaitsFor } from '../core/delivery/delivery.ts';
import type { RetryPolicy } from '../core/destination/delivery-policy.ts';
import type { QueuedDelivery } from '../core/message/queued-delivery.ts';
import type { Backoff, ExhaustedRetryCondition } from '../core/delivery/retry.ts';
import {
  decideRetry,
  isExpired,
  longestEventAgeMs,
  longestSlotWaitMs,
  retryPolicyOf,
  waitAfter,
} from '../core/delivery/retry.ts';
import { classifyFailure } from '../core/failure/classify.ts';
import type { Failure } from '../core/failure/failure.ts';
import type { Turn } from '../core/rate/shards.ts';
import { fromTurnNumber, toTurnNumber } from '../core/rate/shards.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { Attempt, AttemptResult } from './attempt.ts';
import type { Deadline } from './deadline.ts';
import { hasTime } from './deadline.ts';
import type { ResolvedDestination } from '../core/destination/resolved-destination.ts';
import type { SlotHorizon } from './rate/slot-horizon.ts';

export interface RetryingDependencies {
  readonly attempt: Attempt;
  readonly clock: Clock;
  readonly random: Random;
  readonly backoff: Backoff;
  readonly horizon: SlotHorizon;
  /** Used if the target of a delivery sets no retry policy and the destination could not be read. */
  readonly retryPolicy: RetryPolicy;
}

/** A delivery after the attempts of one invocation, before it is settled. */
export type UnsettledDelivery = {
  /** Time spent waiting for slots. */
  readonly rateWaitMs: number;
  /** The number of events in the last request, if it was more than one. */
  readonly batchSize?: number | undefined;
} & (
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
      /** The turn as one number (`toTurnNumber`) if the delivery waits for the rate; absent if it waits for another reason. */
      readonly turnGeneration?: number;
      /** Absent when the delivery came before its time. */
      readonly waitsFor?: WaitsFor;
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

/** @param failure a failure before the attempt, which takes the place of the attempt */
export type Retrying = (queued: QueuedDelivery, deadline: Deadline, failure?: Failure) => Promise<UnsettledDelivery>;

/** The longest wait for a return time inside an invocation. The deadline and the horizon may allow less. */
const longestTurnWaitMs = 1000;

/**
 * Attempts a delivery once. A delivery without a slot waits inside the invocation if its return time is at most a second ahead.
 * After a failure it always waits in the queue, even for a short time, because the invocation should be free for new events.
 */
export function createRetrying(dependencies: RetryingDependencies): Retrying {
  const { attempt, clock, random, backoff, horizon } = dependencies;

  async function tryOnce(
    delivery: Delivery,
    deadline: Deadline,
    { turn, failure }: { readonly turn?: Turn | undefined; readonly failure?: Failure | undefined },
  ): Promise<Tried> {
    // The destination's policy has not been read yet. It may allow an older event than the default does.
    const policy = retryPolicyOf(delivery.target, {
      ...dependencies.retryPolicy,
      maximumEventAgeMs: longestEventAgeMs,
    });
    if (isExpired(policy, delivery, clock.nowMs())) return expired(delivery, policy, 'The event is');
    const result = failure === undefined ? await attempt(delivery, deadline, turn) : notAttempted(failure);
    return result.kind === 'later' ? later(delivery, result) : judged(delivery, result, turn);
  }

  /** A wait for the rate does not count as an attempt, but it must end before the event's age limit. */
  function later(
    delivery: Delivery,
    { turn, destination, waitsFor, isUnhealthy, isSlow }: AttemptResult & { kind: 'later' },
  ): Tried {
    const policy = retryPolicyOf(delivery.target, destination.policy.retryPolicy);
    if (isExpired(policy, delivery, turn.atMs))
      return expired(delivery, policy, 'By the time it may be sent, the event will be');
    // After a wait inside the invocation, there must be time to wait for a slot and to send. Otherwise the delivery would only
    // get another return time.
    const exchangeMs = longestSlotWaitMs + destination.policy.timeoutMs;
    const { invocationRateLimitPerSecond } = destination.apiDestination;
    const longestMs = Math.min(longestTurnWaitMs, horizon.longestWaitMs(invocationRateLimitPerSecond));
    // A message has whole milliseconds, but a return time may have a fraction.
    const notBeforeMs = Math.ceil(turn.atMs);
    return {
      kind: 'waiting',
      delivery,
      notBeforeMs,
      turnGeneration: toTurnNumber(turn),
      waitsFor,
      ...(isUnhealthy && { isUnhealthy }),
      ...(isSlow !== true && { wait: { longestMs, exchangeMs } }),
      rateWaitMs: 0,
    };
  }

  /**
   * Failure policy: a delivery for which this invocation has no time left keeps its turn. A delivery that waits because a store
   * is down does not keep its turn, because a delivery with a turn may be received again before its wait is over.
   */
  function judged(delivery: Delivery, result: AttemptResult & { kind: 'tried' }, turn?: Turn): Tried {
    const { outcome, destination, rateWaitMs, batchSize, bug } = result;
    const tried = waitsForToken(result) ? delivery : afterAttempt(delivery, result, clock.nowMs());
    if (outcome.kind === 'delivered')
      return { kind: 'delivered', delivery: tried, outcome, rateWaitMs, batchSize, bug };
    const sent = { delivery: tried, rateWaitMs, batchSize };
    const failed = { ...sent, kind: 'failed', outcome, ...targetArnOf(destination) } as const;
    if (outcome.kind === 'permanent') return { ...failed, outcome, ...conditionOf(outcome) };
    const policy = retryPolicyOf(delivery.target, destination?.policy.retryPolicy ?? dependencies.retryPolicy);
    const { kind, ...decision } = decideRetry(policy, backoff, tried, outcome, clock.nowMs(), random);
    if (!('delayMs' in decision)) return { ...failed, outcome, ...decision };
    const notBeforeMs = clock.nowMs() + decision.delayMs;
    const waitsFor = waitAfter(outcome, decision.delayMs);
    const waiting = { ...sent, kind: 'waiting', outcome, notBeforeMs, waitsFor } as const;
    const keepsTurn = turn !== undefined && !result.requested && outcome.code === 'OutOfTime';
    return { ...waiting, ...(keepsTurn && { turnGeneration: toTurnNumber(turn) }) };
  }

  return async ({ delivery, ...queued }, deadline, failure) => {
    const { notBeforeMs = 0 } = queued;
    const turn = turnOf(queued);
    // A delivery with a turn asks for a slot even before its return time, because return times may have started again.
    const isEarly = turn === undefined && notBeforeMs > clock.nowMs();
    if (isEarly) return { kind: 'waiting', delivery, notBeforeMs, rateWaitMs: 0 };
    let unsettled: Tried = await tryOnce(delivery, deadline, { turn, failure });
    while (unsettled.kind === 'waiting' && unsettled.wait !== undefined) {
      if (!(await waitForTurn(clock, unsettled.notBeforeMs, unsettled.wait, deadline))) break;
      const next: Tried = await tryOnce(unsettled.delivery, deadline, { turn: turnOf(unsettled) });
      unsettled = { ...next, rateWaitMs: unsettled.rateWaitMs + next.rateWaitMs };
    }
    return unsettled;
  };
}

interface TurnWait {
  readonly longestMs: number;
  /** The time that the next try may take. */
  readonly exchangeMs: number;
}

/** A delivery after one try. It may wait inside the invocation if it has a return time. */
type Tried = UnsettledDelivery & { readonly wait?: TurnWait };

/** Waits for a return time inside the invocation. @returns false when the time is too far away for this invocation */
function waitForTurn(
  clock: Clock,
  notBeforeMs: number,
  { longestMs, exchangeMs }: TurnWait,
  deadline: Deadline,
): boolean | Promise<boolean> {
  const delayMs = Math.max(0, notBeforeMs - clock.nowMs());
  if (delayMs > longestMs || !hasTime(deadline, delayMs + exchangeMs, clock.nowMs())) return false;
  if (delayMs === 0) return true;
  return clock.delay(delayMs, deadline.signal).then(
    () => true,
    () => false,
  );
}

function notAttempted(failure: Failure): AttemptResult {
  return { kind: 'tried', outcome: classifyFailure(failure), requested: false, rateWaitMs: 0, latenciesMs: [] };
}

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

/** Such a wait is not a failure of this delivery, so it makes no later backoff longer. */
function waitsForToken({ outcome, requested }: AttemptResult & { kind: 'tried' }): boolean {
  return !requested && outcome.kind !== 'delivered' && outcome.returnAfterMs !== undefined;
}

/** Only a sent request counts as an attempt; everything else counts as a postponement. */
function afterAttempt(delivery: Delivery, { requested }: { readonly requested: boolean }, nowMs: number): Delivery {
  if (!requested) return { ...delivery, postponements: delivery.postponements + 1 };
  const firstMs = delivery.attemptTimes?.firstMs ?? nowMs;
  const attemptTimes = { firstMs, lastMs: nowMs };
  return { ...delivery, attempts: delivery.attempts + 1, postponements: 0, attemptTimes };
}
