import { Failure, isStoreUnavailable } from '../../core/failure/failure.ts';
import { resumeWrite } from '../../core/health/circuit.ts';
import { isPaused } from '../../core/health/health.ts';
import { keepingPause, pauseByHandWrite } from '../../core/health/pause-by-hand.ts';
import type { BucketWrite, BucketWriteResult } from '../../core/rate/bucket.ts';
import { pauseToleranceUs, pauseWrite } from '../../core/rate/bucket.ts';
import { longestReturnUs } from '../../core/rate/slots.ts';
import type { BucketView } from '../../core/rate/view.ts';
import { isOlderThan, unknownView, viewWithBucket } from '../../core/rate/view.ts';
import type { Clock, Random } from '../../ports/clock.ts';
import type { BucketKey, RateBuckets } from '../../ports/rate.ts';
import type { ChangeBucket } from '../health/health-bucket.ts';

export interface BucketDependencies {
  readonly buckets: RateBuckets;
  readonly clock: Clock;
  readonly random: Random;
}

/** A view up to this age is good enough to say that no slot is left, or to know the generation. */
export const knownUs = 1_000_000;

/** How often a change is tried when other workers write in between. */
const maxChanges = 4;

const maxPauseTries = 3;

/** One bucket as one worker sees it, and the writes that take no slots: pauses and changes of the health. */
export class SeenBucket {
  readonly #key: BucketKey;
  readonly #dependencies: BucketDependencies;
  view: BucketView = unknownView;
  #pausedUntilUs = 0;
  #looking: Promise<void> | undefined;

  constructor(key: BucketKey, dependencies: BucketDependencies) {
    this.#key = key;
    this.#dependencies = dependencies;
  }

  /**
   * Failure policy: every error of the table is ignored here. It must not harm the event whose request caused the change, and
   * the next reservation meets the same error and reports it.
   */
  readonly change: ChangeBucket = async (make) => {
    try {
      return await this.#change(make);
    } catch {
      return undefined;
    }
  };

  async #change(make: Parameters<ChangeBucket>[0]): ReturnType<ChangeBucket> {
    for (let tries = 0; tries < maxChanges; tries += 1) {
      const nowUs = this.#nowUs();
      const write = make(this.view, nowUs);
      if (write === undefined) return undefined;
      const result = await this.#write(keepingPause(write, this.view.health), nowUs);
      if (result.kind === 'refused') continue;
      this.#pausedUntilUs = 0;
      return { bucket: result.bucket, isWritten: true };
    }
    return undefined;
  }

  async #write(write: BucketWrite, nowUs: number): Promise<BucketWriteResult> {
    const { buckets } = this.#dependencies;
    const result = await buckets.write(this.#key, write);
    const bucket = result.bucket ?? (await buckets.read(this.#key));
    this.view = viewWithBucket(this.view, bucket, nowUs);
    return result;
  }

  /**
   * Whether `follow` must be called before slots are taken. A pause by hand is written to all shards that the rate has at that
   * time. A shard that comes into use later is missing, or has an older revision.
   */
  mustFollow(first: SeenBucket, revision: number): boolean {
    return this.view.revision < revision || this.#hasOtherPause(first);
  }

  #hasOtherPause(first: SeenBucket): boolean {
    const [own, other] = [this.view.health, first.view.health];
    const nowUs = this.#nowUs();
    return own.pausedUntilUs !== other.pausedUntilUs && (isPaused(own, nowUs) || isPaused(other, nowUs));
  }

  /**
   * Gives this shard the same pause by hand as the first shard has.
   *
   * @returns false if somebody has changed one of the pauses in the meantime
   * @throws Failure when the table fails
   */
  async follow(first: SeenBucket, revision: number): Promise<boolean> {
    await first.#read();
    if (!this.#hasOtherPause(first)) return true;
    const nowUs = this.#nowUs();
    const bucket = this.view.revision === 0 ? undefined : this.view;
    await this.#write(pauseByHandWrite(bucket, first.view.health.pausedUntilUs, nowUs, revision), nowUs);
    // ResumeApiDestination may have ended the pause before this write, so that it found nothing to end in this shard.
    await first.#read();
    return !this.#hasOtherPause(first);
  }

  /**
   * Failure policy: a pause that cannot be written is lost. The delivery that received the Retry-After still waits, and other
   * deliveries receive a Retry-After of their own.
   */
  async pause(untilMs: number, revision: number, retryDelayMs: (failures: number) => number): Promise<void> {
    // A pause of the bucket lasts at most 900 s. After that, a request is sent, and the endpoint can ask for another pause.
    const untilUs = Math.min(Math.ceil(untilMs * 1000), this.#nowUs() + longestReturnUs);
    const isLonger = (thanUs: number) => untilUs > thanUs + pauseToleranceUs;
    if (!isLonger(Math.max(this.#pausedUntilUs, this.view.slotsUntilUs))) return;
    for (let failures = 1; failures <= maxPauseTries; failures += 1) {
      this.#pausedUntilUs = untilUs;
      try {
        await this.#change((bucket, nowUs) =>
          isLonger(bucket.slotsUntilUs) ? pauseWrite(bucket, untilUs, nowUs, revision) : undefined,
        );
        return;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        await this.#dependencies.clock.delay(retryDelayMs(failures));
      }
    }
    this.#pausedUntilUs = 0;
  }

  /** Ends a pause that an open circuit has caused. Another worker may have set it. */
  async resume(): Promise<void> {
    await this.#refresh();
    await this.change(resumeWrite);
  }

  /** Ignores an error of the table: the view then stays as it is. */
  async #refresh(): Promise<void> {
    await this.#read().catch(() => undefined);
  }

  /**
   * Reads the bucket. Calls at the same time share a read, and its result is dropped if this worker has written or read the
   * bucket in the meantime.
   *
   * @throws Failure when the table fails
   */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const { view } = this;
    const nowUs = this.#nowUs();
    const bucket = await this.#dependencies.buckets.read(this.#key);
    if (this.view === view) this.view = viewWithBucket(view, bucket, nowUs);
  }

  async #read(): Promise<void> {
    const nowUs = this.#nowUs();
    this.view = viewWithBucket(this.view, await this.#dependencies.buckets.read(this.#key), nowUs);
  }

  /** @returns undefined if this worker has never seen the bucket and cannot read it now */
  async generation(): Promise<number | undefined> {
    try {
      if (isOlderThan(this.view, knownUs, this.#nowUs())) await this.#read();
    } catch (error) {
      if (!isStoreUnavailable(error)) throw error;
    }
    return this.view.generation === 0 ? undefined : this.view.generation;
  }

  #nowUs(): number {
    return Math.ceil(this.#dependencies.clock.nowMs() * 1000);
  }
}
