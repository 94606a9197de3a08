/** Weight of the newest duration. Nine tenths of the mean come from the last 22 durations. */
const weight = 0.1;

/** Some durations, each weighed by its age. */
export interface Durations {
  readonly weighedUs: number;
  readonly count: number;
}

const noDurations: Durations = { weighedUs: 0, count: 0 };

/** The part of an older mean that is left after this many newer durations. */
const partLeft = (count: number) => (1 - weight) ** count;

/**
 * Collects the durations of one worker's requests until its next write of the bucket, which stores the new mean. The newest
 * durations weigh most, because a worker may send many requests before it writes.
 */
export class AnswerTimes {
  #collected = noDurations;

  /** The durations that no write has stored yet. */
  get collected(): Durations {
    return this.#collected;
  }

  add(tookUs: number): void {
    const { weighedUs, count } = this.#collected;
    this.#collected = { weighedUs: weighedUs * (1 - weight) + tookUs * weight, count: count + 1 };
  }

  /**
   * The mean of the fleet, updated with the durations that this worker has collected.
   *
   * @param meanUs the mean in the bucket; 0 when none is known
   * @returns a whole number; undefined when this worker has collected no duration
   */
  next(meanUs: number): number | undefined {
    const { weighedUs, count } = this.#collected;
    if (count === 0) return undefined;
    const left = partLeft(count);
    return Math.max(1, Math.round(meanUs === 0 ? weighedUs / (1 - left) : meanUs * left + weighedUs));
  }

  /** Call this when a write has stored a mean with these durations. Durations that were added since are kept. */
  remove({ weighedUs, count }: Durations): void {
    const newer = this.#collected.count - count;
    this.#collected =
      newer === 0 ? noDurations : { weighedUs: this.#collected.weighedUs - weighedUs * partLeft(newer), count: newer };
  }
}
