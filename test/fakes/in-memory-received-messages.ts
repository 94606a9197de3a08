import type { ReceivedMessages } from '../../lib/ports/delivery.ts';

export interface InMemoryReceivedMessages extends ReceivedMessages {
  /** Receipt handles of the messages that were deleted, in that order. */
  readonly removed: readonly string[];
  /** What every call throws from now on. */
  failWith(error: unknown): void;
  recover(): void;
}

export function createInMemoryReceivedMessages(): InMemoryReceivedMessages {
  const removed: string[] = [];
  let failure: { readonly error: unknown } | undefined;
  return {
    removed,
    async remove(receiptHandle, isWanted = () => true) {
      // The others of its moment settle first.
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
