import type { Bucket, BucketWrite, BucketWriteResult } from '../core/rate/bucket.ts';

/** Which bucket: a destination's, and of those the shard. */
export interface BucketKey {
  readonly destinationIncarnation: string;
  readonly shard: number;
}

/** The buckets that the whole fleet shares. What is throttled counts as what cannot be reached. */
export interface RateBuckets {
  /** One conditional write. What threw may have been written all the same. */
  write(key: BucketKey, write: BucketWrite): Promise<BucketWriteResult>;
  /** Strongly consistent. Undefined: nobody has written it yet. */
  read(key: BucketKey): Promise<Bucket | undefined>;
}
