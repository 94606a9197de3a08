/**
 * A block older than this is given up, and the worker asks the bucket whether there is still a backlog. Normally a block is
 * used up much earlier.
 */
const longestAgeUs = 10_000_000;

/**
 * Return times that a worker has taken in advance, for events that it expects.
 *
 * Failure policy: return times that are not used in time are lost. This costs a part of the rate, but no event.
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

/** A worker with fewer calls in this time takes no block, because most of it would stay unused. */
const fewestCalls = 6;
const fewestCallsWithinMs = 2000;

/** Replaces `fewestCalls` while the table throttles writes. A partly unused block is then better than a write for each call. */
const fewestScarceCalls = 3;

/** Events are counted over at least this time. A shorter count is a poor forecast. */
const shortestCountMs = 250;

/**
 * In the first second of a flood, a block is not larger than this, two batches. Many workers may receive a backlog within a
 * second, and would then leave most of their blocks unused. While the table throttles writes, unused return times are better
 * than more writes.
 */
const largestFirstBlock = 20;

/** A block lasts this long. A shorter one costs more writes; a longer one wastes more return times when a flood ends. */
const blockMs = 1250;

/** Counts the newcomers that a worker has seen in the current second and in the second before. */
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
    // Stryker disable next-line all: this only limits the memory, because `blockCount` reads from the end of the list.
    if (this.#latestCallsMs.length > fewestCalls) this.#latestCallsMs.shift();
  }

  /**
   * The size of a new block: the number of events that are expected while it lasts, judged by the last second; 0 after too
   * few calls. A block holds at most one second of the rate, because unused return times leave a gap.
   */
  blockCount(nowMs: number, ratePerSecond: number, areWritesScarce: boolean): number {
    const eldestMs = this.#latestCallsMs.at(-(areWritesScarce ? fewestScarceCalls : fewestCalls));
    if (eldestMs === undefined) return 0;
    if (Math.abs(nowMs - eldestMs) > fewestCallsWithinMs) return 0;
    const weight = 1 - Math.min(1000, Math.max(0, nowMs - this.#beganMs)) / 1000;
    const counted = this.#current + this.#previous * weight;
    const countedMs = this.#previous > 0 ? 1000 : Math.min(1000, Math.max(shortestCountMs, nowMs - this.#beganMs));
    const isFirstSecond = this.#previous === 0 && !areWritesScarce;
    const largest = isFirstSecond ? Math.min(ratePerSecond, largestFirstBlock) : ratePerSecond;
    return Math.min(Math.ceil(largest), Math.ceil((counted * blockMs) / countedMs));
  }
}
