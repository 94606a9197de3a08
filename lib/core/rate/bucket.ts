import type { Health, HealthChange, HealthNumber } from '../health/health.ts';
import { isOpen } from '../health/health.ts';
import { longestReturnUs, secondUs } from './slots.ts';

/** One item of the table: the rate of a destination, or a shard of it. Times are epoch microseconds. */
export interface Bucket {
  /** Up to when slots are given away. */
  readonly slotsUntilUs: number;
  /** Up to when return times are given away; 0 before the first. */
  readonly returnsUntilUs: number;
  /** Counted from 1; raised when the return times start again. */
  readonly generation: number;
  /** The newest revision of the API destination that a worker came with. */
  readonly revision: number;
  readonly health: Health;
}

/**
 * One conditional write of a bucket, as data. The store executes it as a whole or not at all, and decides nothing. Every
 * value in it refers to the bucket before the write.
 */
export interface BucketWrite {
  readonly slots?: Advance;
  readonly returns?: Advance;
  /** Raises the generation by one, to this revision. */
  readonly raiseTo?: number;
  readonly health?: HealthChange;
  /** Keeps the end of the slots as it is before this write, in `health.slotsBeforePauseUs`. */
  readonly keepsSlotsBefore?: true;
  /** All of them must hold. */
  readonly where: readonly Clause[];
  /** Whether a missing bucket is created; otherwise it refuses the write like a clause that does not hold. */
  readonly orAbsent: boolean;
  /** The writer's revision. A new bucket begins with it, and with generation 1 unless the write raises it. */
  readonly revision: number;
  /** Epoch seconds after which the bucket may be deleted. */
  readonly expiresAtSeconds: number;
}

/** A new time: one of the bucket's own times or a given time, plus `byUs`. */
export interface Advance {
  readonly from: 'slots' | 'returns' | number;
  readonly byUs: number;
}

export interface Clause {
  readonly of: 'slots' | 'returns' | 'generation' | 'revision' | HealthNumber;
  readonly is: 'below' | 'atMost' | 'atLeast' | 'equalTo';
  readonly than: number | 'slots';
}

/** A refusal may include the bucket; no code relies on that. */
export type BucketWriteResult =
  | { readonly kind: 'written'; readonly bucket: Bucket }
  | { readonly kind: 'refused'; readonly bucket?: Bucket };

/** A pause that is longer by less than this is not written, so that a hundred refused requests do not cause a hundred writes. */
export const pauseToleranceUs = secondUs / 10;

const daySeconds = 86_400;

/** Epoch seconds: a day after the last return time that a write of now can give away. */
export function expiresAtSeconds(nowUs: number): number {
  return Math.ceil((nowUs + longestReturnUs) / secondUs) + daySeconds;
}

/** Whether the slots end where a pause that the endpoint asked for ends. */
export function endsInPause({ slotsUntilUs, health }: Bucket): boolean {
  return health.pauseEndUs > 0 && slotsUntilUs === health.pauseEndUs;
}

/**
 * Gives away every slot until that time, at most 900 s ahead. Earlier return times are not moved: a delivery that comes back
 * during the pause takes another one, behind all that already wait.
 *
 * @param bucket as last seen; the write is refused when another pause has come since
 */
export function pauseWrite(bucket: Bucket, untilUs: number, nowUs: number, revision: number): BucketWrite {
  const limitedUs = Math.min(untilUs, nowUs + longestReturnUs);
  return {
    slots: { from: limitedUs, byUs: 0 },
    health: { set: { pauseEndUs: limitedUs } },
    ...(!endsInPause(bucket) && !isOpen(bucket.health) && { keepsSlotsBefore: true }),
    where: [
      { of: 'slots', is: 'below', than: limitedUs },
      { of: 'pauseEndUs', is: 'equalTo', than: bucket.health.pauseEndUs },
      { of: 'openedAtUs', is: 'equalTo', than: bucket.health.openedAtUs },
    ],
    orAbsent: true,
    revision,
    expiresAtSeconds: expiresAtSeconds(nowUs),
  };
}
