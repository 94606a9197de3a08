/** The largest part of the time for which the event loop may be occupied. */
const largestOccupiedPart = 0.5;

/** After this time, work is allowed even if the event loop is always occupied. */
const longestWaitMs = 1000;

/** A measurement of the event loop, as `performance.eventLoopUtilization` makes it. Times in ms. */
export interface EventLoopTimes {
  readonly idle: number;
  readonly active: number;
}

/**
 * Limits work that is not urgent to the time that the process has to spare. After each piece of this work, the event loop must
 * be idle for as long as it was occupied, with any work, before the next piece may begin.
 */
export class SpareTime {
  readonly #measure: () => EventLoopTimes;
  #since: EventLoopTimes;

  constructor(measure: () => EventLoopTimes = () => performance.eventLoopUtilization()) {
    this.#measure = measure;
    this.#since = measure();
  }

  /** Call this when a piece of work begins. */
  noteBeginning(): void {
    this.#since = this.#measure();
  }

  get isEnough(): boolean {
    const { idle, active } = this.#measure();
    const activeMs = active - this.#since.active;
    const wholeMs = activeMs + idle - this.#since.idle;
    return activeMs <= largestOccupiedPart * wholeMs || wholeMs >= longestWaitMs;
  }
}
