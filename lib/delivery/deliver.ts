import { parseEventsArn } from '../core/destination/arn.ts';
import { classifyFailure } from '../core/failure/classify.ts';
import type { AttemptOutcome, Conclusion, Delivery, Settlement } from '../core/delivery/delivery.ts';
import { Failure } from '../core/failure/failure.ts';
import { printedEvent } from '../core/input/json-text.ts';
import type { QueuedDelivery, UnreadDetails } from '../core/message/queued-delivery.ts';
import type { Clock } from '../ports/clock.ts';
import type { DeliveryLog } from '../ports/delivery.ts';
import type { Deadline } from './deadline.ts';
import type { Standing } from './retrying.ts';
import type { Settler } from './settle.ts';

export interface DeliverDependencies {
  readonly retrying: (queued: QueuedDelivery, deadline: Deadline) => Promise<Standing>;
  readonly settler: Settler;
  readonly log: DeliveryLog;
  readonly clock: Clock;
}

/** What arrived, before anybody knows whether it is a delivery. */
export interface Incoming {
  /** @throws Failure when it is no delivery, or not one for this worker */
  parse(): QueuedDelivery;
  /** What goes to the dead letters when it is no delivery. */
  body(): string;
  /** What its message says of the delivery, unread. */
  unread?(): UnreadDetails | undefined;
  /** Puts it into the dead letters as it came, when no dead letter can be made of it. Rejects when that fails. */
  keep?(failure: Failure): Promise<void>;
  /** Settles what only a newer worker can read. Absent: it is returned. */
  passOn?(failure: Failure): Promise<Settlement>;
  /** Why it goes to the dead letters without an attempt. */
  readonly refusal?: Failure;
}

/** The story of an event from the first stage to the last. Never rejects: every delivery ends in a conclusion. */
export type Deliver = (incoming: Incoming, deadline: Deadline) => Promise<Conclusion>;

export function createDeliver({ retrying, settler, log, clock }: DeliverDependencies): Deliver {
  function settle(standing: Exclude<Standing, { kind: 'delivered' }>): Promise<Settlement> {
    const { delivery } = standing;
    switch (standing.kind) {
      case 'waiting':
        return settler.defer(queuedOf(standing), groupOf(delivery));
      case 'failed': {
        const { kind: _failed, outcome, rateWaitMs: _waited, ...why } = standing;
        return settler.sendToDeadLetters({ ...outcome, ...why, body: printedEvent(delivery.event) });
      }
    }
  }

  async function story(incoming: Incoming, known: Known, deadline: Deadline): Promise<Settlement> {
    const queued = parsed(incoming);
    if (queued instanceof Failure) {
      known.outcome = classifyFailure(queued);
      if (queued.kind === 'retryable') return (await incoming.passOn?.(queued)) ?? { kind: 'returned', error: queued };
      const unread = incoming.unread?.();
      const letter = { body: incoming.body(), code: queued.code, reason: queued.message };
      return settler.sendToDeadLetters(unread === undefined ? letter : { ...letter, unread });
    }
    known.delivery = queued.delivery;
    if (incoming.refusal !== undefined) {
      const { code, message: reason } = incoming.refusal;
      known.outcome = classifyFailure(incoming.refusal);
      return settler.sendToDeadLetters({
        body: printedEvent(queued.delivery.event),
        delivery: queued.delivery,
        code,
        reason,
      });
    }
    const standing = await retrying(queued, deadline);
    known.delivery = standing.delivery;
    known.outcome = standing.outcome;
    known.rateWaitMs = standing.rateWaitMs;
    if (standing.kind !== 'delivered') return settle(standing);
    known.bug = standing.bug;
    return { kind: 'delivered' };
  }

  return async (incoming, deadline) => {
    const beganAtMs = clock.nowMs();
    const known: Known = {};
    let settlement: Settlement;
    try {
      settlement = await keptAsItCame(await story(incoming, known, deadline), incoming, known);
    } catch (error) {
      if (!(error instanceof Failure)) known.bug = error;
      settlement = { kind: 'returned', error };
    }
    const conclusion = concluded(settlement, known, beganAtMs, clock.nowMs());
    log.record(conclusion);
    return conclusion;
  };
}

/** What is known of a delivery by the time it is settled, or has run into a bug. */
interface Known {
  delivery?: Delivery;
  outcome?: AttemptOutcome | undefined;
  rateWaitMs?: number;
  bug?: unknown;
}

/**
 * Failure policy: what fits into no message of ours has come in one that fitted. As it came it can be delivered again, so that
 * is what goes to the stack's own dead letters, with as much of the reason as it has room for.
 */
async function keptAsItCame(settlement: Settlement, { keep }: Incoming, { outcome }: Known): Promise<Settlement> {
  if (settlement.kind !== 'returned' || keep === undefined || !isTooLarge(settlement.error)) return settlement;
  const { message } = settlement.error;
  const isFailed = outcome !== undefined && outcome.kind !== 'delivered';
  await keep(isFailed ? new Failure(outcome.code, `${outcome.reason} ${message}`) : settlement.error);
  return { kind: 'dead-lettered' };
}

function isTooLarge(error: unknown): error is Failure {
  return error instanceof Failure && error.code === 'DeliveryTooLarge';
}

function parsed(incoming: Incoming): QueuedDelivery | Failure {
  try {
    return incoming.parse();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

function concluded(
  settlement: Settlement,
  { delivery, outcome, rateWaitMs, bug }: Known,
  beganAtMs: number,
  nowMs: number,
): Conclusion {
  return {
    settlement,
    ...namesOf(delivery),
    ...described(outcome),
    ...(bug === undefined ? undefined : { code: 'Unexpected', bug }),
    ...(settlement.kind === 'deferred' ? { nextAttemptAtMs: settlement.notBeforeMs } : undefined),
    attempts: delivery?.attempts ?? 0,
    durationMs: nowMs - beganAtMs,
    ...(delivery === undefined ? undefined : { ageMs: Math.max(0, nowMs - delivery.firstReceivedAtMs) }),
    ...(rateWaitMs === undefined ? undefined : { rateWaitMs }),
  };
}

function queuedOf({ delivery, notBeforeMs, turnGeneration }: Standing & { kind: 'waiting' }) {
  return { delivery, notBeforeMs, ...(turnGeneration !== undefined && { turnGeneration }) };
}

/** One slow destination does not delay the others' deliveries: its name, which is known before it is resolved. */
export function groupOf({ apiDestination }: Delivery): string {
  return parseEventsArn(apiDestination)?.name ?? apiDestination;
}

/** An event's id is its author's word: a log line holds this much of it. */
const maxLoggedIdLength = 128;

function namesOf(delivery: Delivery | undefined): Pick<Conclusion, 'apiDestination' | 'eventId' | 'rule'> {
  if (delivery === undefined) return {};
  const id = delivery.event.value['id'];
  return {
    apiDestination: delivery.apiDestination,
    ...(typeof id === 'string' && { eventId: id.slice(0, maxLoggedIdLength) }),
    ...(delivery.rule !== undefined && { rule: delivery.rule }),
  };
}

function described(
  outcome: AttemptOutcome | undefined,
): Pick<Conclusion, 'code' | 'failureKind' | 'reason' | 'status'> {
  if (outcome === undefined) return {};
  if (outcome.kind === 'delivered') return { status: outcome.status };
  const { kind: failureKind, code, reason, status } = outcome;
  return { code, reason, failureKind, ...(status !== undefined && { status }) };
}
