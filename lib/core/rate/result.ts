import type { Advance, Bucket, BucketWriteResult } from './bucket.ts';
import type { Decision, SlotRequest } from './decision.ts';
import { costUs, oldestSlotUs, slotTimesUs } from './slots.ts';
import type { BucketView } from './view.ts';
import { viewAfterGuess, countTimesAlone, markOutdated, viewWithBucket } from './view.ts';

/** The slots and return times of a successful reservation. */
export interface Grant {
  readonly slotTimesUs: readonly number[];
  readonly returnTimesUs: readonly number[];
  readonly generation: number;
}

/** The view after a write. A refusal that does not return the bucket makes the view outdated. */
export function viewAfterWrite(
  view: BucketView,
  request: SlotRequest,
  decision: Decision,
  result: BucketWriteResult,
): BucketView {
  if (result.bucket === undefined) return markOutdated(view);
  if (result.kind === 'refused') return viewAfterRead(view, request, result.bucket);
  const oldestUs = oldestSlotUs(request.startUs, request.share);
  const guessed =
    decision.slots === 0 ? view : viewAfterGuess(view, oldestUs, request.nowUs, decision.assumes === 'busy');
  const { slots } = decision.write;
  // After a write that replaces the end of the slots, the bucket does not show where that end was before.
  const known = slots?.from === 'slots' || slots === undefined;
  const judged = known ? countTimesAlone(guessed, before(slots, result.bucket.slotsUntilUs)) : guessed;
  return viewWithBucket(judged, result.bucket, request.nowUs);
}

/** The view after a read of the bucket. */
export function viewAfterRead(
  view: BucketView,
  { startUs, nowUs, share }: SlotRequest,
  bucket: Bucket | undefined,
): BucketView {
  const oldestUs = oldestSlotUs(startUs, share);
  const wasBusy = bucket !== undefined && bucket.slotsUntilUs >= oldestUs;
  const judged = countTimesAlone(view, bucket?.slotsUntilUs ?? 0);
  return viewWithBucket(viewAfterGuess(judged, oldestUs, nowUs, wasBusy), bucket, nowUs);
}

/** The given slots and return times, computed from the bucket after the write. */
export function grantOf(request: SlotRequest, { write, slots, returns }: Decision, bucket: Bucket): Grant {
  // Slots before the oldest usable one are lost, even if nobody has used them.
  const fromUs = Math.max(oldestSlotUs(request.startUs, request.share), before(write.slots, bucket.slotsUntilUs));
  const firstReturnUs = bucket.returnsUntilUs - costUs(returns, request.returnShare);
  return {
    slotTimesUs: slotTimesUs(fromUs, request.startUs, slots, request.share),
    returnTimesUs: Array.from({ length: returns }, (_, index) => firstReturnUs + costUs(index, request.returnShare)),
    generation: bucket.generation,
  };
}

function before(advance: Advance | undefined, untilUs: number): number {
  return advance === undefined ? untilUs : untilUs - advance.byUs;
}
