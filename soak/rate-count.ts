import { slotToleranceMs } from '../lib/core/rate/slots.ts';

/** When a request came. Times are ms of one monotonic clock. */
export interface Sighting {
  /** When it can have come at the earliest: this process was busy from then until it saw the request. */
  readonly earliestMs: number;
  readonly seenMs: number;
}

/** A second with as many requests as it surely had, and as many as it may have. */
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

/** A slot is looked at before its request gets a connection. One that is made anew on a busy machine takes so long. */
const connectingMs = 100;

/** Requests that a second may see: its slots, and the late ones of the time before it. */
export function allowedInSecond(ratePerSecond: number): number {
  const lateMs = slotToleranceMs(ratePerSecond) + connectingMs;
  return Math.ceil((ratePerSecond * (secondMs + lateMs)) / secondMs) + 1;
}

/** Counts the requests of one destination by the second, from wherever a second may begin. */
export class RateCount {
  readonly #sightings: Sighting[] = [];
  readonly #periods: Period[] = [];

  arrived(sighting: Sighting): void {
    this.#sightings.push(sighting);
  }

  /** From now on the workers may keep this rate; they must from the time that `endEarlier` says. */
  mayBe(ratePerSecond: number, nowMs: number): void {
    this.#periods.push({ ratePerSecond, fromMs: nowMs, untilMs: Number.POSITIVE_INFINITY });
  }

  /** Nobody keeps an earlier rate than the last one after this time. */
  endEarlier(atMs: number): void {
    for (const period of this.#periods.slice(0, -1)) period.untilMs = Math.min(period.untilMs, atMs);
  }

  get requests(): number {
    return this.#sightings.length;
  }

  /** The second that comes closest to what it may have, or exceeds it the most. */
  fullest(): Second | undefined {
    let fullest: Second | undefined;
    let first = 0;
    for (const [last, { seenMs }] of this.#sightings.entries()) {
      while (first < last && seenMs - (this.#sightings[first]?.earliestMs ?? seenMs) >= secondMs) first += 1;
      const ratePerSecond = this.#highestRate(this.#sightings[first]?.earliestMs ?? seenMs, seenMs);
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

/** Knows when this process last was free to see a request. */
export class Heartbeat {
  #beats: readonly [number, number] = [performance.now(), performance.now()];
  readonly #timer = setInterval(() => {
    this.#beats = [this.#beats[1], performance.now()];
  }, beatMs).unref();

  /** A stall ends with a beat, before what came during it is seen: so the beat before that one counts. */
  sighting(): Sighting {
    return { earliestMs: this.#beats[0], seenMs: performance.now() };
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
