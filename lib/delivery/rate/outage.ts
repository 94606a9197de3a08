import type { Turn } from '../../core/rate/shards.ts';
import { fullJitterDelayMs } from '../../core/delivery/retry.ts';
import type { Clock, Random } from '../../ports/clock.ts';

/** Waits between writes that were throttled, while the requests could still find a slot in time. */
const writeBackoff = { baseMs: 50, maximumMs: 500 };

/** After this many failed writes a reservation gives nothing. */
const maxFailures = 4;

/** How long a worker then leaves the table alone; it doubles with each failure in a row. */
const restBackoff = { baseMs: 1000, maximumMs: 30_000 };

/** The shortest wait before a delivery comes back. */
const shortestReturnMs = 1000;

/**
 * The behaviour of a worker that cannot reach its bucket.
 *
 * Failure policy: a worker that cannot reach the bucket sends nothing. A fixed share of the rate would need the number of
 * workers, and the rate is a promise to the endpoint; meanwhile the queue keeps the events. So all deliveries come back after
 * a wait with jitter that doubles while the outage lasts, and are newcomers then.
 */
export class Outage {
  readonly #random: Random;
  #failuresInRow = 0;
  #restsUntilMs = 0;
  #restMs = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Waits before the next write of one reservation. @returns false when it would come too late; the worker then rests */
  async waitsOut(failures: number, untilMs: number, clock: Clock): Promise<boolean> {
    const delayMs = this.retryDelayMs(failures);
    const nowMs = clock.nowMs();
    if (failures < maxFailures && nowMs + delayMs < untilMs) {
      await clock.delay(delayMs);
      return true;
    }
    this.#failuresInRow += 1;
    this.#restMs = fullJitterDelayMs(restBackoff, this.#failuresInRow, this.#random);
    this.#restsUntilMs = nowMs + this.#restMs;
    return false;
  }

  ends(): void {
    this.#failuresInRow = 0;
  }

  /** A clock that has stepped back does not make the rest longer. */
  isResting(nowMs: number): boolean {
    const leftMs = this.#restsUntilMs - nowMs;
    return leftMs > 0 && leftMs <= this.#restMs;
  }

  retryDelayMs(failures: number): number {
    return fullJitterDelayMs(writeBackoff, failures, this.#random);
  }

  /** Times at which deliveries without a slot come back, as newcomers. */
  turns(count: number, nowMs: number): Turn[] {
    const spreadMs = Math.min(restBackoff.maximumMs, restBackoff.baseMs * 2 ** Math.max(1, this.#failuresInRow));
    const turn = (): Turn => ({
      kind: 'newcomer',
      atMs: nowMs + shortestReturnMs + Math.floor(this.#random() * spreadMs),
    });
    return Array.from({ length: count }, turn).sort((a, b) => a.atMs - b.atMs);
  }
}
