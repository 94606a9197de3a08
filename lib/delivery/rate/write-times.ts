/** The assumed duration of a write in the same region, until a write has been measured. */
const usualWriteMs = 5;

/** A single slow write counts as this long at most. A longer time counts only if the write before it took as long. */
const longestExceptionMs = 50;

/** If more than this part of the latest writes has failed, for example the last two, the table probably throttles writes. */
const scarceFailures = 0.25;

/** Weight of the newest write in the average that tells which part of the writes has failed. */
const failureWeight = 0.2;

/** How long a worker's writes of a bucket take, and how many of them fail. */
export class WriteTimes {
  #usualMs = usualWriteMs;
  #lastMs = usualWriteMs;
  #failedPart = 0;

  get usualMs(): number {
    return this.#usualMs;
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
