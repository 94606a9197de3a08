/** Weight of the newest duration. Nine tenths of the mean come from the last 22 durations. */
const weight = 0.1;

/** Some durations, added up. */
export interface Durations {
  readonly sumUs: number;
  readonly count: number;
}

const noDurations: Durations = { sumUs: 0, count: 0 };

/** Collects the durations of one worker's requests until its next write of the bucket, which stores the new mean. */
export class AnswerTimes {
  #collected = noDurations;

  /** The durations that no write has stored yet. */
  get collected(): Durations {
    return this.#collected;
  }

  add(tookUs: number): void {
    const { sumUs, count } = this.#collected;
    this.#collected = { sumUs: sumUs + tookUs, count: count + 1 };
  }

  /**
   * The mean of the fleet, updated with the durations that this worker has collected.
   *
   * @param meanUs the mean in the bucket; 0 when none is known
   * @returns a whole number; undefined when this worker has collected no duration
   */
  next(meanUs: number): number | undefined {
    const { sumUs, count } = this.#collected;
    if (count === 0) return undefined;
    const part = meanUs === 0 ? 1 : 1 - (1 - weight) ** count;
    return Math.max(1, Math.round(meanUs + (sumUs / count - meanUs) * part));
  }

  /** Call this when a write has stored a mean with these durations. Durations that were added since are kept. */
  remove({ sumUs, count }: Durations): void {
    const collected = this.#collected;
    this.#collected = { sumUs: collected.sumUs - sumUs, count: collected.count - count };
  }
}
