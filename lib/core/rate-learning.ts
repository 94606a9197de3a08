import type { Advance, Bucket, BucketWriteResult } from './rate-bucket.ts';
import type { Ask, Decision } from './rate-decision.ts';
import { costUs, oldestSlotUs, slotTimesUs } from './rate-slots.ts';
import type { BucketView } from './rate-view.ts';
import { afterGuess, found, outdated, seen } from './rate-view.ts';

/** What a written reservation gives. */
export interface Grant {
  readonly slotTimesUs: readonly number[];
  readonly returnTimesUs: readonly number[];
  readonly generation: number;
}

/** What the worker believes after its write. A refusal that does not show the bucket teaches that it has to be looked at. */
export function learn(view: BucketView, ask: Ask, decision: Decision, result: BucketWriteResult): BucketView {
  if (result.bucket === undefined) return outdated(view);
  if (result.kind === 'refused') return look(view, ask, result.bucket);
  const oldestUs = oldestSlotUs(ask.startUs, ask.share);
  const guessed = decision.slots === 0 ? view : afterGuess(view, oldestUs, ask.nowUs, decision.form === 'busy');
  const { slots } = decision.write;
  // What was there before a write that set its own time is not known.
  const known = slots?.from === 'slots' || slots === undefined;
  const judged = known ? found(guessed, before(slots, result.bucket.slotsUntilUs)) : guessed;
  return seen(judged, result.bucket, ask.nowUs);
}

/** What the worker believes after it has seen the bucket. */
export function look(view: BucketView, { startUs, nowUs, share }: Ask, bucket: Bucket | undefined): BucketView {
  const oldestUs = oldestSlotUs(startUs, share);
  const wasBusy = bucket !== undefined && bucket.slotsUntilUs >= oldestUs;
  const judged = found(view, bucket?.slotsUntilUs ?? 0);
  return seen(afterGuess(judged, oldestUs, nowUs, wasBusy), bucket, nowUs);
}

/** What is given, from what the bucket holds after the write. */
export function grantOf(ask: Ask, { write, slots, returns }: Decision, bucket: Bucket): Grant {
  // Whoever passes over a gap may find it gone.
  const fromUs = Math.max(oldestSlotUs(ask.startUs, ask.share), before(write.slots, bucket.slotsUntilUs));
  const firstReturnUs = bucket.returnsUntilUs - costUs(returns, ask.share);
  return {
    slotTimesUs: slotTimesUs(fromUs, ask.startUs, slots, ask.share),
    returnTimesUs: Array.from({ length: returns }, (_, index) => firstReturnUs + costUs(index, ask.share)),
    generation: bucket.generation,
  };
}

function before(advance: Advance | undefined, untilUs: number): number {
  return advance === undefined ? untilUs : untilUs - advance.byUs;
}
