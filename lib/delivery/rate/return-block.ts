/**
 * A block is given up at this age. That is much longer than a block is meant to last, and short enough to learn soon that a
 * backlog is gone.
 */
const longestAgeUs = 10_000_000;

/**
 * Return times that a worker has taken for events yet to come.
 *
 * Failure policy: return times that are not used in time are lost. No delivery waits longer than it was told.
 */
export class ReturnBlock {
  readonly generation: number;
  readonly #timesUs: readonly number[];
  readonly #takenAtUs: number;
  #next = 0;

  constructor(timesUs: readonly number[], generation: number, takenAtUs: number) {
    this.#timesUs = timesUs;
    this.generation = generation;
    this.#takenAtUs = takenAtUs;
  }

  /** Takes up to `count` times that have not passed; fewer when the block ends. */
  take(count: number, nowUs: number): readonly number[] {
    const ageUs = nowUs - this.#takenAtUs;
    if (ageUs < 0 || ageUs > longestAgeUs) return [];
    while ((this.#timesUs[this.#next] ?? Number.POSITIVE_INFINITY) <= nowUs) this.#next += 1;
    const taken = this.#timesUs.slice(this.#next, this.#next + count);
    this.#next += taken.length;
    return taken;
  }
}

/** With fewer calls in that time, most of a block would stay unused. */
const fewestCalls = 6;
const fewestCallsWithinMs = 2000;

/** While the table takes no more writes, an unused block is better than a write for each call. */
const fewestScarceCalls = 3;

/** A count over a shorter time says little about the next events. */
const shortestCountMs = 250;

/** A block lasts this long. A shorter one costs more writes; a longer one loses more when a flood ends. */
const blockMs = 1250;

/** How many newcomers a worker has seen: in this second and in the one before. */
export class EventCounter {
  readonly #latestCallsMs: number[] = [];
  #beganMs = 0;
  #current = 0;
  #previous = 0;

  add(events: number, nowMs: number): void {
    const passedMs = nowMs - this.#beganMs;
    if (passedMs < 0 || passedMs >= 1000) {
      const isNextSecond = passedMs >= 1000 && passedMs < 2000;
      this.#previous = isNextSecond ? this.#current : 0;
      this.#beganMs = isNextSecond ? this.#beganMs + 1000 : nowMs;
      this.#current = 0;
    }
    this.#current += events;
    this.#latestCallsMs.push(nowMs);
    // Stryker disable next-line all: it bounds the memory alone, because the latest calls are counted from the end.
    if (this.#latestCallsMs.length > fewestCalls) this.#latestCallsMs.shift();
  }

  /**
   * How many return times a block has: as many as events are expected while it lasts, judged by those of the last second; 0 when there were
   * too few calls to judge by. A block has at most one second of the rate, because return times that stay unused leave a gap.
   */
  blockCount(nowMs: number, ratePerSecond: number, areWritesScarce: boolean): number {
    const eldestMs = this.#latestCallsMs.at(-(areWritesScarce ? fewestScarceCalls : fewestCalls));
    if (eldestMs === undefined) return 0;
    if (Math.abs(nowMs - eldestMs) > fewestCallsWithinMs) return 0;
    const weight = 1 - Math.min(1000, Math.max(0, nowMs - this.#beganMs)) / 1000;
    const counted = this.#current + this.#previous * weight;
    const countedMs = this.#previous > 0 ? 1000 : Math.min(1000, Math.max(shortestCountMs, nowMs - this.#beganMs));
    return Math.min(ratePerSecond, Math.ceil((counted * blockMs) / countedMs));
  }
}
