import { Failure } from '../lib/core/failure.ts';
import type { RateBuckets } from '../lib/ports.ts';
import { createInMemoryRateBuckets } from '../test/fakes/in-memory-rate-buckets.ts';
import type { FleetClock } from './fleet-clock.ts';

export interface FleetTableOptions {
  /** Of every call, there and back; half of it lies before the write. */
  readonly latencyMs: number;
  /** Chance of a write to be throttled. */
  readonly throttled: number;
  readonly showsRefuser: boolean;
}

/** Buckets that are as far away as a table is. */
export interface FleetTable extends RateBuckets {
  readonly writes: number;
  readonly reads: number;
}

export function createFleetTable(clock: FleetClock, random: () => number, options: FleetTableOptions): FleetTable {
  const buckets = createInMemoryRateBuckets({ showsRefuser: options.showsRefuser });
  let writes = 0;
  let reads = 0;
  const halfWay = () => clock.wait(options.latencyMs * (0.25 + random() / 2));
  return {
    async write(key, write) {
      writes += 1;
      await halfWay();
      if (random() < options.throttled) {
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
