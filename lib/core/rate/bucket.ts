import type { Health, HealthChange, HealthNumber } from '../health/health.ts';
import { isOpen } from '../health/health.ts';
import { longestReturnUs, secondUs } from './slots.ts';

/** One item of the table, which keeps the rate of a destination or of one shard. Times are epoch microseconds. */
export interface Bucket {
  /** The time up to which slots have been given away. */
  readonly slotsUntilUs: number;
  /** The time up to which return times have been given away; 0 before the first return time. */
  readonly returnsUntilUs: number;
  /** Counted from 1; raised when the return times start again. */
  readonly generation: number;
  /** The newest revision of the API destination that any worker has written here. */
  readonly revision: number;
  readonly health: Health;
}

/**
 * One conditional write of a bucket, as data, so that the store needs no logic of its own. It takes effect as a whole or not at
 * all. `'slots'` and `'returns'` mean the bucket's times before the write.
 */
export interface BucketWrite {
  readonly slots?: Advance;
  readonly returns?: Advance;
  /** If given, the write raises the generation by one and sets the bucket's revision to this number. */
  readonly raiseTo?: number;
  readonly health?: HealthChange;
  /** Stores the end of the slots before this write in `health.slotsBeforePauseUs`. */
  readonly keepsSlotsBefore?: true;
  /** The write is refused unless all of these hold. */
  readonly where: readonly Clause[];
  /** Whether the write creates a missing bucket. If false, the write is refused when the bucket is missing. */
  readonly orAbsent: boolean;
  /** The revision of the API destination that the writer knows. A new bucket begins with it, and with generation 1. */
  readonly revision: number;
  /** Epoch seconds after which the bucket may be deleted. */
  readonly expiresAtSeconds: number;
}

/** A new time for the bucket: `from` plus `byUs`. `from` is one of the bucket's own times, or a given time. */
export interface Advance {
  readonly from: 'slots' | 'returns' | number;
  readonly byUs: number;
}

export interface Clause {
  readonly of: 'slots' | 'returns' | 'generation' | 'revision' | HealthNumber;
  readonly is: 'below' | 'atMost' | 'atLeast' | 'equalTo';
  readonly than: number | 'slots';
}

/** The store may leave out the bucket of a refused write, so callers must not rely on it. */
export type BucketWriteResult =
  | { readonly kind: 'written'; readonly bucket: Bucket }
  | { readonly kind: 'refused'; readonly bucket?: Bucket };

/**
 * A new pause is written only if it ends this much later than the known pause. Then even a flood of refused requests causes few
 * writes.
 */
export const pauseToleranceUs = secondUs / 10;

const daySeconds = 86_400;

/** Epoch seconds: a day after the latest return time that can be given now. */
export function expiresAtSeconds(nowUs: number): number {
  return Math.ceil((nowUs + longestReturnUs) / secondUs) + daySeconds;
}

/** Whether the end of the slots was last moved by a pause that the endpoint asked for. */
export function endsInPause({ slotsUntilUs, health }: Bucket): boolean {
  return health.pauseEndUs > 0 && slotsUntilUs === health.pauseEndUs;
}

/**
 * What a write must do that moves the end of the slots past a pause: it keeps the end to which a changed destination goes back.
 * During a pause, this end has been kept already. The write is then refused if slots behind the pause were given away meanwhile.
 */
export function keepingSlotsBefore(bucket: Bucket, nowUs: number): Pick<BucketWrite, 'keepsSlotsBefore' | 'where'> {
  const { slotsUntilUs } = bucket;
  return endsInPause(bucket) && slotsUntilUs > nowUs
    ? { where: [{ of: 'slots', is: 'equalTo', than: slotsUntilUs }] }
    : { where: [], keepsSlotsBefore: true };
}

/**
 * Gives away every slot until `untilUs`, at most 900 s ahead. Return times stay as they are: a delivery that comes back during
 * the pause gets a new return time, behind all waiting deliveries.
 *
 * @param bucket as last seen; the write is refused if another pause has been written since
 */
export function pauseWrite(bucket: Bucket, untilUs: number, nowUs: number, revision: number): BucketWrite {
  const limitedUs = Math.min(untilUs, nowUs + longestReturnUs);
  // The circuit has kept the end of the slots when it opened.
  const { where: unchanged, ...keeps } = isOpen(bucket.health) ? { where: [] } : keepingSlotsBefore(bucket, nowUs);
  return {
    slots: { from: limitedUs, byUs: 0 },
    health: { set: { pauseEndUs: limitedUs } },
    ...keeps,
    where: [
      ...unchanged,
      { of: 'slots', is: 'below', than: limitedUs },
      { of: 'pauseEndUs', is: 'equalTo', than: bucket.health.pauseEndUs },
      { of: 'openedAtUs', is: 'equalTo', than: bucket.health.openedAtUs },
    ],
    orAbsent: true,
    revision,
    expiresAtSeconds: expiresAtSeconds(nowUs),
  };
}
