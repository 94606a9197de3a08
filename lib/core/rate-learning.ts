import type { Advance, Bucket, BucketWriteResult } from './rate-bucket.ts';
import type { Ask, Decision } from './rate-decision.ts';
import { longestReturnUs } from './rate-decision.ts';
import { costUs, latestFromUs, secondUs, slotTimesUs } from './rate-slots.ts';
import type { BucketView } from './rate-view.ts';
import { seen, unknownView, withForm } from './rate-view.ts';

/** What a written reservation gives. */
export interface Grant {
  readonly slotTimesUs: readonly number[];
  readonly returnTimesUs: readonly number[];
  readonly generation: number;
}

/** What the worker believes after its write. */
export function learn(view: BucketView, ask: Ask, decision: Decision, result: BucketWriteResult): BucketView {
  if (result.kind === 'refused' && result.bucket === undefined) return afterRefusal(view, ask, decision);
  const { bucket } = result;
  if (bucket === undefined) return view;
  if (result.kind === 'written') {
    return seen(decision.slots > 0 ? withForm(view, decision.form === 'busy') : view, bucket, ask.nowUs);
  }
  return seen(withForm(view, bucket.slotsUntilUs >= ask.startUs), bucket, ask.nowUs);
}

/** What the conditions of a refused write give away when the bucket itself was not shown. */
function afterRefusal(view: BucketView, ask: Ask, { form, returns, write }: Decision): BucketView {
  switch (form) {
    case 'idle':
      if (view.notBusy) return full(withForm(view, true), ask);
      return { ...withForm(view, true), slotsUntilUs: Math.max(view.slotsUntilUs, ask.startUs) };
    case 'busy':
      if (view.slotsUntilUs < ask.startUs) return { ...view, notBusy: true };
      return full(view, ask);
    case 'empty':
    case 'unused':
      return { ...view, seenAtUs: view.slotsUntilUs };
    case 'ahead':
    case 'behind': {
      const latestUs = ask.nowUs + longestReturnUs - costUs(returns, ask.share);
      const isNearEnd = view.returnsUntilUs > latestUs - nearEndUs;
      if (form === 'ahead' && isNearEnd) return { ...view, returnsUntilUs: ask.nowUs + longestReturnUs };
      if (write.raiseTo !== undefined) return { ...view, revision: write.raiseTo };
      if (view.returnsRefused > 0) return { ...unknownView, busyLikelihood: view.busyLikelihood };
      return { ...view, returnsAhead: form === 'behind', returnsRefused: 1 };
    }
  }
}

/** Return times that were so close to the longest delay may have reached it since. */
const nearEndUs = 10 * secondUs;

/** No slot before the end; a worker that has seen return times before supposes that those are why. */
function full(view: BucketView, ask: Ask): BucketView {
  const slotsUntilUs = latestFromUs(ask.endUs, 1, ask.share) + 1;
  const revision = Math.max(view.revision, view.revision > 0 ? ask.revision : 0);
  return { ...view, slotsUntilUs: Math.max(view.slotsUntilUs, slotsUntilUs), revision };
}

/** What is given, from what the bucket holds after the write. */
export function grantOf(ask: Ask, { write, slots, returns }: Decision, bucket: Bucket): Grant {
  const fromUs = before(write.slots, bucket.slotsUntilUs);
  const firstReturnUs = bucket.returnsUntilUs - costUs(returns, ask.share);
  return {
    slotTimesUs: slots === 0 ? [] : slotTimesUs(fromUs, ask.startUs, slots, ask.share),
    returnTimesUs: Array.from({ length: returns }, (_, index) => firstReturnUs + costUs(index, ask.share)),
    generation: bucket.generation,
  };
}

function before(advance: Advance | undefined, untilUs: number): number {
  return advance === undefined ? untilUs : untilUs - advance.byUs;
}
