import type { Signal } from '../../core/health/circuit.ts';
import {
  answeredWrite,
  closeWrite,
  failedProbeWrite,
  failureWrite,
  mustOpen,
  openWrite,
} from '../../core/health/circuit.ts';
import { isSlow } from '../../core/health/allowance.ts';
import { isOpen, isPaused } from '../../core/health/health.ts';
import type { WaitsFor } from '../../core/delivery/delivery.ts';
import type { FailureCode } from '../../core/failure/failure.ts';
import type { Clock, Random } from '../../ports/clock.ts';
import type { HealthLog } from '../../ports/metrics.ts';
import type { ChangeBucket, HealthBucket } from './health-bucket.ts';
import { StallWatch } from './stall-watch.ts';

export interface MonitorDependencies {
  readonly bucket: HealthBucket;
  readonly apiDestination: string;
  readonly clock: Clock;
  /** Revision of the destination. */
  readonly revision: number;
  /** Time limit of one request. */
  readonly timeoutMs: number;
  readonly random: Random;
  readonly log: HealthLog;
  /** Called when no slot may be used until `untilMs`, epoch ms. `onResumed` is called when slots may be used again. */
  readonly onHalted: (untilMs: number) => Promise<void>;
  readonly onResumed: () => Promise<void>;
}

/** One request in progress. */
export interface WatchedRequest {
  /**
   * Must be called once, when the request has ended.
   *
   * @returns a promise to await, which never rejects; undefined when there is nothing to write
   */
  end(signal: Signal): Promise<void> | undefined;
}

/** How long an answer may still end a run of failures, if nothing was written when the answer came. */
const answerIsRecentMs = 1000;

/**
 * Reports the health of an endpoint to the fleet: failures, the first answer after failures, and requests that wait unusually
 * long. A healthy endpoint causes no write. If several requests of a worker end at the same time, one write reports them all.
 *
 * Failure policy: a write that fails is not repeated, because the next request will report the same.
 */
export class HealthMonitor {
  readonly #dependencies: MonitorDependencies;
  readonly #stalls: StallWatch;
  #answeredMs = 0;
  #hasAnswered = false;
  #answeredWhileOpen = false;
  #failures = 0;
  #code: FailureCode | undefined;
  #flushing: Promise<void> | undefined;

  constructor(dependencies: MonitorDependencies) {
    this.#dependencies = dependencies;
    this.#stalls = new StallWatch(dependencies);
  }

  /** Whether a request is in progress. */
  get isInUse(): boolean {
    return this.#stalls.isWatching;
  }

  /** Whether slots that were given earlier must not be used any more, as far as this worker knows. */
  get isHalted(): boolean {
    const { health } = this.#dependencies.bucket;
    return isOpen(health) || isPaused(health, this.#nowUs());
  }

  /** Whether the circuit is open, as far as this worker knows. */
  get isUnhealthy(): boolean {
    return isOpen(this.#dependencies.bucket.health);
  }

  /** The reason why a request got no slot, judged by the health that this worker last saw. */
  get waitsFor(): WaitsFor {
    const { health } = this.#dependencies.bucket;
    if (isPaused(health, this.#nowUs())) return 'pause';
    if (isOpen(health)) return 'circuit';
    return health.pauseEndUs > this.#nowUs() ? 'retry-after' : 'rate';
  }

  /** Whether invocations must not wait for slots of this endpoint for long. */
  get isSlow(): boolean {
    return isSlow(this.#dependencies.bucket.health);
  }

  /** @param isProbe whether the request is a probe, which tests whether the endpoint answers again */
  begin(isProbe: boolean): WatchedRequest {
    const { slotsUntilUs } = this.#dependencies.bucket;
    const request: WatchedRequest = {
      end: (signal) => {
        const beganMs = this.#stalls.end(request);
        if (signal.kind === 'none' || this.#isOutdated()) return undefined;
        if (beganMs !== undefined) this.#dependencies.bucket.answerTimes.add(this.#durationMs(beganMs) * 1000);
        if (signal.kind === 'alive') this.#note(0);
        else if (isProbe && isOpen(this.#dependencies.bucket.health))
          return this.#probeFailed(signal.code, slotsUntilUs);
        else this.#note(1, signal.code);
        return this.#flush();
      },
    };
    this.#stalls.begin(request, this.#dependencies.clock.nowMs());
    return request;
  }

  /** Whether the destination has changed since the request began, so that its end says nothing about the present endpoint. */
  #isOutdated(): boolean {
    const { bucket, revision } = this.#dependencies;
    return bucket.seen.view.revision > revision;
  }

  /** At most the time limit: a freeze that no timer has shown yet would otherwise count as an hour. */
  #durationMs(beganMs: number): number {
    const { clock, timeoutMs } = this.#dependencies;
    return Math.min(timeoutMs, Math.max(0, clock.nowMs() - beganMs));
  }

  #note(failures: number, code?: FailureCode): void {
    if (failures === 0) {
      this.#answeredMs = this.#dependencies.clock.nowMs();
      this.#stalls.answered(this.#answeredMs);
      this.#hasAnswered = true;
      this.#answeredWhileOpen = isOpen(this.#dependencies.bucket.health);
      this.#failures = 0;
    }
    this.#failures += failures;
    this.#code = code ?? this.#code;
  }

  #flush(): Promise<void> | undefined {
    if (!this.#mustReport()) {
      if (this.#flushing === undefined && isOpen(this.#dependencies.bucket.health)) this.#failures = 0;
      return undefined;
    }
    this.#flushing ??= this.#reportAll().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  /**
   * Whether there is an answer to report. An answer from before the circuit opened does not close the circuit, and an old answer
   * says nothing about the failures that other workers have counted since.
   */
  get #hasAnswerToReport(): boolean {
    if (!this.#hasAnswered) return false;
    if (isOpen(this.#dependencies.bucket.health)) return this.#answeredWhileOpen;
    return this.#dependencies.clock.nowMs() - this.#answeredMs < answerIsRecentMs;
  }

  #mustReport(): boolean {
    const { failuresInRow, stalledUs, openedAtUs, mixedUntilUs } = this.#dependencies.bucket.health;
    if (this.#failures > 0)
      return openedAtUs === 0 ? !(mixedUntilUs > this.#nowUs() && this.#hasAnswerToReport) : this.#hasAnswerToReport;
    return this.#hasAnswerToReport && (failuresInRow > 0 || stalledUs > 0 || openedAtUs > 0);
  }

  async #reportAll(): Promise<void> {
    // Requests that end in the same microtask share one write.
    await Promise.resolve();
    while (this.#mustReport()) {
      const [hasAnswered, failures, code] = [this.#hasAnswerToReport, this.#failures, this.#code];
      [this.#hasAnswered, this.#failures] = [false, 0];
      if (hasAnswered && isOpen(this.#dependencies.bucket.health)) await this.#close();
      else if (hasAnswered) await this.#change((bucket, nowUs) => answeredWrite(bucket, failures, nowUs));
      else if (code !== undefined) await this.#failed(failures, code);
    }
    [this.#hasAnswered, this.#failures] = [false, 0];
  }

  async #failed(failures: number, code: FailureCode): Promise<void> {
    const changed = await this.#change(({ revision }, nowUs) => failureWrite(failures, code, nowUs, revision));
    if (changed === undefined || !mustOpen(changed.bucket.health, this.#nowUs())) return;
    const { random, apiDestination, log } = this.#dependencies;
    const opened = await this.#change((bucket, nowUs) =>
      isOpen(bucket.health) ? undefined : openWrite(bucket, nowUs, random),
    );
    if (opened?.isWritten !== true) return;
    const { health, slotsUntilUs } = opened.bucket;
    const nextProbeAtMs = slotsUntilUs / 1000;
    log.record({ event: 'unhealthy', apiDestination, code, failures: health.failuresInRow, nextProbeAtMs });
    await this.#dependencies.onHalted(nextProbeAtMs);
  }

  async #probeFailed(code: FailureCode, slotsUntilUs: number): Promise<void> {
    const { random, apiDestination, log } = this.#dependencies;
    const changed = await this.#change((bucket, nowUs) =>
      isOpen(bucket.health) && bucket.slotsUntilUs === slotsUntilUs
        ? failedProbeWrite(bucket, code, nowUs, random)
        : undefined,
    );
    if (changed?.isWritten !== true) return;
    const nextProbeAtMs = changed.bucket.slotsUntilUs / 1000;
    log.record({
      event: 'probe-failed',
      apiDestination,
      code,
      failures: changed.bucket.health.failuresInRow,
      nextProbeAtMs,
    });
    await this.#dependencies.onHalted(nextProbeAtMs);
  }

  async #close(): Promise<void> {
    const { openedAtUs } = this.#dependencies.bucket.health;
    const closed = await this.#change((bucket, nowUs) =>
      isOpen(bucket.health) ? closeWrite(bucket, nowUs) : undefined,
    );
    if (closed?.isWritten !== true) return;
    const { apiDestination, log } = this.#dependencies;
    log.record({ event: 'healthy', apiDestination, unhealthyForMs: Math.max(0, (this.#nowUs() - openedAtUs) / 1000) });
    await this.#dependencies.onResumed();
  }

  #change(make: Parameters<ChangeBucket>[0]): ReturnType<ChangeBucket> {
    return this.#dependencies.bucket.change(make);
  }

  #nowUs(): number {
    return Math.ceil(this.#dependencies.clock.nowMs() * 1000);
  }
}
