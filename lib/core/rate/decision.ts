import type { Advance, Bucket, BucketWrite, BucketWriteResult, Clause } from './bucket.ts';
import { expiresAtSeconds } from './bucket.ts';
import type { Share } from './slots.ts';
import { costUs, latestFromUs, longestReturnUs, oldestSlotUs, secondUs, slotTimesUs, slotsBefore } from './slots.ts';
import type { BucketView } from './view.ts';
import { viewAfterGuess, busySinceUs, countTimesAlone, markOutdated, viewWithBucket } from './view.ts';

/** A worker's request to a bucket. */
export interface SlotRequest {
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
export type AssumedState = 'busy' | 'idle' | 'empty' | 'ahead' | 'behind';

export interface Decision {
  readonly assumes: AssumedState;
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
 * @param request with `startUs` before `endUs`
 * @returns undefined when there is neither a slot before the end nor a return time within 900 s
 */
export function decide(view: BucketView, request: SlotRequest): Decision | undefined {
  const raises = view.revision > 0 && view.revision < request.revision;
  if (raises || !request.newcomer || view.returnsUntilUs <= request.startUs) return takeSlots(view, request, raises);
  const restedUs = view.seenAtUs - view.slotsUntilUs;
  if (restedUs >= emptyAfterUs) return takeFromEmpty(view, request);
  return takeReturns(view, request, false);
}

function takeSlots(view: BucketView, request: SlotRequest, raises: boolean): Decision | undefined {
  const { startUs, endUs, share, count } = request;
  const oldestUs = oldestSlotUs(startUs, share);
  const leastUs = Math.max(view.slotsUntilUs, oldestUs);
  const slots = Math.min(count, slotsBefore(endUs, leastUs, share));
  if (slots === 0) return takeReturns(view, request, raises);
  const sinceUs = busySinceUs(view, oldestUs, request.nowUs);
  const where: Clause[] =
    sinceUs === undefined
      ? [{ of: 'slots', is: 'below', than: oldestUs }]
      : [
          { of: 'slots', is: 'atLeast', than: sinceUs },
          { of: 'slots', is: 'atMost', than: latestFromUs(endUs, slots, share) },
        ];
  if (raises) where.push({ of: 'revision', is: 'below', than: request.revision });
  else if (request.newcomer) where.push({ of: 'returns', is: 'atMost', than: startUs });
  const base = sinceUs === undefined ? oldestUs : 'slots';
  const gapUs = oldestUs - (sinceUs ?? oldestUs);
  const returns = raises || request.newcomer ? Math.min(count - slots, returnsAfter(endUs, request)) : 0;
  const rest = returnsOfTheRest(request, { slots, returns, base, gapUs, leastUs, raises });
  return decision(sinceUs === undefined ? 'idle' : 'busy', request, {
    slots,
    returns,
    where,
    advances: { slots: { from: base, byUs: gapUs + costUs(slots, share) }, ...(rest && { returns: rest }) },
    raiseTo: raises ? request.revision : undefined,
    orAbsent: sinceUs === undefined,
  });
}

/** No return times lie ahead. */
const noReturns: Advance = { from: 0, byUs: 0 };

/** The number of return times from that time on. */
function returnsAfter(fromUs: number, { nowUs, share }: SlotRequest): number {
  return slotsBefore(nowUs + longestReturnUs, fromUs, share);
}

interface GivenSlots {
  readonly slots: number;
  readonly returns: number;
  readonly base: 'slots' | number;
  readonly gapUs: number;
  readonly leastUs: number;
  readonly raises: boolean;
}

/** Return times for the requests without a slot, in the same write. None lie ahead yet, or they start again. */
function returnsOfTheRest(
  request: SlotRequest,
  { slots, returns, base, gapUs, leastUs, raises }: GivenSlots,
): Advance | undefined {
  const { share, startUs } = request;
  if (returns > 0) {
    const headUs = Math.max(startUs - leastUs, costUs(slots, share) - earlyReturnUs);
    return { from: base, byUs: gapUs + headUs + costUs(returns, share) };
  }
  return raises ? noReturns : undefined;
}

/** The backlog is gone. The return times start again, under a new generation. */
function takeFromEmpty(view: BucketView, request: SlotRequest): Decision {
  const { startUs, endUs, share, count } = request;
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
  const raiseTo = Math.max(view.revision, request.revision);
  return decision('empty', request, { slots, returns: 0, where, advances, raiseTo, orAbsent: false });
}

/** Gives return times only. They follow the earlier ones; the first of them begin where the given slots end. */
function takeReturns(view: BucketView, request: SlotRequest, raises: boolean): Decision | undefined {
  const { nowUs, startUs, share } = request;
  const firstUs = Math.max(startUs, view.slotsUntilUs - earlyReturnUs);
  const raiseTo = raises ? request.revision : undefined;
  const isAhead = !raises && view.returnsUntilUs >= firstUs;
  const endUs = nowUs + longestReturnUs;
  const wanted = Math.max(request.count, request.blockCount);
  const leastUs = isAhead ? view.returnsUntilUs : firstUs;
  const returns = Math.min(wanted, returnsAfter(leastUs, request));
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
    return decision('ahead', request, { slots: 0, returns, where, advances, raiseTo, orAbsent: false });
  }
  const where: Clause[] = [
    { of: 'returns', is: 'equalTo', than: view.returnsUntilUs },
    { of: 'slots', is: 'atMost', than: latestUs },
  ];
  if (raises) where.push({ of: 'revision', is: 'below', than: request.revision });
  const advances: Advances = { returns: { from: firstUs, byUs: costOfAllUs } };
  return decision('behind', request, { slots: 0, returns, where, advances, raiseTo, orAbsent: false });
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

function decision(
  assumes: AssumedState,
  request: SlotRequest,
  { slots, returns, where, advances, raiseTo, orAbsent }: Parts,
): Decision {
  const write: BucketWrite = {
    ...advances,
    ...(raiseTo !== undefined && { raiseTo }),
    where,
    orAbsent,
    revision: request.revision,
    expiresAtSeconds: expiresAtSeconds(request.nowUs),
  };
  return { assumes, write, slots, returns };
}

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
  // A write that set the slots to a time of its own hides the time before it.
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
  // The gap that this write skips may be gone.
  const fromUs = Math.max(oldestSlotUs(request.startUs, request.share), before(write.slots, bucket.slotsUntilUs));
  const firstReturnUs = bucket.returnsUntilUs - costUs(returns, request.share);
  return {
    slotTimesUs: slotTimesUs(fromUs, request.startUs, slots, request.share),
    returnTimesUs: Array.from({ length: returns }, (_, index) => firstReturnUs + costUs(index, request.share)),
    generation: bucket.generation,
  };
}

function before(advance: Advance | undefined, untilUs: number): number {
  return advance === undefined ? untilUs : untilUs - advance.byUs;
}
