import { longestReturnUs, secondUs } from './slots.ts';

/** What one item of the table says of a destination's rate, or of a shard of it. Times are epoch microseconds. */
export interface Bucket {
  /** Up to when slots are given away. */
  readonly slotsUntilUs: number;
  /** Up to when return times are given away; 0 before the first. */
  readonly returnsUntilUs: number;
  /** Counted from 1; raised when the return times start again. */
  readonly generation: number;
  /** The newest revision of the API destination that a worker came with. */
  readonly revision: number;
}

/**
 * One conditional write of a bucket, as data: whoever keeps buckets executes it, and decides nothing. It is executed as a
 * whole or not at all, and every value that it refers to is the one before the write.
 */
export interface BucketWrite {
  readonly slots?: Advance;
  readonly returns?: Advance;
  /** Raises the generation by one, to this revision. */
  readonly raiseTo?: number;
  /** All of them must hold. */
  readonly where: readonly Clause[];
  /** Whether a bucket that does not exist is written too; else that is refused like a clause that does not hold. */
  readonly orAbsent: boolean;
  /** Of who writes; a bucket that is new begins with it, and with generation 1 when nothing raises it. */
  readonly revision: number;
  /** Epoch seconds after which nobody misses the bucket. */
  readonly expiresAtSeconds: number;
}

/** A new time: one of the bucket's own, or a given one, and so much more. */
export interface Advance {
  readonly from: 'slots' | 'returns' | number;
  readonly byUs: number;
}

export interface Clause {
  readonly of: 'slots' | 'returns' | 'generation' | 'revision';
  readonly is: 'below' | 'atMost' | 'atLeast' | 'equalTo';
  readonly than: number | 'slots';
}

/** A refusal may come with the bucket that refused; nothing relies on that. */
export type BucketWriteResult =
  | { readonly kind: 'written'; readonly bucket: Bucket }
  | { readonly kind: 'refused'; readonly bucket?: Bucket };

/** A pause asks for no more precision than this, so that a hundred refused requests do not make a hundred writes. */
export const pauseToleranceUs = secondUs / 10;

const daySeconds = 86_400;

/** Epoch seconds: a day after the last return time that a write of now can give away. */
export function expiresAtSeconds(nowUs: number): number {
  return Math.ceil((nowUs + longestReturnUs) / secondUs) + daySeconds;
}

/**
 * Gives away every slot until then, at most 900 s ahead. Return times that lie before are not moved: who comes back in the
 * pause takes another one, behind all that wait already.
 */
export function pauseWrite(untilUs: number, nowUs: number, revision: number): BucketWrite {
  const limitedUs = Math.min(untilUs, nowUs + longestReturnUs);
  return {
    slots: { from: limitedUs, byUs: 0 },
    where: [{ of: 'slots', is: 'below', than: limitedUs }],
    orAbsent: true,
    revision,
    expiresAtSeconds: expiresAtSeconds(nowUs),
  };
}
