import type { Advance, Bucket, BucketWrite, BucketWriteResult, Clause } from './bucket.ts';
import { expiresAtSeconds } from './bucket.ts';
import type { Share } from './slots.ts';
import { costUs, latestFromUs, longestReturnUs, oldestSlotUs, secondUs, slotTimesUs, slotsBefore } from './slots.ts';
import type { BucketView } from './view.ts';
import { afterGuess, busySinceUs, found, outdated, seen } from './view.ts';

/** A worker's request to a bucket. */
export interface Ask {
  readonly count: number;
  /** Newcomers queue behind the deliveries that have a return time. */
  readonly newcomer: boolean;
  readonly nowUs: number;
  /** The earliest time at which a slot can be used: now plus the time of the write. */
  readonly startUs: number;
  /** Only slots that begin before this time are wanted. */
  readonly endUs: number;
  readonly share: Share;
  readonly revision: number;
  /** How many return times to take when there are no slots: `count`, or more for events that are expected soon. */
  readonly blockCount: number;
}

/** The state of the bucket that a write assumes; docs/rate.md draws them. */
export type Form = 'busy' | 'idle' | 'empty' | 'ahead' | 'behind';

export interface Decision {
  readonly form: Form;
  readonly write: BucketWrite;
  /** Slots and return times that the write gives when it succeeds. */
  readonly slots: number;
  readonly returns: number;
}

/**
 * A message is delayed by whole seconds, so it may come back a second late. Return times run ahead of the slots by a second,
 * or no slot would be used in the first second of a backlog.
 */
const earlyReturnUs = secondUs;

/** When no delivery of a backlog has come back for this long, the backlog is gone: delivered, dead-lettered or moved. */
const emptyAfterUs = 5 * secondUs;

/**
 * Decides which one write gives the most, based on the worker's view of the bucket. The write's conditions make it harmless
 * when the view is wrong.
 *
 * @param ask with `startUs` before `endUs`
 * @returns undefined when there is neither a slot before the end nor a return time within 900 s
 */
export function decide(view: BucketView, ask: Ask): Decision | undefined {
  const raises = view.revision > 0 && view.revision < ask.revision;
  if (raises || !ask.newcomer || view.returnsUntilUs <= ask.startUs) return takeSlots(view, ask, raises);
  const restedUs = view.seenAtUs - view.slotsUntilUs;
  if (restedUs >= emptyAfterUs) return takeFromEmpty(view, ask);
  return takeReturns(view, ask, false);
}

function takeSlots(view: BucketView, ask: Ask, raises: boolean): Decision | undefined {
  const { startUs, endUs, share, count } = ask;
  const oldestUs = oldestSlotUs(startUs, share);
  const leastUs = Math.max(view.slotsUntilUs, oldestUs);
  const slots = Math.min(count, slotsBefore(endUs, leastUs, share));
  if (slots === 0) return takeReturns(view, ask, raises);
  const sinceUs = busySinceUs(view, oldestUs, ask.nowUs);
  const where: Clause[] =
    sinceUs === undefined
      ? [{ of: 'slots', is: 'below', than: oldestUs }]
      : [
          { of: 'slots', is: 'atLeast', than: sinceUs },
          { of: 'slots', is: 'atMost', than: latestFromUs(endUs, slots, share) },
        ];
  if (raises) where.push({ of: 'revision', is: 'below', than: ask.revision });
  else if (ask.newcomer) where.push({ of: 'returns', is: 'atMost', than: startUs });
  const base = sinceUs === undefined ? oldestUs : 'slots';
  const gapUs = oldestUs - (sinceUs ?? oldestUs);
  const returns = raises || ask.newcomer ? Math.min(count - slots, returnsAfter(endUs, ask)) : 0;
  const rest = restOf(ask, { slots, returns, base, gapUs, leastUs, raises });
  return decision(sinceUs === undefined ? 'idle' : 'busy', ask, {
    slots,
    returns,
    where,
    advances: { slots: { from: base, byUs: gapUs + costUs(slots, share) }, ...(rest && { returns: rest }) },
    raiseTo: raises ? ask.revision : undefined,
    orAbsent: sinceUs === undefined,
  });
}

/** No return times lie ahead. */
const noReturns: Advance = { from: 0, byUs: 0 };

/** The number of return times from that time on. */
function returnsAfter(fromUs: number, { nowUs, share }: Ask): number {
  return slotsBefore(nowUs + longestReturnUs, fromUs, share);
}

interface Taken {
  readonly slots: number;
  readonly returns: number;
  readonly base: 'slots' | number;
  readonly gapUs: number;
  readonly leastUs: number;
  readonly raises: boolean;
}

/** Return times for the requests without a slot, in the same write. None lie ahead yet, or they start again. */
function restOf(ask: Ask, { slots, returns, base, gapUs, leastUs, raises }: Taken): Advance | undefined {
  const { share, startUs } = ask;
  if (returns > 0) {
    const headUs = Math.max(startUs - leastUs, costUs(slots, share) - earlyReturnUs);
    return { from: base, byUs: gapUs + headUs + costUs(returns, share) };
  }
  return raises ? noReturns : undefined;
}

/** The backlog is gone. The return times start again, under a new generation. */
function takeFromEmpty(view: BucketView, ask: Ask): Decision {
  const { startUs, endUs, share, count } = ask;
  // No slot was taken since then, so no burst reaches further back.
  const emptySinceUs = startUs - emptyAfterUs;
  const fromUs = Math.max(oldestSlotUs(startUs, share), emptySinceUs);
  const slots = Math.min(count, slotsBefore(endUs, fromUs, share));
  const where: Clause[] = [
    { of: 'slots', is: 'below', than: emptySinceUs },
    { of: 'generation', is: 'equalTo', than: view.generation },
  ];
  const advances = { slots: { from: fromUs, byUs: costUs(slots, share) }, returns: noReturns };
  // The worker may know an older revision than the bucket: that one must not come back.
  const raiseTo = Math.max(view.revision, ask.revision);
  return decision('empty', ask, { slots, returns: 0, where, advances, raiseTo, orAbsent: false });
}

/** Gives return times only. They follow the earlier ones; the first of them begin where the given slots end. */
function takeReturns(view: BucketView, ask: Ask, raises: boolean): Decision | undefined {
  const { nowUs, startUs, share } = ask;
  const firstUs = Math.max(startUs, view.slotsUntilUs - earlyReturnUs);
  const raiseTo = raises ? ask.revision : undefined;
  const isAhead = !raises && view.returnsUntilUs >= firstUs;
  const endUs = nowUs + longestReturnUs;
  const wanted = Math.max(ask.count, ask.blockCount);
  const leastUs = isAhead ? view.returnsUntilUs : firstUs;
  const returns = Math.min(wanted, returnsAfter(leastUs, ask));
  if (returns === 0) return undefined;
  const costOfAllUs = costUs(returns, share);
  const latestUs = endUs - costUs(returns - 1, share);
  if (isAhead) {
    const where: Clause[] = [
      { of: 'returns', is: 'atLeast', than: startUs },
      { of: 'returns', is: 'atMost', than: latestUs },
      // After a pause that this worker has not seen, the return times must begin behind the pause.
      { of: 'slots', is: 'atMost', than: view.returnsUntilUs + earlyReturnUs },
    ];
    const advances: Advances = { returns: { from: 'returns', byUs: costOfAllUs } };
    return decision('ahead', ask, { slots: 0, returns, where, advances, raiseTo, orAbsent: false });
  }
  const where: Clause[] = [
    { of: 'returns', is: 'equalTo', than: view.returnsUntilUs },
    { of: 'slots', is: 'atMost', than: latestUs },
  ];
  if (raises) where.push({ of: 'revision', is: 'below', than: ask.revision });
  const advances: Advances = { returns: { from: firstUs, byUs: costOfAllUs } };
  return decision('behind', ask, { slots: 0, returns, where, advances, raiseTo, orAbsent: false });
}

type Advances = Pick<BucketWrite, 'slots' | 'returns'>;

interface Parts {
  readonly slots: number;
  readonly returns: number;
  readonly where: readonly Clause[];
  readonly advances: Advances;
  readonly raiseTo: number | undefined;
  readonly orAbsent: boolean;
}

function decision(form: Form, ask: Ask, { slots, returns, where, advances, raiseTo, orAbsent }: Parts): Decision {
  const write: BucketWrite = {
    ...advances,
    ...(raiseTo !== undefined && { raiseTo }),
    where,
    orAbsent,
    revision: ask.revision,
    expiresAtSeconds: expiresAtSeconds(ask.nowUs),
  };
  return { form, write, slots, returns };
}

/** The slots and return times of a successful reservation. */
export interface Grant {
  readonly slotTimesUs: readonly number[];
  readonly returnTimesUs: readonly number[];
  readonly generation: number;
}

/** The view after a write. A refusal that does not return the bucket makes the view outdated. */
export function learn(view: BucketView, ask: Ask, decision: Decision, result: BucketWriteResult): BucketView {
  if (result.bucket === undefined) return outdated(view);
  if (result.kind === 'refused') return look(view, ask, result.bucket);
  const oldestUs = oldestSlotUs(ask.startUs, ask.share);
  const guessed = decision.slots === 0 ? view : afterGuess(view, oldestUs, ask.nowUs, decision.form === 'busy');
  const { slots } = decision.write;
  // A write that set the slots to a time of its own hides the time before it.
  const known = slots?.from === 'slots' || slots === undefined;
  const judged = known ? found(guessed, before(slots, result.bucket.slotsUntilUs)) : guessed;
  return seen(judged, result.bucket, ask.nowUs);
}

/** The view after a read of the bucket. */
export function look(view: BucketView, { startUs, nowUs, share }: Ask, bucket: Bucket | undefined): BucketView {
  const oldestUs = oldestSlotUs(startUs, share);
  const wasBusy = bucket !== undefined && bucket.slotsUntilUs >= oldestUs;
  const judged = found(view, bucket?.slotsUntilUs ?? 0);
  return seen(afterGuess(judged, oldestUs, nowUs, wasBusy), bucket, nowUs);
}

/** The given slots and return times, computed from the bucket after the write. */
export function grantOf(ask: Ask, { write, slots, returns }: Decision, bucket: Bucket): Grant {
  // The gap that this write skips may be gone.
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
