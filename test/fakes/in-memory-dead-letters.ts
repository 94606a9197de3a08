import type { DeadLetter } from '../../lib/core/message/dead-letter-message.ts';
import { formatDeadLetter } from '../../lib/core/message/dead-letter-message.ts';
import type { DeadLetterQueue } from '../../lib/ports/delivery.ts';

export interface InMemoryDeadLetters extends DeadLetterQueue {
  /** The dead letters of all queues. */
  readonly letters: readonly DeadLetter[];
  /** The dead letters in the queue with this ARN; without an ARN, in the stack's own queue. */
  lettersIn(queueArn?: string): readonly DeadLetter[];
  /** Makes every later send throw this error. */
  failWith(error: unknown): void;
  recover(): void;
}

/** @param targetQueueArns the existing queues besides the stack's own */
export function createInMemoryDeadLetters(targetQueueArns: readonly string[] = []): InMemoryDeadLetters {
  const letters: DeadLetter[] = [];
  const queues = new Map<DeadLetter, string | undefined>();
  let failure: { readonly error: unknown } | undefined;
  return {
    letters,
    lettersIn: (queueArn) => letters.filter((letter) => queues.get(letter) === queueArn),
    async send(deadLetter) {
      formatDeadLetter(deadLetter);
      if (failure !== undefined) throw failure.error;
      const arn = deadLetter.delivery?.target.DeadLetterConfig?.Arn;
      const letter = { ...deadLetter };
      queues.set(letter, arn !== undefined && targetQueueArns.includes(arn) ? arn : undefined);
      letters.push(letter);
    },
    failWith(error) {
      failure = { error };
    },
    recover() {
      failure = undefined;
    },
  };
}
