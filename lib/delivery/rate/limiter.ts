import { BoundedMap } from '../../core/input/bounded-map.ts';
import type { RatedDestination, Reservation, Turn } from '../../core/rate/shards.ts';
import { newcomer, shardCount, shareOf } from '../../core/rate/shards.ts';
import { isOpen } from '../../core/health/health.ts';
import { answerTimeUs, isSlow, limitsOf, shardsInUse } from '../../core/health/allowance.ts';
import { resumeWrite } from '../../core/health/circuit.ts';
import type { HealthLog } from '../../ports/metrics.ts';
import { HealthMonitor } from '../health/monitor.ts';
import type { BucketDependencies } from './seen-bucket.ts';
import type { BucketCall } from './worker-bucket.ts';
import { createReservationQueue } from './reservation-queue.ts';
import { SlowTime } from './slow-time.ts';
import { WorkerBucket } from './worker-bucket.ts';

export type { RatedDestination, Reservation, Turn } from '../../core/rate/shards.ts';

export interface ReserveOptions {
  /** Only slots that begin within this time are taken. */
  readonly horizonMs: number;
  /** Default: a newcomer. */
  readonly turn?: Turn;
  /** Requests of the same invocation pass the same object. Absent: the call counts as an invocation of its own. */
  readonly invocation?: object;
}

/** Keeps requests within the rates of their destinations. All workers of the fleet share these rates. */
export interface RateLimiter {
  /**
   * Resolves with slots, and with turns for the requests that find no slot before the horizon:
   * `slotTimesMs.length + returns.length === count`. A request that comes before its return time gets the same turn back,
   * or counts as a newcomer if the return times have started again since. If the table cannot be reached, all get turns.
   *
   * @throws Failure StoreRefused when the table refuses the call
   */
  reserve(destination: RatedDestination, count: number, options: ReserveOptions): Promise<Reservation>;
  /** Gives the whole fleet no slot until `untilMs`, at most 900 s ahead. Does not throw when the table fails. */
  pause(destination: RatedDestination, untilMs: number): Promise<void>;
  /** The monitor that watches the requests of a destination. */
  monitorOf(destination: RatedDestination): Pick<HealthMonitor, 'begin' | 'isHalted' | 'isUnhealthy' | 'isSlow'>;
}

export interface RateLimiterDependencies extends BucketDependencies {
  /** How many requests share one write when a destination is busy. Must be the same for all workers of a stack. */
  readonly batchSize: number;
  /** The most invocations that the fleet runs at the same time. */
  readonly invocations: number;
  /** Invocations that this worker runs at the same time; 1 in Lambda. */
  readonly ownInvocations?: number;
  readonly healthLog: HealthLog;
}

/** The most buckets that a worker remembers. A forgotten bucket costs one more call of the table. */
const maxBuckets = 10_000;

/** The time that a probe needs before it is sent. The probe's time limit comes on top. */
const probeMarginMs = 5000;

/** Our clock may be this far behind the clock of the worker that gave the return time. */
const earlyToleranceMs = 100;

/** A bucket that this worker has used, and the queue of calls to it. */
interface KnownBucket {
  readonly bucket: WorkerBucket;
  readonly reserve: (call: BucketCall) => Promise<Reservation>;
}

export function createRateLimiter(dependencies: RateLimiterDependencies): RateLimiter {
  const { batchSize, clock, random, invocations, ownInvocations = 1 } = dependencies;
  const slowTime = new SlowTime(ownInvocations, clock.nowMs(), random);
  const monitors = new BoundedMap<string, HealthMonitor>(maxBuckets);
  const buckets = new BoundedMap<string, KnownBucket>(maxBuckets);
  let batches = Math.floor(random() * 1000);
  /** How many requests have gone to the latest shard in the current microtask; undefined when that microtask is over. */
  let together: number | undefined;

  /**
   * Requests that begin at the same moment go to one shard, so that they share a write. Later requests go to the next shard.
   * If more than a batch begins at once, several shards share the requests: one shard has too few slots for all of them.
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
    async reserve(destination, count, { horizonMs: longestMs, turn = newcomer, invocation = {} }) {
      if (count === 0) return { slotTimesMs: [], returns: [] };
      const { incarnation, revision } = destination;
      const shards = shardCount(destination, batchSize);
      const health = bucketOf(incarnation, 0).bucket.healthFor(revision);
      const inUse = shardsInUse(destination, shards, health, { invocations, batchSize });
      let shard = turn.kind === 'return' ? turn.shard % shards : nextShard(count) % inUse;
      let { bucket, reserve } = bucketOf(incarnation, shard);
      let isNewcomer = turn.kind === 'newcomer';
      if (turn.kind === 'return' && clock.nowMs() < turn.atMs - earlyToleranceMs) {
        const generation = await bucket.seen.generation();
        if (generation === undefined || generation === turn.generation) return untouched(count, turn);
        isNewcomer = true;
      }
      // While the circuit is open, all deliveries wait in the first shard, because it decides when a probe may be sent.
      if (shard !== 0 && isOpen(bucketOf(incarnation, 0).bucket.health)) {
        shard = 0;
        ({ bucket, reserve } = bucketOf(incarnation, 0));
      }
      const share = shareOf(destination, shard, shards);
      const patient = !isNewcomer && turn.kind === 'return';
      // Deliveries still come back to shards that newcomers no longer use. Those shards then have a small part of the limits.
      const limits = limitsOf(destination, shard < inUse ? inUse : shards, { invocations, batchSize });
      const slowMs = () => slowAnswerMs(destination, bucketOf(incarnation, 0).bucket);
      const horizonMs = slowMs() > 0 && slowTime.isUsedUp(incarnation, clock.nowMs()) ? 0 : longestMs;
      const given = await reserve({ count, newcomer: isNewcomer, patient, horizonMs, share, limits, revision });
      // The reservation has shown the health of the endpoint.
      const answerMs = slowMs();
      if (answerMs > 0 && given.slotTimesMs.length > 0)
        slowTime.spend(incarnation, invocation, clock.nowMs(), answerMs);
      return given;
    },
    monitorOf(destination) {
      const { incarnation, revision } = destination;
      // A changed destination may have another endpoint and another number of shards.
      const create = () => createMonitor(destination, bucketsOf(destination), dependencies);
      return monitors.getOrCreate(`${incarnation}/${revision}`, create);
    },
    async pause(destination, untilMs) {
      await Promise.all(bucketsOf(destination).map((bucket) => bucket.pause(untilMs, destination.revision)));
    },
  };
}

/** @returns 0 if the endpoint is not slow, or if its owner has set how many requests may be in progress */
function slowAnswerMs({ timeoutMs, maximumConcurrency }: RatedDestination, { health }: WorkerBucket): number {
  if (maximumConcurrency !== undefined || isOpen(health) || !isSlow(health)) return 0;
  return answerTimeUs(health, { timeoutUs: timeoutMs * 1000 }) / 1000;
}

/** The first shard keeps the health of the destination. The others are paused until the next probe must have ended. */
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
    revision,
    timeoutMs,
    clock,
    random,
    log: healthLog,
    async onHalted(untilMs) {
      await Promise.all(others.map((other) => other.pause(untilMs + timeoutMs + probeMarginMs, revision)));
    },
    async onResumed() {
      await Promise.all(
        others.map(async ({ seen, change }) => {
          // Another worker may have paused the shard.
          await seen.refresh();
          await change(resumeWrite);
        }),
      );
    },
  });
}

function untouched(count: number, turn: Turn): Reservation {
  return { slotTimesMs: [], returns: Array.from({ length: count }, () => turn) };
}
