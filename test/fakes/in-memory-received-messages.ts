import type { ReceivedMessages } from '../../lib/ports/delivery.ts';

export interface InMemoryReceivedMessages extends ReceivedMessages {
  /** The receipt handles of the deleted messages, in the order of deletion. */
  readonly removed: readonly string[];
  /** Makes every later call throw this error. */
  failWith(error: unknown): void;
  recover(): void;
}

export function createInMemoryReceivedMessages(): InMemoryReceivedMessages {
  const removed: string[] = [];
  let failure: { readonly error: unknown } | undefined;
  return {
    removed,
    async remove(receiptHandle, isWanted = () => true) {
      // Lets the other messages that settle at this moment settle first.
      await Promise.resolve();
      if (!isWanted()) return;
      if (failure !== undefined) throw failure.error;
      if (!removed.includes(receiptHandle)) removed.push(receiptHandle);
    },
    failWith(error) {
      failure = { error };
    },
    recover() {
      failure = undefined;
    },
  };
}
