import type { RatedDestination, Reservation } from '../../core/rate/shards.ts';
import { shardCount } from '../../core/rate/shards.ts';
import { copyRefreshUs, needsNoSlot, oldestCopyUs } from '../../core/rate/unlimited.ts';
import { isOlderThan } from '../../core/rate/view.ts';
import type { HealthLog } from '../../ports/metrics.ts';
import { HealthMonitor } from '../health/monitor.ts';
import { createReservationQueue } from './reservation-queue.ts';
import { ShardChoice } from './shard-choice.ts';
import type { BucketDependencies } from './seen-bucket.ts';
import type { BucketCall } from './worker-bucket.ts';
import { WorkerBucket } from './worker-bucket.ts';

export interface DestinationDependencies extends BucketDependencies {
  /** How many requests share one write when a destination is busy. Must be the same for all workers of a stack. */
  readonly batchSize: number;
  readonly healthLog: HealthLog;
}

/** A bucket that this worker has used, and the queue of calls to it. */
interface KnownBucket {
  readonly bucket: WorkerBucket;
  readonly reserve: (call: BucketCall) => Promise<Reservation>;
}

/** The time that a probe needs before it is sent. The probe's time limit comes on top. */
const probeMarginMs = 5000;

/**
 * The buckets of a destination and the monitor of its requests, as one worker keeps them. The monitor writes to the buckets, and
 * reservations depend on what it has written. So a worker forgets both at the same time.
 */
export class KnownDestination {
  readonly #incarnation: string;
  readonly #dependencies: DestinationDependencies;
  readonly #buckets = new Map<number, KnownBucket>();
  readonly choice: ShardChoice;
  #latest: { readonly revision: number; readonly monitor: HealthMonitor } | undefined;

  constructor(incarnation: string, dependencies: DestinationDependencies) {
    this.#incarnation = incarnation;
    this.#dependencies = dependencies;
    this.choice = new ShardChoice(dependencies.batchSize, dependencies.random);
  }

  /** The first shard, which keeps the health of the destination. */
  get first(): WorkerBucket {
    return this.shard(0).bucket;
  }

  shard(shard: number): KnownBucket {
    const existing = this.#buckets.get(shard);
    if (existing !== undefined) return existing;
    const first = shard === 0 ? undefined : this.first;
    const key = { destinationIncarnation: this.#incarnation, shard };
    const bucket = new WorkerBucket(key, this.#dependencies, first);
    const created = { bucket, reserve: createReservationQueue(bucket) };
    this.#buckets.set(shard, created);
    return created;
  }

  /**
   * Whether requests of a destination without a rate limit may begin now. The bucket is read in the background when the copy is
   * no longer fresh, so requests that follow one another do not wait for the read.
   *
   * Failure policy: while the table cannot be reached, nobody can know of a pause. So the requests ask for slots instead, and
   * wait in the queue as those of every other destination.
   */
  needsNoSlot(revision: number): boolean | Promise<boolean> {
    const { clock } = this.#dependencies;
    const { first } = this;
    const { seen } = first;
    const nowUs = () => Math.ceil(clock.nowMs() * 1000);
    const isFree = () => needsNoSlot(seen.view, first.healthFor(revision), revision, nowUs());
    if (!isOlderThan(seen.view, copyRefreshUs, nowUs())) return isFree();
    const looked = seen.look().then(isFree, () => false);
    return isOlderThan(seen.view, oldestCopyUs, nowUs()) ? looked : isFree();
  }

  bucketsOf(destination: RatedDestination): readonly WorkerBucket[] {
    const shards = shardCount(destination, this.#dependencies.batchSize);
    return Array.from({ length: shards }, (_, shard) => this.shard(shard).bucket);
  }

  /** A changed destination may have another endpoint and another number of shards, so each revision has a monitor of its own. */
  monitorOf(destination: RatedDestination): HealthMonitor {
    const { revision } = destination;
    if (this.#latest?.revision === revision) return this.#latest.monitor;
    const monitor = this.#createMonitor(destination);
    this.#latest = { revision, monitor };
    return monitor;
  }

  /** Whether a request of the present revision is in progress. */
  get isInUse(): boolean {
    return this.#latest?.monitor.isInUse === true;
  }

  /** The first shard keeps the circuit. The others are paused until the next probe must have ended. */
  #createMonitor(destination: RatedDestination): HealthMonitor {
    const { clock, random, healthLog: log } = this.#dependencies;
    const { name: apiDestination, revision, timeoutMs } = destination;
    const others = () => this.bucketsOf(destination).slice(1);
    return new HealthMonitor({
      bucket: this.first,
      apiDestination,
      revision,
      timeoutMs,
      clock,
      random,
      log,
      async onHalted(untilMs) {
        await Promise.all(others().map((other) => other.pause(untilMs + timeoutMs + probeMarginMs, revision)));
      },
      async onResumed() {
        await Promise.all(others().map((other) => other.seen.resume()));
      },
    });
  }
}
