import { classifyFailure } from '../core/failure/classify.ts';
import type { AttemptOutcome, Conclusion, Delivery, Settlement, WaitsFor } from '../core/delivery/delivery.ts';
import { namesOf } from '../core/delivery/delivery-names.ts';
import { Failure, isUnsendable } from '../core/failure/failure.ts';
import { printedEvent } from '../core/input/json-text.ts';
import type { Arrival } from '../core/order/group.ts';
import type { WaitingDelivery } from '../core/order/progress.ts';
import type { QueuedDelivery, UnreadDetails } from '../core/message/queued-delivery.ts';
import { messageGroupOf } from '../core/message/queued-delivery.ts';
import type { Clock } from '../ports/clock.ts';
import type { DeliveryLog } from '../ports/delivery.ts';
import type { Deadline } from './deadline.ts';
import type { Keeping } from './keeping.ts';
import type { Ordering } from './order/ordering.ts';
import type { Retrying, UnsettledDelivery } from './retrying.ts';
import type { Settler } from './settle.ts';

export interface DeliverDependencies {
  readonly retrying: Retrying;
  readonly settler: Settler;
  readonly log: DeliveryLog;
  readonly clock: Clock;
  /** Default: no event is kept. */
  readonly keeping?: Pick<Keeping, 'keep'> | undefined;
  /** Default: no event is sent in order. */
  readonly ordering?: Ordering | undefined;
}

/** An input before it is known to be a delivery. */
export interface ReceivedEvent {
  /** @throws Failure when the input is not a delivery, or not one that this worker can read */
  parse(): QueuedDelivery;
  /** The body of the dead letter, if the input is not a delivery. */
  body(): string;
  /** Destination, rule and target in the input's message. They are not checked. */
  unread?(): UnreadDetails | undefined;
  /**
   * Sends the input unchanged to the dead letters, if no dead letter of our own form can be sent. Rejects when this fails too.
   */
  keep?(failure: Failure): Promise<void>;
  /** Settles a message that only a newer version can read. If this function is absent, the message is returned. */
  settleNewer?(failure: Failure): Promise<Settlement>;
  /** If present, the event goes to the dead letters for this reason, without an attempt. */
  readonly refusal?: Failure;
  /** If present, the event goes to the delivery queue for this reason, without an attempt. */
  readonly handsOver?: WaitsFor;
  /** What brought the event; absent when it is not known. */
  readonly arrival?: Arrival;
  /** Present if the event came from the ordered queue. */
  readonly inOrder?: InOrder;
}

/** An event of the ordered queue. It has its place in its group, and keeps it while it waits. */
export interface InOrder {
  /** Lets the event wait where it is, in place of a message to the delivery queue. Never rejects. */
  wait(queued: WaitingDelivery): Promise<void>;
  /** A failure that makes an attempt impossible now; absent when the event may be attempted. */
  readonly failure?: Failure | undefined;
}

/** Takes an event from parsing to settlement. Never rejects: every delivery ends with a conclusion. */
export type Deliver = (event: ReceivedEvent, deadline: Deadline) => Promise<Conclusion>;

export function createDeliver(dependencies: DeliverDependencies): Deliver {
  const { retrying, settler, log, clock, keeping, ordering } = dependencies;

  async function deliverAndSettle(event: ReceivedEvent, facts: DeliveryFacts, deadline: Deadline): Promise<Settlement> {
    const queued = parsed(event);
    if (queued instanceof Failure) {
      facts.outcome = classifyFailure(queued);
      facts.waitsFor = 'newer-version';
      if (queued.kind === 'retryable')
        return (await event.settleNewer?.(queued)) ?? { kind: 'returned', error: queued };
      const unread = event.unread?.();
      const letter = { body: event.body(), code: queued.code, reason: queued.message };
      return settler.sendToDeadLetters(unread === undefined ? letter : { ...letter, unread });
    }
    facts.delivery = queued.delivery;
    // A delivery that comes back from the delivery queue was kept when it came first.
    if (queued.notBeforeMs === undefined) facts.log = keeping?.keep(queued.delivery, deadline);
    if (event.refusal !== undefined) return refuse(settler, queued.delivery, event.refusal, facts);
    let failure = event.inOrder?.failure;
    if (event.inOrder === undefined && ordering !== undefined) {
      const found = ordering.orderOf(queued.delivery, deadline.signal);
      const order = found instanceof Promise ? await found : found;
      if (order instanceof Failure) failure = order;
      else if (order !== undefined) {
        facts.waitsFor = 'order';
        const handed = await ordering.handOver({ queued, order, arrival: event.arrival }, deadline.signal);
        return handed instanceof Failure ? refuse(settler, queued.delivery, handed, facts) : handed;
      }
    }
    if (event.handsOver !== undefined) {
      facts.waitsFor = event.handsOver;
      // A time in the past: the worker that receives the message then makes an attempt even if its clock is behind.
      const notBeforeMs = queued.delivery.firstReceivedAtMs;
      return settler.defer({ ...queued, notBeforeMs }, messageGroupOf(queued.delivery.apiDestination));
    }
    const unsettled = await retrying(queued, deadline, failure);
    facts.delivery = unsettled.delivery;
    facts.outcome = unsettled.outcome;
    facts.rateWaitMs = unsettled.rateWaitMs;
    facts.batchSize = unsettled.batchSize;
    if (unsettled.kind === 'waiting') facts.waitsFor = unsettled.waitsFor;
    if (unsettled.kind !== 'delivered') return settle(settler, unsettled, event.inOrder);
    facts.bug = unsettled.bug;
    return { kind: 'delivered' };
  }

  return async (event, deadline) => {
    const beganAtMs = clock.nowMs();
    const facts: DeliveryFacts = {};
    let settlement: Settlement;
    try {
      settlement = await deliverAndSettle(event, facts, deadline);
      if (settlement.kind === 'returned') settlement = await keepIfUnsendable(settlement, event, facts);
    } catch (error) {
      if (!(error instanceof Failure)) facts.bug = error;
      settlement = { kind: 'returned', error };
    }
    const conclusion = concluded(settlement, facts, beganAtMs, clock.nowMs());
    (facts.log ?? log).record(conclusion);
    return conclusion;
  };
}

/** The facts about a delivery for its log line, filled in stage by stage. */
interface DeliveryFacts {
  delivery?: Delivery;
  outcome?: AttemptOutcome | undefined;
  rateWaitMs?: number;
  batchSize?: number | undefined;
  /** Counts only if the delivery is deferred. */
  waitsFor?: WaitsFor | undefined;
  bug?: unknown;
  /** The log of a delivery that is kept; it replaces the usual one. */
  log?: DeliveryLog | undefined;
}

function settle(
  settler: Settler,
  unsettled: Exclude<UnsettledDelivery, { kind: 'delivered' }>,
  inOrder: InOrder | undefined,
): Promise<Settlement> {
  const { delivery } = unsettled;
  switch (unsettled.kind) {
    case 'waiting':
      return inOrder === undefined
        ? settler.defer(queuedOf(unsettled), messageGroupOf(delivery.apiDestination))
        : waitInOrder(queuedOf(unsettled), inOrder);
    case 'failed': {
      const { kind: _failed, outcome, rateWaitMs: _waited, batchSize: _size, ...why } = unsettled;
      return settler.sendToDeadLetters({ ...outcome, ...why, body: printedEvent(delivery.event) });
    }
  }
}

async function waitInOrder(waiting: WaitingDelivery, inOrder: InOrder): Promise<Settlement> {
  await inOrder.wait(waiting);
  return { kind: 'deferred', notBeforeMs: waiting.notBeforeMs };
}

function refuse(settler: Settler, delivery: Delivery, failure: Failure, facts: DeliveryFacts): Promise<Settlement> {
  const { code, message: reason } = failure;
  facts.outcome = classifyFailure(failure);
  return settler.sendToDeadLetters({ body: printedEvent(delivery.event), delivery, code, reason });
}

/**
 * Failure policy: an event may be too large for our own message, or SQS may refuse our message. But the queue has accepted the
 * message in which the event came. Therefore the received message goes to the stack's own dead letters unchanged, with as much
 * of the reason as fits. It can be delivered again from there.
 */
async function keepIfUnsendable(
  settlement: Settlement & { readonly kind: 'returned' },
  { keep }: ReceivedEvent,
  { outcome }: DeliveryFacts,
): Promise<Settlement> {
  if (keep === undefined || !isUnsendable(settlement.error)) return settlement;
  const { message } = settlement.error;
  const isFailed = outcome !== undefined && outcome.kind !== 'delivered';
  await keep(isFailed ? new Failure(outcome.code, `${outcome.reason} ${message}`) : settlement.error);
  return { kind: 'dead-lettered' };
}

function parsed(event: ReceivedEvent): QueuedDelivery | Failure {
  try {
    return event.parse();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

function concluded(
  settlement: Settlement,
  { delivery, outcome, rateWaitMs, batchSize, waitsFor, bug }: DeliveryFacts,
  beganAtMs: number,
  nowMs: number,
): Conclusion {
  return {
    settlement,
    ...namesOf(delivery),
    ...described(outcome),
    ...(bug === undefined ? undefined : { code: 'Unexpected', bug }),
    ...(settlement.kind === 'deferred'
      ? { nextAttemptAtMs: settlement.notBeforeMs, ...(waitsFor && { waitsFor }) }
      : undefined),
    attempts: delivery?.attempts ?? 0,
    durationMs: nowMs - beganAtMs,
    ...(delivery === undefined ? undefined : { ageMs: Math.max(0, nowMs - delivery.firstReceivedAtMs) }),
    ...(rateWaitMs === undefined ? undefined : { rateWaitMs }),
    ...(batchSize === undefined ? undefined : { batchSize }),
  };
}

function queuedOf({ delivery, notBeforeMs, turnGeneration, isUnhealthy }: UnsettledDelivery & { kind: 'waiting' }) {
  return {
    delivery,
    notBeforeMs,
    ...(turnGeneration !== undefined && { turnGeneration }),
    ...(isUnhealthy && { isUnhealthy }),
  };
}

function described(
  outcome: AttemptOutcome | undefined,
): Pick<Conclusion, 'code' | 'failureKind' | 'reason' | 'status' | 'answer'> {
  if (outcome === undefined) return {};
  if (outcome.kind === 'delivered') return { status: outcome.status };
  const { kind: failureKind, code, reason, status, answer } = outcome;
  return {
    code,
    reason,
    failureKind,
    ...(status !== undefined && { status }),
    ...(answer !== undefined && { answer }),
  };
}
