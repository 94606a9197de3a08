import type { Clock } from '../../ports/clock.ts';

export interface Pace {
  batches<Item>(items: readonly Item[]): readonly (readonly Item[])[];
  /** Waits until this many messages may be sent. Resolves to false when the deadline comes first. */
  wait(count: number): Promise<boolean>;
}

/** The most messages that SQS accepts in one call. */
const maxBatchSize = 10;

/**
 * Limits messages to a rate, in batches of at most a tenth of what one second allows. So no second has more messages than the
 * rate plus one batch. There is a wait before each batch, even before the first, so that several calls in a row keep the rate
 * too.
 *
 * @param ratePerSecond undefined means no limit
 */
export function createPace(ratePerSecond: number | undefined, clock: Clock, signal: AbortSignal): Pace {
  const tenth = Math.floor((ratePerSecond ?? Number.POSITIVE_INFINITY) / 10);
  const batchSize = Math.min(maxBatchSize, Math.max(1, tenth));
  let nextMs = clock.nowMs();
  return {
    batches: (items) => inBatches(items, batchSize),
    async wait(count) {
      if (ratePerSecond === undefined) return !signal.aborted;
      nextMs = Math.max(nextMs, clock.nowMs()) + (count * 1000) / ratePerSecond;
      return clock.delay(nextMs - clock.nowMs(), signal).then(
        () => true,
        () => false,
      );
    },
  };
}

export function inBatches<Item>(items: readonly Item[], size = maxBatchSize): readonly (readonly Item[])[] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
