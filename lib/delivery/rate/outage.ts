import type { Turn } from '../../core/rate/shards.ts';
import { fullJitterDelayMs } from '../../core/delivery/retry.ts';
import type { Clock, Random } from '../../ports/clock.ts';

/** Waits between the tries of a throttled write, as long as the requests can still get a slot in time. */
const writeBackoff = { baseMs: 50, maximumMs: 500 };

/** A reservation gives up after this many failed writes. */
const maxFailures = 4;

/** How long a worker makes no writes after a reservation has given up. Doubles with each such failure in a row. */
const restBackoff = { baseMs: 1000, maximumMs: 30_000 };

/** The shortest wait before a delivery comes back. */
const shortestReturnMs = 1000;

/**
 * Failure policy: a worker that cannot reach its bucket sends nothing. The rate is a promise to the endpoint, and no worker
 * can compute a safe share of it, because it does not know the number of workers. The queue keeps the events. All deliveries
 * come back as newcomers, after a wait with jitter that doubles while the outage lasts.
 */
export class Outage {
  readonly #random: Random;
  #failuresInRow = 0;
  #restsUntilMs = 0;
  #restMs = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Waits before the next write of a reservation. @returns false if that write would be too late; the worker then rests */
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

  /** Also false when the clock has stepped back, because the worker must not rest for longer than planned. */
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
      isOutage: true,
      atMs: nowMs + shortestReturnMs + Math.floor(this.#random() * spreadMs),
    });
    return Array.from({ length: count }, turn).sort((a, b) => a.atMs - b.atMs);
  }
}
