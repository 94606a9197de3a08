import type { DeadLetter } from '../../lib/core/message/dead-letter-message.ts';
import { formatDeadLetter } from '../../lib/core/message/dead-letter-message.ts';
import type { DeadLetterQueue } from '../../lib/ports/delivery.ts';

export interface InMemoryDeadLetters extends DeadLetterQueue {
  /** All of them, in whichever queue. */
  readonly letters: readonly DeadLetter[];
  /** Those in the queue of that ARN; without one, in the stack's own. */
  lettersIn(queueArn?: string): readonly DeadLetter[];
  /** What every send throws from now on. */
  failWith(error: unknown): void;
  recover(): void;
}

/** @param targetQueueArns queues beside the stack's own that there are */
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
