import { BoundedMap } from '../../core/input/bounded-map.ts';

/** The largest part of its time that a worker may spend on slow endpoints, all of them together. */
const longestPart = 1 / 4;

/** A worker that has had no slow endpoint for some time may spend this much at once, for each of its invocations. */
const mostAtOnceMs = 5000;

/** Two slow destinations occupy at most two thirds of all invocations. Only more of them could occupy all. */
const destinationsWithoutLimit = 2;

/** A destination counts as one of several slow ones for this long after its last use. */
const usedWithinMs = 60_000;

/** More destinations need not be remembered, because the limit holds from the third one on. */
const mostDestinations = 8;

/**
 * The time that one worker spends on slow endpoints. Each destination may occupy a third of all invocations. If three or more
 * endpoints were slow at the same time, they would occupy all invocations. Therefore each worker also limits its own time, and
 * the fleet needs no shared count of slow endpoints. A quarter instead of a third: with ten slow endpoints, the events of all
 * other endpoints then wait for 1.0 s instead of 2.2 s (`node bench/isolation/fleet.ts --full`).
 */
export class SlowTime {
  readonly #invocations: number;
  readonly #endsMs = new WeakMap<object, number>();
  /** The slow destinations that this worker has used last, and when. */
  readonly #usedMs = new BoundedMap<string, number>(mostDestinations);
  #leftMs: number;
  #countedAtMs: number;

  /**
   * @param invocations number of invocations that this worker runs at the same time; 1 in Lambda
   * @param random a worker begins with a random part of its time, so that new workers do not all spend it at once
   */
  constructor(invocations: number, nowMs: number, random: () => number) {
    this.#invocations = invocations;
    this.#leftMs = random() * mostAtOnceMs * invocations;
    this.#countedAtMs = nowMs;
  }

  /**
   * Whether the worker must not begin another request to this slow destination now. Never true while the worker has used at
   * most two slow destinations in the last minute.
   */
  isUsedUp(destination: string, nowMs: number): boolean {
    const passedMs = Math.max(0, nowMs - this.#countedAtMs);
    this.#leftMs =
      Math.min(mostAtOnceMs, this.#leftMs / this.#invocations + passedMs * longestPart) * this.#invocations;
    this.#countedAtMs = nowMs;
    this.#usedMs.set(destination, nowMs);
    const used = [...this.#usedMs.values()].filter((atMs) => Math.abs(nowMs - atMs) <= usedWithinMs);
    return used.length > destinationsWithoutLimit && this.#leftMs < 0;
  }

  /**
   * Counts an invocation that waits for the answer of a slow destination. Requests of the same invocation that wait at the same
   * time count once.
   *
   * @param answerMs the time that the answer is expected to take
   */
  spend(destination: string, invocation: object, nowMs: number, answerMs: number): void {
    // A worker learns with the slot of its first request that a destination is slow.
    this.#usedMs.set(destination, nowMs);
    const endMs = nowMs + answerMs;
    const countedMs = Math.max(nowMs, this.#endsMs.get(invocation) ?? nowMs);
    if (endMs <= countedMs) return;
    this.#endsMs.set(invocation, endMs);
    this.#leftMs -= endMs - countedMs;
  }
}
