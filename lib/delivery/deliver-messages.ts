import type { Conclusion } from '../core/delivery/delivery.ts';
import { Failure } from '../core/failure/failure.ts';
import type { QueueMessage } from '../core/message/queue-message.ts';
import { bodyText, mayHoldSeveral } from '../core/message/queue-message.ts';
import {
  delaySecondsOf,
  longestDelaySeconds,
  maximumReceives,
  parseQueueMessage,
  unreadDetails,
} from '../core/message/queued-delivery.ts';
import type { RecordMessage } from '../core/message/sqs-event.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { RawMessages, ReceivedMessages } from '../ports/delivery.ts';
import type { Deadline } from './deadline.ts';
import type { SlotHorizon } from './rate/slot-horizon.ts';
import type { Deliver, ReceivedEvent } from './deliver.ts';

export interface MessageDelivererDependencies {
  readonly deliver: Deliver;
  readonly received: ReceivedMessages;
  readonly rawMessages: RawMessages;
  readonly clock: Clock;
  readonly random: Random;
  readonly horizon: Pick<SlotHorizon, 'messageCame'>;
  /** The API destination of events without an envelope, when the function has one. */
  readonly apiDestination: string | undefined;
}

/**
 * Delivers the messages of one invocation, at most ten.
 *
 * @returns the ids of the messages that are not settled and must be received again
 */
export type DeliverMessages = (messages: readonly RecordMessage[], deadline: Deadline) => Promise<readonly string[]>;

/**
 * Delivers messages of the delivery queue. Those that are received for the first time are delivered side by side.
 *
 * Failure policy: a message that was received before may have crashed its last worker. So such messages are processed one at a
 * time, in random order, after the others have been processed. When only one more receive is allowed, such a message goes to
 * the dead letters without another attempt. A settled message is deleted while others are still unsettled, so that a crash does not
 * repeat it. New messages that settle soon after each other are deleted together, but always before a message that may crash the
 * worker. If a deletion fails, the message is deleted when the invocation ends.
 *
 * A message that holds an array counts as settled when each of its events has settled (`deliverTogether`).
 */
export function createMessageDeliverer(dependencies: MessageDelivererDependencies): DeliverMessages {
  const { deliver, received, rawMessages, clock, random, horizon, apiDestination } = dependencies;

  function receivedEventOf(record: RecordMessage): ReceivedEvent {
    const { message, receiveCount, sentAtMs } = record;
    const parse = () => {
      const queued = parseQueueMessage(message, { apiDestination, nowMs: sentAtMs });
      const delayMs = delaySecondsOf(queued, sentAtMs, longestDelaySeconds) * 1000;
      if (receiveCount === 1) horizon.messageCame(sentAtMs + delayMs);
      return queued;
    };
    const body = () => bodyOf(message);
    const event = {
      parse,
      body,
      unread: () => unreadDetails(message),
      keep: (failure: Failure) => rawMessages.sendToDeadLetters(record.raw, failure),
      async settleNewer(failure: Failure) {
        const { createNewerSettler } = await import('./settle-newer.ts');
        return createNewerSettler(rawMessages, clock)(record, failure);
      },
      arrival: { id: record.messageId, position: 0 },
    };
    if (receiveCount < maximumReceives - 1) return event;
    return { ...event, refusal: receivedTooOften(receiveCount) };
  }

  return async (messages, deadline) => {
    async function deliverElements(record: RecordMessage): Promise<boolean> {
      const { elementsInMessage, deliverTogether } = await import('./deliver-elements.ts');
      const whole = receivedEventOf(record);
      const elements = elementsInMessage(record, whole, { apiDestination, rawMessages });
      if (elements === undefined) return isSettledBy(await deliver(whole, deadline));
      const conclusions = await deliverTogether(elements, deliver, deadline, 1);
      return conclusions.every(isSettledBy);
    }

    const unsettled = new Map(messages.map((message) => [message.messageId, message]));
    // At the end of the invocation, Lambda deletes all messages that are not returned.
    let isUnderWay = true;
    const othersWork = () => isUnderWay && unsettled.size > 0;
    let removals = 0;
    const removeSettled = () => (removals === 0 ? undefined : received.removeNow());

    async function process(message: RecordMessage): Promise<void> {
      const isSettled = mayHoldSeveral(message.message)
        ? await deliverElements(message)
        : isSettledBy(await deliver(receivedEventOf(message), deadline));
      if (!isSettled) return;
      unsettled.delete(message.messageId);
      if (!othersWork()) return;
      removals += 1;
      received.remove(message.receiptHandle, othersWork).catch(() => undefined);
    }

    await Promise.all(messages.filter(({ receiveCount }) => receiveCount === 1).map(process));
    const again = messages.filter(({ receiveCount }) => receiveCount > 1);
    for (const message of shuffled(again, random)) {
      await removeSettled();
      await process(message);
    }
    isUnderWay = false;
    await removeSettled();
    return [...unsettled.keys()];
  };
}

function isSettledBy({ settlement }: Conclusion): boolean {
  return settlement.kind !== 'returned';
}

export function receivedTooOften(receiveCount: number): Failure {
  const reason = `The message was received ${receiveCount} times, and no worker finished it.`;
  return new Failure('ReceivedTooOften', reason);
}

/** The uncompressed body. If it cannot be read or is empty, the body as it was received, because SQS accepts no empty body. */
export function bodyOf(message: QueueMessage): string {
  try {
    return bodyText(message) || message.body;
  } catch {
    return message.body;
  }
}

function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item);
}
