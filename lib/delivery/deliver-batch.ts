import type { Conclusion, Settlement } from '../core/delivery/delivery.ts';
import { Failure } from '../core/failure/failure.ts';
import { jsonText } from '../core/input/json-text.ts';
import type { JsonValue } from '../core/input/json.ts';
import { fateOfNewer } from '../core/message/newer-version.ts';
import { parseDelivery } from '../core/message/parse-delivery.ts';
import type { QueueMessage } from '../core/message/queue-message.ts';
import { bodyText } from '../core/message/queue-message.ts';
import { maximumReceives, parseQueueMessage, unreadDetails } from '../core/message/queued-delivery.ts';
import type { RecordMessage } from '../core/message/sqs-event.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { RawMessages, ReceivedMessages } from '../ports/delivery.ts';
import type { Deadline } from './deadline.ts';
import type { Deliver, Incoming } from './deliver.ts';

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
      keep: (failure: Failure) => rawMessages.sendToDeadLetters(record.raw, failure),
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

/** Settles a message that only a newer worker can read, without an attempt. Rejects when the write that settles it fails. */
export type PassOn = (message: RecordMessage, failure: Failure) => Promise<Settlement>;

/**
 * Failure policy: rather twice than never. A message whose write fails, also after it worked, is returned, and received again
 * by whoever comes next.
 */
function createPassOn(rawMessages: RawMessages, clock: Clock): PassOn {
  return async ({ message, raw }, failure) => {
    const nowMs = clock.nowMs();
    switch (fateOfNewer(message, nowMs)) {
      case 'send back':
        return { kind: 'deferred', notBeforeMs: nowMs + (await rawMessages.sendBack(raw)) };
      case 'dead-letter':
        await rawMessages.sendToDeadLetters(raw, failure);
        return { kind: 'dead-lettered' };
      case 'return':
        return { kind: 'returned', error: failure };
    }
  };
}

export interface InputDelivererDependencies {
  readonly deliver: Deliver;
  readonly clock: Clock;
  /** The API destination of every event, when the function has one; envelopes are then refused. */
  readonly apiDestination: string | undefined;
}

/** Delivers a rule target's input as it came. */
export type DeliverInput = (input: unknown, deadline: Deadline) => Promise<Conclusion>;

export function createDeliverInput({ deliver, clock, apiDestination }: InputDelivererDependencies): DeliverInput {
  return (input, deadline) => {
    const parse = () => ({ delivery: parseDelivery(input, { apiDestination, nowMs: clock.nowMs() }) });
    return deliver({ parse, body: () => jsonText((input ?? null) as JsonValue) }, deadline);
  };
}
