import type { DeadLetter } from '../../lib/core/dead-letter-message.ts';
import type { DeadLetterQueue } from '../../lib/ports.ts';

export interface InMemoryDeadLetters extends DeadLetterQueue {
  readonly letters: readonly DeadLetter[];
  /** What the next sends throw. */
  failWith(error: unknown): void;
}

export function createInMemoryDeadLetters(): InMemoryDeadLetters {
  const letters: DeadLetter[] = [];
  let failure: { readonly error: unknown } | undefined;
  return {
    letters,
    async send(deadLetter) {
      if (failure !== undefined) throw failure.error;
      letters.push(deadLetter);
    },
    failWith(error) {
      failure = { error };
    },
  };
}
