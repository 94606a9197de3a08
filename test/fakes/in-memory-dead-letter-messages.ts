import type { QueueMessage } from '../../lib/core/message/queue-message.ts';
import type { ReceivedMessage } from '../../lib/core/message/sqs-event.ts';
import type { Clock } from '../../lib/ports/clock.ts';
import type { DeadLetterMessages } from '../../lib/ports/delivery.ts';

interface Lying {
  readonly messageId: string;
  readonly message: QueueMessage;
  readonly sentAtMs: number;
  receiptHandle: string;
  receiveCount: number;
  hiddenUntilMs: number;
}

export interface InMemoryDeadLetterMessages extends DeadLetterMessages {
  /** @returns the id of the message */
  put(message: QueueMessage): string;
  /** The ids of all messages, hidden ones included. */
  readonly present: readonly string[];
  /** The ids of the visible messages. */
  readonly visible: readonly string[];
  /** Makes a hidden or deleted message visible once more, as SQS may. */
  repeat(messageId: string): void;
}

export function createInMemoryDeadLetterMessages(clock: Pick<Clock, 'nowMs'>): InMemoryDeadLetterMessages {
  const all: Lying[] = [];
  let lying: Lying[] = [];
  const ids = (messages: readonly Lying[]) => messages.map(({ messageId }) => messageId);
  const isVisible = ({ hiddenUntilMs }: Lying) => hiddenUntilMs <= clock.nowMs();
  return {
    put(message) {
      const messageId = `message-${all.length + 1}`;
      const unread = { receiptHandle: '', receiveCount: 0, hiddenUntilMs: 0 };
      const put = { messageId, message, sentAtMs: clock.nowMs(), ...unread };
      all.push(put);
      lying.push(put);
      return messageId;
    },
    async receive(hiddenForMs) {
      const shown = lying.filter(isVisible).slice(0, 10);
      for (const each of shown) {
        each.receiveCount += 1;
        each.receiptHandle = `${each.messageId}/${each.receiveCount}`;
        each.hiddenUntilMs = clock.nowMs() + hiddenForMs;
      }
      return shown.map(({ hiddenUntilMs: _hiddenUntilMs, ...received }): ReceivedMessage => received);
    },
    async remove(receiptHandles) {
      lying = lying.filter(({ receiptHandle }) => !receiptHandles.includes(receiptHandle));
    },
    async release(receiptHandles) {
      for (const each of lying) if (receiptHandles.includes(each.receiptHandle)) each.hiddenUntilMs = 0;
    },
    get present() {
      return ids(lying);
    },
    get visible() {
      return ids(lying.filter(isVisible));
    },
    repeat(messageId) {
      const found = all.find((each) => each.messageId === messageId);
      if (found === undefined) throw new Error(`There has been no message ${messageId}.`);
      found.hiddenUntilMs = 0;
      if (!lying.includes(found)) lying.push(found);
    },
  };
}
