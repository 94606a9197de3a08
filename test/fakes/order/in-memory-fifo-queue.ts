import type { RecordMessage } from '../../../lib/core/message/sqs-event.ts';
import type { ReceivedMessages } from '../../../lib/ports/delivery.ts';
import type { HeldMessages } from '../../../lib/ports/order.ts';

interface Stored {
  readonly message: RecordMessage;
  receiveCount: number;
  visibleAtMs: number;
}

export interface InMemoryFifoQueue {
  /** At most ten messages. While a message of a group is hidden, no message of this group comes. */
  receive(nowMs: number, visibilityTimeoutMs: number): readonly RecordMessage[];
  /** Deletes messages, as Lambda does with those that a function does not return. */
  delete(messageIds: readonly string[]): void;
  /** When `receive` next gives out a message; undefined when the queue is empty. */
  nextReceiveAtMs(): number | undefined;
  /** The calls of one worker. `isAlive` returns false when the worker has died: then they never end, and have no effect. */
  callsOf(isAlive: () => boolean, nowMs: () => number): ReceivedMessages & HeldMessages;
}

/** A FIFO queue of SQS. A message id is also the receipt handle. */
export function createInMemoryFifoQueue(messages: readonly RecordMessage[]): InMemoryFifoQueue {
  const stored = messages.map((message): Stored => ({ message, receiveCount: 0, visibleAtMs: 0 }));
  const groupOf = ({ message }: Stored) => message.raw.group ?? '';

  function remove(messageId: string): void {
    const index = stored.findIndex(({ message }) => message.messageId === messageId);
    if (index >= 0) stored.splice(index, 1);
  }

  return {
    receive(nowMs, visibilityTimeoutMs) {
      const locked = new Set(stored.filter(({ visibleAtMs }) => visibleAtMs > nowMs).map(groupOf));
      const taken = stored.filter((each) => !locked.has(groupOf(each))).slice(0, 10);
      return taken.map((each) => {
        each.receiveCount += 1;
        each.visibleAtMs = nowMs + visibilityTimeoutMs;
        const { messageId } = each.message;
        return { ...each.message, receiptHandle: messageId, receiveCount: each.receiveCount };
      });
    },
    delete: (messageIds) => messageIds.forEach(remove),
    nextReceiveAtMs() {
      const free = [...Map.groupBy(stored, groupOf).values()].map((group) =>
        Math.max(...group.map(({ visibleAtMs }) => visibleAtMs)),
      );
      return free.length === 0 ? undefined : Math.min(...free);
    },
    callsOf(isAlive, nowMs) {
      const perform = async (work: () => void) => {
        if (!isAlive()) await new Promise<never>(() => undefined);
        work();
      };
      return {
        remove: (receiptHandle, isWanted = () => true) =>
          perform(() => {
            if (isWanted()) remove(receiptHandle);
          }),
        removeNow: () => perform(() => undefined),
        hide: (receiptHandles, seconds) =>
          perform(() => {
            for (const each of stored) {
              if (receiptHandles.includes(each.message.messageId)) each.visibleAtMs = nowMs() + seconds * 1000;
            }
          }),
      };
    },
  };
}
