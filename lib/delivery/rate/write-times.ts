import type { BucketView } from '../../core/rate/view.ts';
import { isAlone } from '../../core/rate/view.ts';

/** The assumed duration of a write in the same region, until a write has been measured. */
const usualWriteMs = 5;

/** A single slow write counts as this long at most. A longer time counts only if the write before it took as long. */
const longestExceptionMs = 50;

/** If more than this part of the latest writes has failed, the table probably throttles writes. Two failures in a row are enough. */
const scarceFailures = 0.25;

/** Weight of the newest write in the average that tells which part of the writes has failed. */
const failureWeight = 0.2;

/** The first slot lies at most this part of the horizon ahead, so that there is always time for a slot before the horizon. */
const longestLeadPart = 0.9;

/** If the bucket is less likely to be busy than this, no other worker is expected to write soon. */
const rarelyBusy = 0.2;

/** How long a worker's writes of a bucket take, and how many of them fail. */
export class WriteTimes {
  #usualMs = usualWriteMs;
  #lastMs = usualWriteMs;
  #failedPart = 0;

  /**
   * How far ahead the earliest slot lies. This is the duration of one write, because the slot must not have passed when the
   * write returns. The duration of another write is added if other workers write often, and for each earlier try.
   */
  leadUs(view: BucketView, horizonMs: number, tries: number): number {
    const othersWrite = view.busyLikelihood > rarelyBusy && !isAlone(view);
    const writes = 1 + tries + (othersWrite ? 1 : 0);
    return Math.ceil(Math.min(this.#usualMs * writes, horizonMs * longestLeadPart) * 1000);
  }

  get areScarce(): boolean {
    return this.#failedPart > scarceFailures;
  }

  add(tookMs: number): void {
    const countsMs = Math.min(tookMs, Math.max(longestExceptionMs, this.#lastMs));
    this.#usualMs += (Math.max(0, countsMs) - this.#usualMs) / 5;
    this.#lastMs = tookMs;
  }

  succeeded(): void {
    this.#failedPart -= this.#failedPart * failureWeight;
  }

  failed(): void {
    this.#failedPart += (1 - this.#failedPart) * failureWeight;
  }
}
