import { unknownHealth } from '../../../lib/core/health/health.ts';
import type { Bucket } from '../../../lib/core/rate/bucket.ts';
import type { SlotRequest } from '../../../lib/core/rate/decision.ts';
import type { BucketView } from '../../../lib/core/rate/view.ts';
import { viewWithBucket, unknownView } from '../../../lib/core/rate/view.ts';
import { wholeAllowance } from '../../fakes/healthy.ts';

export const nowUs = Date.UTC(2026, 0, 1) * 1000;

/** The time this many milliseconds after now, in microseconds. */
export function at(ms: number): number {
  return nowUs + ms * 1000;
}

/** A bucket that nobody has used since 1970. */
export const restedBucket: Bucket = {
  slotsUntilUs: 0,
  returnsUntilUs: 0,
  generation: 1,
  revision: 1,
  health: unknownHealth,
};

/** Three newcomers at a rate of ten a second, with a horizon of two seconds. */
export const ordinaryRequest: SlotRequest = {
  count: 3,
  newcomer: true,
  nowUs,
  startUs: nowUs,
  endUs: at(2000),
  ...wholeAllowance({ ratePerSecond: 10, burst: 1 }),
  revision: 1,
  blockCount: 0,
};

/** The view of a worker that saw this bucket at `seenAtUs`, by default now. */
export function viewOf(bucket: Partial<Bucket>, seenAtUs = nowUs): BucketView {
  return viewWithBucket(unknownView, { ...restedBucket, ...bucket }, seenAtUs);
}
