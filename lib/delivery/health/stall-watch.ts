import { stalledWrite } from '../../core/health/circuit.ts';
import { isOpen } from '../../core/health/health.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HealthBucket } from './health-bucket.ts';

/** Requests count as stalled when they have waited for longer than this, and for longer than four times the usual duration. */
const stalledAfterMs = 500;
const unusualFactor = 4;

/**
 * A timer that fires this late shows that the process was frozen, or too busy to read answers. Such a time says nothing about the
 * endpoint.
 */
const frozenFromMs = 250;

/** The reason of an abort, made once because an error is costly to make. */
const allEnded = new Error('All requests have ended.');

/**
 * While requests of one worker are in progress, reports to the fleet how long they have waited without any answer. The first
 * report comes when the wait is unusually long, the next ones each time it has doubled.
 */
export class StallWatch {
  readonly #bucket: HealthBucket;
  readonly #clock: Clock;
  readonly #begunMs = new Map<object, number>();
  /** Requests that were in progress while the process was frozen. */
  readonly #frozen = new WeakSet<object>();
  #answeredMs = 0;
  #isRunning = false;
  #wait: AbortController | undefined;

  constructor({ bucket, clock }: { readonly bucket: HealthBucket; readonly clock: Clock }) {
    this.#bucket = bucket;
    this.#clock = clock;
  }

  /** Whether any request is in progress. */
  get isWatching(): boolean {
    return this.#begunMs.size > 0;
  }

  begin(request: object, nowMs: number): void {
    this.#begunMs.set(request, nowMs);
    if (!this.#isRunning) void this.#watch();
  }

  /** @returns when the request began, in epoch ms; undefined if the process was frozen since then */
  end(request: object): number | undefined {
    const beganMs = this.#frozen.has(request) ? undefined : this.#begunMs.get(request);
    this.#begunMs.delete(request);
    // A timer that outlives the requests would keep a command from ending.
    if (this.#begunMs.size === 0) this.#wait?.abort(allEnded);
    return beganMs;
  }

  answered(nowMs: number): void {
    this.#answeredMs = nowMs;
  }

  async #watch(): Promise<void> {
    this.#isRunning = true;
    let reportedMs = 0;
    try {
      while (this.#begunMs.size > 0) {
        const waitedMs = this.#waitedMs();
        if (waitedMs < stalledAfterMs) reportedMs = 0;
        const usualMs = this.#bucket.health.answerUs / 1000;
        const patienceMs = Math.max(stalledAfterMs, unusualFactor * usualMs, reportedMs * 2);
        if (waitedMs < patienceMs) await this.#delay(patienceMs - waitedMs);
        else {
          reportedMs = waitedMs;
          await this.#report(Math.round(waitedMs * 1000));
        }
      }
    } finally {
      this.#isRunning = false;
    }
  }

  async #delay(delayMs: number): Promise<void> {
    this.#wait = new AbortController();
    const untilMs = this.#clock.nowMs() + delayMs;
    try {
      await this.#clock.delay(delayMs, this.#wait.signal);
      if (this.#clock.nowMs() - untilMs >= frozenFromMs) this.#beginAgain();
    } catch (error) {
      if (error !== allEnded) throw error;
    }
  }

  /** Counts the waits of all requests from now on. */
  #beginAgain(): void {
    for (const request of this.#begunMs.keys()) {
      this.#begunMs.set(request, this.#clock.nowMs());
      this.#frozen.add(request);
    }
  }

  /** Requests that began before the last answer do not count: as long as others are answered, the endpoint has not stalled. */
  #waitedMs(): number {
    const oldest = [...this.#begunMs.values()].find((beganMs) => beganMs >= this.#answeredMs);
    return oldest === undefined ? 0 : this.#clock.nowMs() - oldest;
  }

  async #report(waitedUs: number): Promise<void> {
    await this.#bucket.change(({ health, revision }, nowUs) => {
      if (isOpen(health) || health.stalledUs >= waitedUs) return undefined;
      return stalledWrite(waitedUs, nowUs, revision);
    });
  }
}
