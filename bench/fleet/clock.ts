import type { Clock } from '../../lib/ports/clock.ts';

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly happen: () => void;
}

/**
 * The true time of a simulation, which jumps from event to event. Promises that one event resolves are handled before the next
 * event.
 */
export interface FleetClock {
  readonly nowMs: number;
  at(atMs: number, happen: () => void): void;
  wait(delayMs: number): Promise<void>;
  /** Runs until nothing is left to do, or until this time. */
  runUntil(endMs: number): Promise<void>;
  /** Returns a worker's clock. It differs from the true time by this offset. */
  seenFrom(offsetMs: number): Clock;
}

export function createFleetClock(beginMs = Date.UTC(2026, 0, 1)): FleetClock {
  const heap: Event[] = [];
  let nowMs = beginMs;
  let order = 0;

  const isBefore = (one: Event, other: Event): boolean =>
    one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);

  function push(event: Event): void {
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(event, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  function pop(): Event | undefined {
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = heap[child];
      const right = heap[child + 1];
      if (left === undefined) break;
      if (right !== undefined && isBefore(right, left)) child += 1;
      const smaller = heap[child];
      if (smaller === undefined || !isBefore(smaller, last)) break;
      heap[index] = smaller;
      index = child;
    }
    heap[index] = last;
    return first;
  }

  const clock: FleetClock = {
    get nowMs() {
      return nowMs;
    },
    at(atMs, happen) {
      order += 1;
      push({ atMs: Math.max(atMs, nowMs), order, happen });
    },
    wait: (delayMs) => new Promise((resolve) => clock.at(nowMs + delayMs, resolve)),
    async runUntil(endMs) {
      for (let next = heap[0]; next !== undefined && next.atMs <= endMs; next = heap[0]) {
        nowMs = next.atMs;
        while (heap[0]?.atMs === nowMs) pop()?.happen();
        // Everything that waits for a resolved promise runs before the next event.
        await new Promise((resolve) => setImmediate(resolve));
      }
      nowMs = Math.max(nowMs, endMs);
    },
    seenFrom: (offsetMs) => ({
      nowMs: () => nowMs + offsetMs,
      delay: (delayMs) => clock.wait(Math.max(0, delayMs)),
    }),
  };
  return clock;
}

/** Random numbers that are the same in every run. Source: Mulberry32, Tommy Ettinger, public domain. */
export function createSeededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
