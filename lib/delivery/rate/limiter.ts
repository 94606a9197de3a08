import { BoundedMap } from '../../core/input/bounded-map.ts';
import type { RatedDestination, Reservation, Turn } from '../../core/rate/shards.ts';
import { newcomer, shardCount, shareOf } from '../../core/rate/shards.ts';
import type { BucketCall, BucketDependencies } from './worker-bucket.ts';
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
}

export interface RateLimiterDependencies extends BucketDependencies {
  /** Requests that one write reserves for when a destination is busy; the same for all workers of a stack. */
  readonly batchSize: number;
}

/** Buckets that a worker remembers. A forgotten bucket costs one more write. */
const maxBuckets = 10_000;

/** A clock may be this far behind the clock that gave the turn. */
const earlyToleranceMs = 100;

/** A bucket that this worker has used, and the queue of calls to it. */
interface KnownBucket {
  readonly bucket: WorkerBucket;
  readonly reserve: (call: BucketCall) => Promise<Reservation>;
}

export function createRateLimiter(dependencies: RateLimiterDependencies): RateLimiter {
  const { batchSize, clock, random } = dependencies;
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
      const bucket = new WorkerBucket({ destinationIncarnation, shard }, dependencies);
      return { bucket, reserve: createReservationQueue(bucket) };
    });
  }

  return {
    async reserve(destination, count, { horizonMs, turn = newcomer }) {
      if (count === 0) return { slotTimesMs: [], returns: [] };
      const { incarnation, revision } = destination;
      const shards = shardCount(destination, batchSize);
      const shard = (turn.kind === 'return' ? turn.shard : nextShard(count)) % shards;
      const { bucket, reserve } = bucketOf(incarnation, shard);
      let isNewcomer = turn.kind === 'newcomer';
      if (turn.kind === 'return' && clock.nowMs() < turn.atMs - earlyToleranceMs) {
        const generation = await bucket.generation();
        if (generation === undefined || generation === turn.generation) return untouched(count, turn);
        isNewcomer = true;
      }
      const share = shareOf(destination, shard, shards);
      const patient = !isNewcomer && turn.kind === 'return';
      return reserve({ count, newcomer: isNewcomer, patient, horizonMs, share, revision });
    },
    async pause(destination, untilMs) {
      const { incarnation, revision } = destination;
      const shards = shardCount(destination, dependencies.batchSize);
      const all = Array.from({ length: shards }, (_, shard) => bucketOf(incarnation, shard).bucket);
      await Promise.all(all.map((bucket) => bucket.pause(untilMs, revision)));
    },
  };
}

function untouched(count: number, turn: Turn): Reservation {
  return { slotTimesMs: [], returns: Array.from({ length: count }, () => turn) };
}

interface Waiting {
  readonly call: BucketCall;
  readonly resolve: (given: Reservation) => void;
  readonly reject: (error: unknown) => void;
}

/** Makes one reservation of a bucket at a time. Calls that come during a write share the next write. */
export function createReservationQueue(bucket: Pick<WorkerBucket, 'gather' | 'reserve'>) {
  let waiting: Waiting[] = [];
  let gathering: Waiting[] = [];
  let isRunning = false;

  function enqueue(...calls: readonly Waiting[]): void {
    waiting.push(...calls);
    if (!isRunning) void run();
  }

  /** Calls that come while the first one waits share its write. The wait does not move their horizon. */
  async function gather(): Promise<void> {
    const gatheredMs = await bucket.gather();
    const gathered = gathering;
    gathering = [];
    const sooner = ({ horizonMs, ...call }: BucketCall) => ({
      ...call,
      horizonMs: Math.max(0, horizonMs - gatheredMs),
    });
    enqueue(...gathered.map(({ call, ...each }) => ({ ...each, call: sooner(call) })));
  }

  async function run(): Promise<void> {
    isRunning = true;
    // Calls of the same moment share a write.
    await Promise.resolve();
    while (waiting[0] !== undefined) {
      const { call } = waiting[0];
      const group = waiting.filter((each) => wantsSame(each.call, call));
      waiting = waiting.filter((each) => !wantsSame(each.call, call));
      const count = group.reduce((sum, each) => sum + each.call.count, 0);
      try {
        share(group, await bucket.reserve({ ...call, count }));
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    isRunning = false;
  }

  return (call: BucketCall): Promise<Reservation> =>
    new Promise((resolve, reject) => {
      const asking = { call, resolve, reject };
      if (!call.patient) return enqueue(asking);
      gathering.push(asking);
      if (gathering.length === 1) void gather();
    });
}

function wantsSame(one: BucketCall, other: BucketCall): boolean {
  return (
    one.newcomer === other.newcomer &&
    one.horizonMs === other.horizonMs &&
    one.revision === other.revision &&
    one.share.ratePerSecond === other.share.ratePerSecond &&
    one.share.burst === other.share.burst
  );
}

/** Shares in the order of the calls: the first call gets the first slots. */
function share(group: readonly Waiting[], { slotTimesMs, returns }: Reservation): void {
  let slot = 0;
  let turn = 0;
  for (const { call, resolve } of group) {
    const slots = slotTimesMs.slice(slot, slot + call.count);
    const rest = returns.slice(turn, turn + call.count - slots.length);
    slot += slots.length;
    turn += rest.length;
    resolve({ slotTimesMs: slots, returns: rest });
  }
}
