import type { HealthChange } from '../../lib/core/health/health.ts';
import { unknownHealth } from '../../lib/core/health/health.ts';
import type { Advance, Bucket, BucketWrite, Clause } from '../../lib/core/rate/bucket.ts';
import type { BucketKey, RateBuckets } from '../../lib/ports/rate.ts';

/** Rate buckets in memory. They pass the contract suite of the DynamoDB adapter. */
export interface InMemoryRateBuckets extends RateBuckets {
  /** The number of attempted writes, refused ones included. */
  readonly writes: number;
}

/** @param options.showsRefuser whether a refused write returns the bucket, as in DynamoDB; the port does not promise it */
export function createInMemoryRateBuckets({ showsRefuser = true } = {}): InMemoryRateBuckets {
  const buckets = new Map<string, Bucket>();
  let writes = 0;
  return {
    async write(key, write) {
      writes += 1;
      const before = buckets.get(textOf(key));
      if (!isAllowed(write, before)) {
        return { kind: 'refused', ...(showsRefuser && before !== undefined && { bucket: before }) };
      }
      const bucket = written(write, before);
      buckets.set(textOf(key), bucket);
      return { kind: 'written', bucket };
    },
    async read(key) {
      return buckets.get(textOf(key));
    },
    get writes() {
      return writes;
    },
  };
}

function textOf({ destinationIncarnation, shard }: BucketKey): string {
  return `${destinationIncarnation}/${shard}`;
}

function isAllowed({ where, orAbsent }: BucketWrite, before: Bucket | undefined): boolean {
  return before === undefined ? orAbsent : where.every((clause) => holds(clause, before));
}

function holds({ of, is, than }: Clause, bucket: Bucket): boolean {
  const value = { slots: bucket.slotsUntilUs, returns: bucket.returnsUntilUs, ...bucket, ...bucket.health }[of];
  const limit = than === 'slots' ? bucket.slotsUntilUs : than;
  switch (is) {
    case 'below':
      return value < limit;
    case 'atMost':
      return value <= limit;
    case 'atLeast':
      return value >= limit;
    case 'equalTo':
      return value === limit;
  }
}

function written(write: BucketWrite, before: Bucket | undefined): Bucket {
  const { slotsUntilUs, returnsUntilUs, generation, revision, health } = before ?? {
    slotsUntilUs: 0,
    returnsUntilUs: 0,
    generation: write.raiseTo === undefined ? 1 : 0,
    revision: write.revision,
    health: unknownHealth,
  };
  const advanced = ({ from, byUs }: Advance): number =>
    byUs + (typeof from === 'number' ? from : { slots: slotsUntilUs, returns: returnsUntilUs }[from]);
  return {
    slotsUntilUs: write.slots === undefined ? slotsUntilUs : advanced(write.slots),
    returnsUntilUs: write.returns === undefined ? returnsUntilUs : advanced(write.returns),
    generation: write.raiseTo === undefined ? generation : generation + 1,
    revision: write.raiseTo ?? revision,
    health: {
      ...changed(health, write.health),
      ...(write.keepsSlotsBefore && { slotsBeforePauseUs: slotsUntilUs }),
    },
  };
}

function changed(health: Bucket['health'], { set, addFailures = 0 }: HealthChange = {}): Bucket['health'] {
  return { ...health, failuresInRow: health.failuresInRow + addFailures, ...set };
}
