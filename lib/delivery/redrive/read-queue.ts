import type { ReceivedMessage } from '../../core/message/sqs-event.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DeadLetterMessages } from '../../ports/delivery.ts';
import type { Deadline } from '../deadline.ts';
import { hasTime } from '../deadline.ts';
import { inBatches } from './pace.ts';

/** Loops that receive, send and delete at the same time. Each call of a queue takes about 15 ms and handles ten messages. */
const laneCount = 8;

/**
 * Time to make one hidden message visible again, with a margin. One call makes ten messages visible, and `laneCount` calls run at
 * a time.
 */
const releaseMs = 0.25;

/** A message stays hidden for longer than the reading lasts, so that the reading does not receive it again. */
const hiddenMarginMs = 30_000;

/** The messages that a reading has received, each of them once, however often the queue returns it. */
export class HiddenMessages {
  readonly #handles = new Map<string, string>();
  readonly #removed = new Set<string>();

  /** Notes received messages. @returns those that were not received before */
  take(received: readonly ReceivedMessage[]): readonly ReceivedMessage[] {
    const fresh = received.filter(({ messageId }) => !this.#handles.has(messageId) && !this.#removed.has(messageId));
    for (const { messageId, receiptHandle } of received) {
      if (!this.#removed.has(messageId)) this.#handles.set(messageId, receiptHandle);
    }
    return fresh;
  }

  /** @returns the latest handle of the message, because a deletion with an older handle may have no effect */
  remove(messageId: string): string {
    const receiptHandle = this.#handles.get(messageId) ?? '';
    this.#removed.add(messageId);
    this.#handles.delete(messageId);
    return receiptHandle;
  }

  /** Handles of messages that were removed, but that the queue has returned again. */
  returned(received: readonly ReceivedMessage[]): readonly string[] {
    return received.filter(({ messageId }) => this.#removed.has(messageId)).map(({ receiptHandle }) => receiptHandle);
  }

  /** Handles of the messages that stay in the queue. */
  get handles(): readonly string[] {
    return [...this.#handles.values()];
  }

  /** Messages that stay in the queue. */
  get count(): number {
    return this.#handles.size;
  }

  get removedCount(): number {
    return this.#removed.size;
  }
}

/** Failures of a reading. They end all its loops. */
export interface ReadingState {
  readonly failures: readonly unknown[];
}

export interface QueueReading {
  readonly deadLetters: DeadLetterMessages;
  readonly clock: Clock;
  readonly deadline: Deadline;
  readonly hidden: HiddenMessages;
  /** No more messages than this are hidden at a time. */
  readonly maxHidden: number;
  /** Whether no further message is needed. */
  readonly isFull: () => boolean;
  /**
   * Handles the messages of one receive: all of them, and those that were not received before.
   *
   * @returns false when the reading must end
   */
  readonly handle: (
    received: readonly ReceivedMessage[],
    fresh: readonly ReceivedMessage[],
    state: ReadingState,
  ) => Promise<boolean>;
}

/**
 * Receives all messages of the dead-letter queue, and hides them until `releaseAll`. Never rejects.
 *
 * @returns whether it has read the whole queue, and what failed
 */
export async function readQueue(reading: QueueReading): Promise<ReadingState & { readonly isWhole: boolean }> {
  const { deadLetters, clock, deadline, hidden, maxHidden, isFull, handle } = reading;
  const failures: unknown[] = [];

  const goesOn = (): boolean =>
    failures.length === 0 &&
    !deadline.signal.aborted &&
    !isFull() &&
    hidden.count < maxHidden &&
    hasTime(deadline, hidden.count * releaseMs, clock.nowMs());

  /** @returns whether this loop has found the queue empty */
  async function lane(): Promise<boolean> {
    while (goesOn()) {
      const received = await deadLetters.receive(deadline.endMs - clock.nowMs() + hiddenMarginMs);
      const fresh = hidden.take(received);
      if (!(await handle(received, fresh, { failures }))) return false;
      if (received.length === 0) return true;
    }
    return false;
  }

  const lanes = Array.from({ length: laneCount }, () =>
    lane().catch((error: unknown) => {
      failures.push(error);
      return false;
    }),
  );
  const ends = await Promise.all(lanes);
  return { failures, isWhole: !ends.includes(false) };
}

/** Makes the hidden messages visible again. Never rejects: where this fails, SQS does it after the visibility timeout. */
export async function releaseAll(deadLetters: DeadLetterMessages, hidden: HiddenMessages): Promise<void> {
  const batches = inBatches(hidden.handles).values();
  const lane = async (): Promise<void> => {
    for (const batch of batches) await deadLetters.release(batch);
  };
  await Promise.allSettled(Array.from({ length: laneCount }, lane));
}
