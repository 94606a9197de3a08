import { slotToleranceMs } from '../lib/core/rate/slots.ts';

/** The time at which a request arrived, as well as this process can know it. Times are ms of one monotonic clock. */
export interface ArrivalTime {
  /** The request cannot have arrived before this time, because this process was free then and did not see it. */
  readonly earliestMs: number;
  readonly seenMs: number;
}

/** A period of one second. `requests` counts only requests that certainly arrived in it. */
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
 * Time for a new connection on a busy machine. The worker checks the slot before it connects, so a request can be late by this
 * time.
 */
const connectingMs = 100;

/** The most requests that one second may hold: those whose slots are in this second, and late ones from earlier slots. */
export function allowedInSecond(ratePerSecond: number): number {
  const lateMs = slotToleranceMs(ratePerSecond) + connectingMs;
  return Math.ceil((ratePerSecond * (secondMs + lateMs)) / secondMs) + 1;
}

/** Counts the requests of one destination in every period of one second, whenever the period begins. */
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

  /** The period of one second whose requests come closest to the allowed number, or exceed it the most. */
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

/** A timer that shows when this process last had time to handle a request. */
export class Heartbeat {
  #beats: readonly [number, number] = [performance.now(), performance.now()];
  readonly #timer = setInterval(() => {
    this.#beats = [this.#beats[1], performance.now()];
  }, beatMs).unref();

  /**
   * After a stall, the timer fires before this process handles the requests that arrived during the stall. So the beat before
   * the last one is the time at which the process was last free.
   */
  arrival(): ArrivalTime {
    return { earliestMs: this.#beats[0], seenMs: performance.now() };
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
