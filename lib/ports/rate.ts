import type { Bucket, BucketWrite, BucketWriteResult } from '../core/rate/bucket.ts';

/** Identifies a bucket by its destination and by the shard of the destination's rate. */
export interface BucketKey {
  readonly destinationIncarnation: string;
  readonly shard: number;
}

/** The buckets that the whole fleet shares. A throttled call fails like a table that cannot be reached. */
export interface RateBuckets {
  /** Makes one conditional write. Even if this throws, the bucket may have been written. */
  write(key: BucketKey, write: BucketWrite): Promise<BucketWriteResult>;
  /** A strongly consistent read. Undefined when no worker has written the bucket yet. */
  read(key: BucketKey): Promise<Bucket | undefined>;
}
