/** Weight of the newest duration. Nine tenths of the mean come from the last 22 durations. */
const weight = 0.1;

/** Collects the durations of one worker's requests until its next write of the bucket, which stores the new mean. */
export class AnswerTimes {
  #sumUs = 0;
  #count = 0;

  add(tookUs: number): void {
    this.#sumUs += tookUs;
    this.#count += 1;
  }

  /**
   * The mean of the fleet, updated with the durations that this worker has collected.
   *
   * @param meanUs the mean in the bucket; 0 when none is known
   * @returns a whole number; undefined when this worker has collected no duration
   */
  next(meanUs: number): number | undefined {
    if (this.#count === 0) return undefined;
    const ownUs = this.#sumUs / this.#count;
    const part = meanUs === 0 ? 1 : 1 - (1 - weight) ** this.#count;
    return Math.max(1, Math.round(meanUs + (ownUs - meanUs) * part));
  }

  /** Call this when the mean has been written. */
  clear(): void {
    this.#sumUs = 0;
    this.#count = 0;
  }
}
