import { longestEventAgeMs } from '../../core/delivery/retry.ts';
import { Failure } from '../../core/failure/failure.ts';
import { mayHoldSeveral } from '../../core/message/queue-message.ts';
import {
  delaySecondsOf,
  longestDelaySeconds,
  longestTurnDelaySeconds,
  parseQueueMessage,
  unreadDetails,
} from '../../core/message/queued-delivery.ts';
import type { RecordMessage } from '../../core/message/sqs-event.ts';
import type { OrderedProgress, WaitingDelivery } from '../../core/order/progress.ts';
import { beforeAttempt, leftToNewerVersion, progressOf, withProgress } from '../../core/order/progress.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RawMessages, ReceivedMessages } from '../../ports/delivery.ts';
import type { HeldMessages, ProgressStore } from '../../ports/order.ts';
import type { Deadline } from '../deadline.ts';
import { hasTime } from '../deadline.ts';
import type { Deliver, ReceivedEvent } from '../deliver.ts';
import type { DeliverMessages } from '../deliver-messages.ts';
import { bodyOf, receivedTooOften } from '../deliver-messages.ts';
import { elementsInMessage } from '../deliver-elements.ts';

export interface OrderedDelivererDependencies {
  readonly deliver: Deliver;
  readonly received: ReceivedMessages;
  readonly held: HeldMessages;
  readonly progressStore: ProgressStore;
  readonly rawMessages: RawMessages;
  readonly clock: Clock;
  /** The API destination of events without an envelope, when the function has one. */
  readonly apiDestination: string | undefined;
}

/** How long a group waits when an event could not be settled, for example because the dead-letter queue does not answer. */
const unsettledSeconds = 60;

/** A wait below a second would end before the invocation has returned the message. */
const shortestWaitSeconds = 1;

/**
 * Delivers a batch of the ordered queue: the messages of a group one after another, and the groups side by side. An event that was
 * delivered or has gone to the dead letters lets its group go on. An event that must wait holds the later ones of its group.
 *
 * Failure policy: the message of a waiting event stays in the queue, because a new message would go to the end of its group. It and
 * the later ones of its group get the same visibility timeout, and are returned. SQS gives out no message of a group while one of
 * them is hidden, so none overtakes another, even if this call fails: the group then waits for the visibility timeout of the queue.
 *
 * Failure policy: a worker that was frozen until after its deadline hides nothing, because another worker may have the messages, and
 * their group would be given out while that one still sends.
 *
 * Failure policy: the attempts of a waiting event are saved in the table. If that fails, the event waits all the same, and its last
 * attempt is not counted. If they cannot be read, the event is not attempted and waits again, until it is too old for every policy.
 *
 * Failure policy: settled messages are deleted while later ones are under way, but nothing waits for the deletion. After a crash, the
 * endpoint may get an event again, also after later ones of its group. The first arrivals are in order.
 */
export function createOrderedDeliverer(dependencies: OrderedDelivererDependencies): DeliverMessages {
  const { received, held, clock } = dependencies;
  return async (messages, deadline) => {
    let isUnderWay = true;

    /** @returns the ids of the messages that are not settled */
    async function deliverGroup(group: readonly RecordMessage[]): Promise<readonly string[]> {
      for (const [index, message] of group.entries()) {
        const waitSeconds = await deliverMessage(dependencies, message, deadline);
        if (waitSeconds === undefined) {
          received.remove(message.receiptHandle, () => isUnderWay).catch(() => undefined);
          continue;
        }
        const waiting = group.slice(index);
        const handles = waiting.map(({ receiptHandle }) => receiptHandle);
        if (clock.nowMs() < deadline.endMs) await held.hide(handles, waitSeconds).catch(() => undefined);
        return waiting.map(({ messageId }) => messageId);
      }
      return [];
    }

    const groups = Map.groupBy(messages, ({ raw }) => raw.group ?? '');
    const unsettled = await Promise.all([...groups.values()].map(deliverGroup));
    // At the end of the invocation, Lambda deletes all messages that are not returned.
    isUnderWay = false;
    await received.removeNow();
    return unsettled.flat();
  };
}

/** @returns how long the group must wait, in seconds; undefined when the message is settled */
async function deliverMessage(
  dependencies: OrderedDelivererDependencies,
  record: RecordMessage,
  deadline: Deadline,
): Promise<number | undefined> {
  const { deliver, progressStore, clock } = dependencies;
  const { messageId, receiveCount } = record;
  // A worker that was frozen may continue when another one already has the messages.
  if (!hasTime(deadline, 0, clock.nowMs())) return 0;
  const { progress, failure } = await storedProgress(progressStore, record);
  const marked = failure === undefined ? beforeAttempt(receiveCount, progress) : undefined;
  const refusal = marked === 'refuse' ? receivedTooOften(receiveCount) : undefined;
  if (marked !== undefined && marked !== 'refuse') await progressStore.save(messageId, marked).catch(() => undefined);
  const settledBefore = progress?.settledEvents ?? 0;
  for (const [index, event] of eventsIn(dependencies, record).entries()) {
    if (index < settledBefore) continue;
    let waitSeconds = unsettledSeconds;
    let isWaiting = false;
    const wait = async (waiting: WaitingDelivery) => {
      isWaiting = true;
      waitSeconds = waitSecondsOf(waiting, clock.nowMs());
      if (failure !== undefined) return;
      const reached = progressOf(waiting, { receiveCount, settledEvents: index });
      await progressStore.save(messageId, reached).catch(() => undefined);
    };
    const parse = () => inItsGroup(record, event.parse(), index === settledBefore ? progress : undefined);
    const { settlement } = await deliver(
      { ...event, parse, inOrder: { wait, failure }, ...(refusal !== undefined && { refusal }) },
      deadline,
    );
    if (settlement.kind === 'returned') return waitSeconds;
    if (settlement.kind !== 'deferred') continue;
    // Otherwise a message that waits for a newer version for long would look like one that crashes its workers.
    if (!isWaiting && marked !== undefined)
      await progressStore.save(messageId, leftToNewerVersion(progress, receiveCount)).catch(() => undefined);
    return waitSeconds;
  }
  return undefined;
}

/** Most messages are received once, and have no progress that could be read. */
async function storedProgress(
  progressStore: ProgressStore,
  { messageId, receiveCount }: RecordMessage,
): Promise<{ readonly progress?: OrderedProgress | undefined; readonly failure?: Failure }> {
  if (receiveCount === 1) return {};
  try {
    return { progress: await progressStore.read(messageId) };
  } catch (error) {
    if (error instanceof Failure) return { failure: error };
    const text = 'The progress of the event in the table cannot be read.';
    return { failure: new Failure('StoreUnavailable', text, { cause: error }) };
  }
}

/** The events in a message: those of an array, or one. */
function eventsIn(
  { rawMessages, apiDestination, clock }: OrderedDelivererDependencies,
  record: RecordMessage,
): readonly ReceivedEvent[] {
  const { message, raw, sentAtMs } = record;
  const whole: ReceivedEvent = {
    parse: () => parseQueueMessage(message, { apiDestination, nowMs: sentAtMs }),
    body: () => bodyOf(message),
    unread: () => unreadDetails(message),
    keep: (failure) => rawMessages.sendToDeadLetters(raw, failure),
    async settleNewer(failure) {
      const nowMs = clock.nowMs();
      // The group waits for a worker of the newer version. Only the queue's own time says how old such a message is.
      if (nowMs - sentAtMs <= longestEventAgeMs)
        return { kind: 'deferred', notBeforeMs: nowMs + unsettledSeconds * 1000 };
      await rawMessages.sendToDeadLetters(raw, failure);
      return { kind: 'dead-lettered' };
    },
  };
  if (!mayHoldSeveral(message)) return [whole];
  return elementsInMessage(record, whole, { apiDestination, rawMessages }) ?? [whole];
}

function inItsGroup(
  { raw: { group } }: RecordMessage,
  queued: ReturnType<ReceivedEvent['parse']>,
  progress: OrderedProgress | undefined,
): ReturnType<ReceivedEvent['parse']> {
  const { delivery, ...wait } = withProgress(queued, progress);
  return { delivery: group === undefined ? delivery : { ...delivery, orderedGroup: group }, ...wait };
}

/** As in the delivery queue, a delivery that waits for the rate comes back each minute. */
function waitSecondsOf(waiting: WaitingDelivery, nowMs: number): number {
  const mayReturnEarly = waiting.turnGeneration !== undefined && waiting.isUnhealthy !== true;
  const longestSeconds = mayReturnEarly ? longestTurnDelaySeconds : longestDelaySeconds;
  return Math.max(shortestWaitSeconds, delaySecondsOf(waiting, nowMs, longestSeconds));
}
