import { slotToleranceMs } from '../lib/core/rate/slots.ts';

/** When a request arrived. Times are ms of one monotonic clock. */
export interface ArrivalTime {
  /** Earliest possible arrival: this process was busy from then until it saw the request. */
  readonly earliestMs: number;
  readonly seenMs: number;
}

/** A second with the requests that certainly fell into it, and the number allowed. */
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

/** Time for a new connection on a busy machine: the limiter checks the slot before its request gets a connection. */
const connectingMs = 100;

/** Requests that one second may hold: its own slots and the late ones of the time before it. */
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

  /** A stall ends with a beat, before the requests that came during it are seen. So the beat before that one counts. */
  arrival(): ArrivalTime {
    return { earliestMs: this.#beats[0], seenMs: performance.now() };
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
