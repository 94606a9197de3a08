import { Failure } from '../../lib/core/failure/failure.ts';
import type { Random } from '../../lib/ports/clock.ts';
import type { RateBuckets } from '../../lib/ports/rate.ts';
import { createInMemoryRateBuckets } from '../../test/fakes/in-memory-rate-buckets.ts';
import type { FleetClock } from './clock.ts';

export interface FleetTableOptions {
  /** Average time of a call with its answer. The write happens after half of this time. */
  readonly latencyMs: number;
  /** Chance that a write is throttled. */
  readonly throttled: number;
  /** Writes per second that one item accepts. Further writes are throttled. */
  readonly itemWritesPerSecond: number;
  readonly showsRefuser: boolean;
}

/** Buckets with the latency and the limits of a table. */
export interface FleetTable extends RateBuckets {
  /** Includes refused and throttled writes. */
  readonly writes: number;
  readonly reads: number;
}

export function createFleetTable(clock: FleetClock, random: Random, options: FleetTableOptions): FleetTable {
  const buckets = createInMemoryRateBuckets({ showsRefuser: options.showsRefuser });
  const seconds = new Map<number, { second: number; writes: number }>();
  let writes = 0;
  let reads = 0;
  const halfWay = () => clock.wait(options.latencyMs * (0.25 + random() / 2));

  function isThrottled(shard: number): boolean {
    const second = Math.floor(clock.nowMs / 1000);
    const known = seconds.get(shard);
    const item = known?.second === second ? known : { second, writes: 0 };
    item.writes += 1;
    seconds.set(shard, item);
    return item.writes > options.itemWritesPerSecond || random() < options.throttled;
  }

  return {
    async write(key, write) {
      writes += 1;
      await halfWay();
      if (isThrottled(key.shard)) {
        await halfWay();
        throw new Failure('StoreUnavailable', 'The table is throttled.');
      }
      const result = await buckets.write(key, write);
      await halfWay();
      return result;
    },
    async read(key) {
      reads += 1;
      await halfWay();
      const bucket = await buckets.read(key);
      await halfWay();
      return bucket;
    },
    get writes() {
      return writes;
    },
    get reads() {
      return reads;
    },
  };
}
