import { slotToleranceMs } from '../lib/core/rate/slots.ts';

/** When a request arrived. Times are ms of one monotonic clock. */
export interface ArrivalTime {
  /** The earliest time at which the request can have arrived. From then until it saw the request, this process was busy. */
  readonly earliestMs: number;
  readonly seenMs: number;
}

/** A second, with the number of requests that certainly fell into it and the number that is allowed. */
export interface Second {
  readonly requests: number;
  readonly allowed: number;
  readonly ratePerSecond: number;
  readonly atMs: number;
}

interface Period {
  readonly ratePerSecond: number;
  readonly fromMs: number;
  untilMs: number;
}

const secondMs = 1000;

/**
 * Time for a new connection on a busy machine. The limiter checks the slot before the request gets a connection, so this time
 * makes the request late.
 */
const connectingMs = 100;

/** How many requests one second may hold: those of its own slots, and late ones whose slots were before it. */
export function allowedInSecond(ratePerSecond: number): number {
  const lateMs = slotToleranceMs(ratePerSecond) + connectingMs;
  return Math.ceil((ratePerSecond * (secondMs + lateMs)) / secondMs) + 1;
}

/** Counts the requests of one destination for every possible second, wherever it begins. */
export class RateCount {
  readonly #arrivals: ArrivalTime[] = [];
  readonly #periods: Period[] = [];

  arrived(arrival: ArrivalTime): void {
    this.#arrivals.push(arrival);
  }

  /** From now on the workers may use this rate. They must use it from the time that `endEarlier` sets. */
  mayBe(ratePerSecond: number, nowMs: number): void {
    this.#periods.push({ ratePerSecond, fromMs: nowMs, untilMs: Number.POSITIVE_INFINITY });
  }

  /** After this time every worker must use the latest rate. */
  endEarlier(atMs: number): void {
    for (const period of this.#periods.slice(0, -1)) period.untilMs = Math.min(period.untilMs, atMs);
  }

  get requests(): number {
    return this.#arrivals.length;
  }

  /** The second that comes closest to its allowed number, or exceeds it the most. */
  fullest(): Second | undefined {
    let fullest: Second | undefined;
    let first = 0;
    for (const [last, { seenMs }] of this.#arrivals.entries()) {
      while (first < last && seenMs - (this.#arrivals[first]?.earliestMs ?? seenMs) >= secondMs) first += 1;
      const ratePerSecond = this.#highestRate(this.#arrivals[first]?.earliestMs ?? seenMs, seenMs);
      const second = {
        requests: last - first + 1,
        allowed: allowedInSecond(ratePerSecond),
        ratePerSecond,
        atMs: seenMs,
      };
      if (fullest === undefined || second.requests / second.allowed > fullest.requests / fullest.allowed)
        fullest = second;
    }
    return fullest;
  }

  #highestRate(fromMs: number, untilMs: number): number {
    const there = this.#periods.filter((period) => period.fromMs <= untilMs && period.untilMs >= fromMs);
    return Math.max(...there.map(({ ratePerSecond }) => ratePerSecond));
  }
}

const beatMs = 10;

/** Knows when this process was last free to see a request. */
export class Heartbeat {
  #beats: readonly [number, number] = [performance.now(), performance.now()];
  readonly #timer = setInterval(() => {
    this.#beats = [this.#beats[1], performance.now()];
  }, beatMs).unref();

  /**
   * After a stall, a beat comes first, and only then the requests that arrived during the stall are seen. So the beat before
   * the last one counts.
   */
  arrival(): ArrivalTime {
    return { earliestMs: this.#beats[0], seenMs: performance.now() };
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
