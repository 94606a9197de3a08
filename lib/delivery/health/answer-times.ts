/** Weight of the newest time. Nine tenths of the mean come from the last 22 times. */
const weight = 0.1;

/** The times of one worker's requests since its last write of the bucket, and the mean that follows from them. */
export class AnswerTimes {
  #sumUs = 0;
  #count = 0;

  add(tookUs: number): void {
    this.#sumUs += tookUs;
    this.#count += 1;
  }

  /**
   * The mean of the fleet, with this worker's times counted in.
   *
   * @param meanUs the mean in the bucket; 0 when none is known
   * @returns a whole number; undefined when this worker has no times to add
   */
  next(meanUs: number): number | undefined {
    if (this.#count === 0) return undefined;
    const ownUs = this.#sumUs / this.#count;
    const part = meanUs === 0 ? 1 : 1 - (1 - weight) ** this.#count;
    return Math.max(1, Math.round(meanUs + (ownUs - meanUs) * part));
  }

  /** To be called when the mean has been written. */
  clear(): void {
    this.#sumUs = 0;
    this.#count = 0;
  }
}
