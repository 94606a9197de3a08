import { Failure } from '../core/failure.ts';
import { maximumReceives, parseQueueMessage, unreadDetails } from '../core/queued-delivery.ts';
import type { QueueMessage } from '../core/queue-message.ts';
import { bodyText } from '../core/queue-message.ts';
import type { RecordMessage } from '../core/sqs-event.ts';
import type { Clock, RawMessages, Random, ReceivedMessages } from '../ports.ts';
import type { Deadline } from './deadline.ts';
import type { Deliver, Incoming } from './deliver.ts';
import { createPassOn } from './newer-messages.ts';

export interface BatchDelivererDependencies {
  readonly deliver: Deliver;
  readonly received: ReceivedMessages;
  readonly rawMessages: RawMessages;
  readonly clock: Clock;
  readonly random: Random;
  /** The API destination of bare events, when the function has one. */
  readonly apiDestination: string | undefined;
}

/** @returns the ids of the messages that are not settled and must be received again */
export type DeliverBatch = (messages: readonly RecordMessage[], deadline: Deadline) => Promise<readonly string[]>;

/**
 * Delivers a batch of messages, those that are received for the first time side by side.
 *
 * Failure policy: a message that comes again may be what brought the last worker down, so it is processed alone, after
 * the others have settled, in an order left to chance; and before its last receive it goes to the dead letters without
 * another attempt. What has settled is deleted at once while others still work, so that a crash does not repeat it; if that
 * fails, the end of the invocation deletes it.
 */
export function createBatchDeliverer(dependencies: BatchDelivererDependencies): DeliverBatch {
  const { deliver, received, rawMessages, clock, random, apiDestination } = dependencies;
  const passOn = createPassOn(rawMessages, clock);

  function incomingOf(record: RecordMessage): Incoming {
    const { message, receiveCount, sentAtMs } = record;
    const parse = () => parseQueueMessage(message, { apiDestination, nowMs: sentAtMs });
    const body = () => bodyOf(message);
    const incoming = {
      parse,
      body,
      unread: () => unreadDetails(message),
      keep: (failure: Failure) => rawMessages.bury(record.raw, failure),
      passOn: (failure: Failure) => passOn(record, failure),
    };
    if (receiveCount < maximumReceives - 1) return incoming;
    const reason = `The message was received ${receiveCount} times and never settled.`;
    return { ...incoming, refusal: new Failure('ReceivedTooOften', reason) };
  }

  return async (messages, deadline) => {
    const unsettled = new Map(messages.map((message) => [message.messageId, message]));
    // When the last one has settled, the end of the invocation deletes them all.
    const othersWork = () => unsettled.size > 0;

    async function process(message: RecordMessage): Promise<void> {
      const { settlement } = await deliver(incomingOf(message), deadline);
      if (settlement.kind === 'returned') return;
      unsettled.delete(message.messageId);
      if (othersWork()) await received.remove(message.receiptHandle, othersWork).catch(() => undefined);
    }

    await Promise.all(messages.filter(({ receiveCount }) => receiveCount === 1).map(process));
    const again = messages.filter(({ receiveCount }) => receiveCount > 1);
    for (const message of shuffled(again, random)) await process(message);
    return [...unsettled.keys()];
  };
}

/** The body as it was before it was compressed, where that can be told and is something: SQS takes no empty body. */
function bodyOf(message: QueueMessage): string {
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
