import { createHash } from 'node:crypto';
import type { FauxqsMessage, FauxqsQueue } from './fauxqs-queue.ts';

/** For this time after a message was sent, another one with the same id is not added to the queue. Source: SQS developer guide. */
const windowMs = 300_000;

/** Of more messages in five minutes, the ids of the oldest ones are forgotten. */
const mostIds = 100_000;

interface Sent {
  readonly messageId: string;
  readonly sequenceNumber: string;
  readonly sentMs: number;
}

/**
 * Corrects how fauxqs recognizes messages that are sent twice to a FIFO queue. fauxqs forgets all ids when the process ends; here
 * the messages that are still in the queue keep theirs.
 */
export function correctDeduplication(queue: FauxqsQueue): void {
  queue.checkDeduplication = function (this: FauxqsQueue, id) {
    const sent = sentTo(this).get(id);
    if (sent === undefined || sent.sentMs <= Date.now() - windowMs) return { isDuplicate: false };
    return { isDuplicate: true, originalMessageId: sent.messageId, originalSequenceNumber: sent.sequenceNumber };
  };
  queue.recordDeduplication = function (this: FauxqsQueue, id, messageId, sequenceNumber) {
    const known = sentTo(this);
    const sentMs = Date.now();
    known.delete(id);
    known.set(id, { messageId, sequenceNumber, sentMs });
    for (const [oldest, sent] of known) {
      if (known.size <= mostIds && sent.sentMs > sentMs - windowMs) break;
      known.delete(oldest);
    }
  };
}

const sentMessages = new WeakMap<FauxqsQueue, Map<string, Sent>>();

function sentTo(queue: FauxqsQueue): Map<string, Sent> {
  const known = sentMessages.get(queue);
  if (known !== undefined) return known;
  const inFlight = [...queue.inflightMessages.values()].map(({ message }) => message);
  const stored = [...queue.fifoMessages.values(), ...queue.fifoDelayed.values(), inFlight].flat();
  const sent = new Map(
    stored
      .toSorted((one, other) => one.sentTimestamp - other.sentTimestamp)
      .map((message) => [idOf(queue, message), sentOf(message)]),
  );
  sentMessages.set(queue, sent);
  return sent;
}

function sentOf({ messageId, sequenceNumber = '', sentTimestamp }: FauxqsMessage): Sent {
  return { messageId, sequenceNumber, sentMs: sentTimestamp };
}

function idOf(queue: FauxqsQueue, { messageGroupId = '', messageDeduplicationId = '' }: FauxqsMessage): string {
  return isPerGroup(queue) ? withGroup(messageGroupId, messageDeduplicationId) : messageDeduplicationId;
}

const isPerGroup = (queue: FauxqsQueue): boolean => queue.attributes['DeduplicationScope'] === 'messageGroup';

/** Neither part can contain a space. */
const withGroup = (group: string, id: string): string => `${group} ${id}`;

export const withoutGroup = (id: string | undefined): string | undefined => id?.slice(id.indexOf(' ') + 1);

type Members = Readonly<Record<string, unknown>>;

/**
 * Adds the group to the deduplication ids of the messages that a call sends, if the ids of the queue count per group. fauxqs would
 * compare them with those of all groups. `withoutGroup` removes the group when a message is stored.
 */
export function withScopedIds(queues: { getQueue(url: string): FauxqsQueue | undefined }, input: Members): Members {
  const { QueueUrl: url, Entries: entries } = input;
  const queue = typeof url === 'string' ? queues.getQueue(url) : undefined;
  if (queue === undefined || !queue.isFifo() || !isPerGroup(queue)) return input;
  if (!Array.isArray(entries)) return withScopedId(queue, input);
  return { ...input, Entries: entries.map((entry: Members) => withScopedId(queue, entry)) };
}

function withScopedId(queue: FauxqsQueue, message: Members): Members {
  const { MessageGroupId: group, MessageDeduplicationId: given, MessageBody: body } = message;
  const id = given ?? (queue.attributes['ContentBasedDeduplication'] === 'true' ? digestOf(body) : undefined);
  if (typeof group !== 'string' || typeof id !== 'string') return message;
  return { ...message, MessageDeduplicationId: withGroup(group, id) };
}

/** Source: SQS developer guide, content-based deduplication. */
function digestOf(body: unknown): string | undefined {
  return typeof body === 'string' ? createHash('sha256').update(body).digest('hex') : undefined;
}
