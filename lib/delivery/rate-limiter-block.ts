/**
 * Longer than the second for which a block is meant, so that it is used up rather than lost; short enough to learn soon
 * that a backlog is gone.
 */
const longestAgeUs = 2_000_000;

/**
 * Return times that a worker has taken for events yet to come.
 *
 * Failure policy: what is not used in time is lost; others pass those times, and nobody waits longer than he was told.
 */
export class ReturnBlock {
  readonly generation: number;
  private readonly timesUs: readonly number[];
  private readonly takenAtUs: number;
  private next = 0;

  constructor(timesUs: readonly number[], generation: number, takenAtUs: number) {
    this.timesUs = timesUs;
    this.generation = generation;
    this.takenAtUs = takenAtUs;
  }

  /** Takes up to so many times that lie ahead still; fewer when the block ends. */
  take(count: number, nowUs: number): readonly number[] {
    const ageUs = nowUs - this.takenAtUs;
    if (ageUs < 0 || ageUs > longestAgeUs) return [];
    while ((this.timesUs[this.next] ?? Number.POSITIVE_INFINITY) <= nowUs) this.next += 1;
    const taken = this.timesUs.slice(this.next, this.next + count);
    this.next += taken.length;
    return taken;
  }
}

/** How many events a worker has seen in the last second, from the counts of this second and the one before. */
export class EventCounter {
  private beganMs = 0;
  private current = 0;
  private previous = 0;

  add(count: number, nowMs: number): void {
    const passedMs = nowMs - this.beganMs;
    if (passedMs < 0 || passedMs >= 1000) {
      const isNextSecond = passedMs >= 1000 && passedMs < 2000;
      this.previous = isNextSecond ? this.current : 0;
      this.beganMs = isNextSecond ? this.beganMs + 1000 : nowMs;
      this.current = 0;
    }
    this.current += count;
  }

  inLastSecond(nowMs: number): number {
    const passedMs = Math.min(1000, Math.max(0, nowMs - this.beganMs));
    return Math.ceil(this.current + (this.previous * (1000 - passedMs)) / 1000);
  }
}
