import type { ReceivedMessages } from '../../lib/ports/delivery.ts';

export interface InMemoryReceivedMessages extends ReceivedMessages {
  /** The receipt handles of the deleted messages, in the order of deletion. */
  readonly removed: readonly string[];
  /** Makes every later call throw this error. */
  failWith(error: unknown): void;
  recover(): void;
}

/** @param gathers whether messages are deleted only by `removeNow` */
export function createInMemoryReceivedMessages(gathers = false): InMemoryReceivedMessages {
  let gathered = Promise.withResolvers<void>();
  const removed: string[] = [];
  let failure: { readonly error: unknown } | undefined;
  return {
    removed,
    async remove(receiptHandle, isWanted = () => true) {
      // Other messages that settle at the same time must be able to settle before this one is removed.
      await (gathers ? gathered.promise : Promise.resolve());
      if (!isWanted()) return;
      if (failure !== undefined) throw failure.error;
      if (!removed.includes(receiptHandle)) removed.push(receiptHandle);
    },
    async removeNow() {
      gathered.resolve();
      gathered = Promise.withResolvers();
      // The calls of `remove` go on first.
      await Promise.resolve();
    },
    failWith(error) {
      failure = { error };
    },
    recover() {
      failure = undefined;
    },
  };
}
