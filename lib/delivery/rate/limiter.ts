import { BoundedMap } from '../../core/input/bounded-map.ts';
import type { RatedDestination, Reservation, Turn } from '../../core/rate/shards.ts';
import { newcomer, shardCount, shareOf } from '../../core/rate/shards.ts';
import { isOpen } from '../../core/health/health.ts';
import { limitsOf } from '../../core/health/allowance.ts';
import { resumeWrite } from '../../core/health/circuit.ts';
import type { HealthLog } from '../../ports/metrics.ts';
import { HealthMonitor } from '../health/monitor.ts';
import type { BucketDependencies } from './seen-bucket.ts';
import type { BucketCall } from './worker-bucket.ts';
import { createReservationQueue } from './reservation-queue.ts';
import { WorkerBucket } from './worker-bucket.ts';

export type { RatedDestination, Reservation, Turn } from '../../core/rate/shards.ts';

export interface ReserveOptions {
  /** Only slots that begin within this time are taken. */
  readonly horizonMs: number;
  /** Absent: a newcomer. */
  readonly turn?: Turn;
}

/** Holds the rate of every destination, for the whole fleet. */
export interface RateLimiter {
  /**
   * Slots and, for what does not fit before the horizon, return times: `slotTimesMs.length + returns.length === count`.
   * A request that comes before its turn gets the same turn back. When the line has started again since, it is a newcomer.
   * Never throws for a bucket that cannot be reached; a Failure `StoreRefused` when the table refuses.
   */
  reserve(destination: RatedDestination, count: number, options: ReserveOptions): Promise<Reservation>;
  /** Moves the whole fleet's next slot to that time, at most 900 s ahead (Retry-After of a 429 or 503). Never throws. */
  pause(destination: RatedDestination, untilMs: number): Promise<void>;
  /** Watches the requests of a destination. */
  monitorOf(destination: RatedDestination): Pick<HealthMonitor, 'begin' | 'isHalted' | 'isUnhealthy'>;
}

export interface RateLimiterDependencies extends BucketDependencies {
  /** Requests that one write reserves for when a destination is busy; the same for all workers of a stack. */
  readonly batchSize: number;
  /** Invocations that the fleet runs at the same time at most. */
  readonly invocations: number;
  readonly healthLog: HealthLog;
}

/** Buckets that a worker remembers. A forgotten bucket costs one more write. */
const maxBuckets = 10_000;

/** Time for a probe to wait for its slot and to be sent, beside its time limit. */
const probeMarginMs = 5000;

/** A clock may be this far behind the clock that gave the turn. */
const earlyToleranceMs = 100;

/** A bucket that this worker has used, and the queue of calls to it. */
interface KnownBucket {
  readonly bucket: WorkerBucket;
  readonly reserve: (call: BucketCall) => Promise<Reservation>;
}

export function createRateLimiter(dependencies: RateLimiterDependencies): RateLimiter {
  const { batchSize, clock, random, invocations } = dependencies;
  const monitors = new BoundedMap<string, HealthMonitor>(maxBuckets);
  const buckets = new BoundedMap<string, KnownBucket>(maxBuckets);
  let batches = Math.floor(random() * 1000);
  /** Requests of this moment that have gone to the latest shard; undefined when its moment has passed. */
  let together: number | undefined;

  /**
   * The requests of one moment go to one shard, so that they share a write; those of the next moment go to the next. If
   * more than a batch comes at once, several shards share the requests, because one shard has too few slots for all of them.
   */
  function nextShard(count: number): number {
    if (together === undefined) {
      batches += 1;
      together = 0;
      queueMicrotask(() => {
        together = undefined;
      });
    } else if (together + count > batchSize) {
      batches += 1;
      together = 0;
    }
    together += count;
    return batches;
  }

  function bucketOf(destinationIncarnation: string, shard: number): KnownBucket {
    return buckets.getOrCreate(`${destinationIncarnation}/${shard}`, () => {
      // The first shard keeps the health of the destination.
      const first = shard === 0 ? undefined : bucketOf(destinationIncarnation, 0).bucket;
      const bucket = new WorkerBucket({ destinationIncarnation, shard }, dependencies, first);
      return { bucket, reserve: createReservationQueue(bucket) };
    });
  }

  function bucketsOf(destination: RatedDestination): WorkerBucket[] {
    const shards = shardCount(destination, batchSize);
    return Array.from({ length: shards }, (_, shard) => bucketOf(destination.incarnation, shard).bucket);
  }

  return {
    async reserve(destination, count, { horizonMs, turn = newcomer }) {
      if (count === 0) return { slotTimesMs: [], returns: [] };
      const { incarnation, revision } = destination;
      const shards = shardCount(destination, batchSize);
      let shard = (turn.kind === 'return' ? turn.shard : nextShard(count)) % shards;
      let { bucket, reserve } = bucketOf(incarnation, shard);
      let isNewcomer = turn.kind === 'newcomer';
      if (turn.kind === 'return' && clock.nowMs() < turn.atMs - earlyToleranceMs) {
        const generation = await bucket.seen.generation();
        if (generation === undefined || generation === turn.generation) return untouched(count, turn);
        isNewcomer = true;
      }
      // An open circuit has one line of deliveries, in the bucket that says when a probe may go.
      if (shard !== 0 && isOpen(bucketOf(incarnation, 0).bucket.health)) {
        shard = 0;
        ({ bucket, reserve } = bucketOf(incarnation, 0));
      }
      const share = shareOf(destination, shard, shards);
      const patient = !isNewcomer && turn.kind === 'return';
      const limits = limitsOf(destination, shards, { invocations, batchSize });
      return reserve({ count, newcomer: isNewcomer, patient, horizonMs, share, limits, revision });
    },
    monitorOf(destination) {
      const create = () => createMonitor(destination, bucketsOf(destination), dependencies);
      return monitors.getOrCreate(destination.incarnation, create);
    },
    async pause(destination, untilMs) {
      await Promise.all(bucketsOf(destination).map((bucket) => bucket.pause(untilMs, destination.revision)));
    },
  };
}

/** The first shard keeps the health of the destination. The others give no slot before a probe has ended. */
function createMonitor(
  destination: RatedDestination,
  [first, ...others]: readonly WorkerBucket[],
  { clock, random, healthLog }: RateLimiterDependencies,
): HealthMonitor {
  if (first === undefined) throw new Error('A rate without shards.');
  const { name, revision, timeoutMs } = destination;
  return new HealthMonitor({
    bucket: first,
    apiDestination: name,
    clock,
    random,
    log: healthLog,
    async onHalted(untilMs) {
      await Promise.all(others.map((other) => other.pause(untilMs + timeoutMs + probeMarginMs, revision)));
    },
    async onResumed() {
      await Promise.all(others.map(({ change }) => change(resumeWrite)));
    },
  });
}

function untouched(count: number, turn: Turn): Reservation {
  return { slotTimesMs: [], returns: Array.from({ length: count }, () => turn) };
}
