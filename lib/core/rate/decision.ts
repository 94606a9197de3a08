import type { Advance, BucketWrite, Clause } from './bucket.ts';
import { endsInPause, expiresAtSeconds } from './bucket.ts';
import type { Allowance } from '../health/allowance.ts';
import { forgottenHealth, isOpen } from '../health/health.ts';
import { costUs, latestFromUs, longestReturnUs, oldestSlotUs, secondUs, slotsBefore } from './slots.ts';
import type { BucketView } from './view.ts';
import { busySinceUs } from './view.ts';

/** A worker's request for slots of a bucket. */
export interface SlotRequest extends Allowance {
  readonly count: number;
  /** Whether the deliveries are newcomers, which queue behind the deliveries that have a return time. */
  readonly newcomer: boolean;
  readonly nowUs: number;
  /** The earliest time at which a slot can be used: now plus the time of the write. */
  readonly startUs: number;
  /** Only slots that begin before this time are wanted. */
  readonly endUs: number;
  readonly revision: number;
  /** If there are no slots, at least this many return times are taken, for events that are expected soon. */
  readonly blockCount: number;
  /** The mean duration of a request; absent when this worker has measured no request since its last write. */
  readonly answerUs?: number | undefined;
}

/** The state of the bucket that a write assumes. docs/rate.md draws the states; only a wrong clock causes `impossible`. */
export type AssumedState = 'busy' | 'idle' | 'empty' | 'ahead' | 'behind' | 'impossible';

export interface Decision {
  readonly assumes: AssumedState;
  readonly write: BucketWrite;
  /** Numbers of slots and return times that the write gives when it succeeds. */
  readonly slots: number;
  readonly returns: number;
}

/** If no delivery of a backlog has come back for this long, the backlog counts as gone: delivered, dead-lettered or moved. */
const emptyAfterUs = 5 * secondUs;

/** How far ahead a probe or a return can be planned. Only a worker with a wrong clock writes a later time. */
const longestPlanUs = 2 * longestReturnUs + 200 * secondUs;

/**
 * Chooses the write that gives the most, based on the worker's view of the bucket. If the view is wrong, the conditions of
 * the write fail, and the bucket stays as it is.
 *
 * @param request its `startUs` must be before its `endUs`
 * @returns undefined when there is neither a slot before the end nor a return time within 900 s
 */
export function decide(view: BucketView, request: SlotRequest): Decision | undefined {
  const raises = view.revision > 0 && view.revision < request.revision;
  const impossible = impossibleTimeOf(view, request);
  if (impossible !== undefined) return takeAnew(view, request, impossible);
  if (raises || !request.newcomer || view.returnsUntilUs <= request.startUs) return takeSlots(view, request, raises);
  const restedUs = view.seenAtUs - view.slotsUntilUs;
  if (restedUs >= emptyAfterUs && request.mostSlots > 0) return takeFromEmpty(view, request);
  return takeReturns(view, request, false);
}

function takeSlots(view: BucketView, request: SlotRequest, raises: boolean): Decision | undefined {
  const { startUs, endUs, share, count } = request;
  const oldestUs = oldestSlotUs(startUs, share);
  const leastUs = Math.max(view.slotsUntilUs, oldestUs);
  const slots = mostSlotsOf(request, leastUs);
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
  if (request.onlyProbes) where.push(stillOpen(view));
  const base = sinceUs === undefined ? oldestUs : 'slots';
  const gapUs = oldestUs - (sinceUs ?? oldestUs);
  const returns = raises || request.newcomer ? Math.min(count - slots, returnsAfter(endUs, request)) : 0;
  const rest = returnsOfTheRest(request, { slots, returns, base, gapUs, leastUs, raises });
  return decision(sinceUs === undefined ? 'idle' : 'busy', request, {
    slots,
    returns,
    where,
    advances: { slots: { from: base, byUs: gapUs + costOfSlots(slots, request) }, ...(rest && { returns: rest }) },
    raiseTo: raises ? request.revision : undefined,
    forgets: raises,
    orAbsent: sinceUs === undefined,
  });
}

/** A probe takes up the time of many slots. So the write must be refused if the circuit has closed since the worker saw it open. */
function stillOpen({ health: { openedAtUs } }: BucketView): Clause {
  return { of: 'openedAtUs', is: 'equalTo', than: openedAtUs };
}

/** How many slots the request may take if the first one is at `fromUs`. */
function mostSlotsOf({ count, mostSlots, endUs, share }: SlotRequest, fromUs: number): number {
  return Math.min(count, mostSlots, slotsBefore(endUs, fromUs, share));
}

/** How far a reservation moves the end of the slots, in microseconds. */
function costOfSlots(slots: number, { share, leastCostUs }: SlotRequest): number {
  return Math.max(costUs(slots, share), leastCostUs);
}

/** Starts the return times again, as if none had been given away. */
const noReturns: Advance = { from: 0, byUs: 0 };

/** How many return times fit between `fromUs` and the latest possible one, 900 s from now. */
function returnsAfter(fromUs: number, { nowUs, returnShare }: SlotRequest): number {
  return slotsBefore(nowUs + longestReturnUs, fromUs, returnShare);
}

interface GivenSlots {
  readonly slots: number;
  readonly returns: number;
  readonly base: 'slots' | number;
  readonly gapUs: number;
  readonly leastUs: number;
  readonly raises: boolean;
}

/**
 * Return times for the requests without a slot, in the same write. They follow the slots, because no valid return time is still
 * to come.
 */
function returnsOfTheRest(
  request: SlotRequest,
  { slots, returns, base, gapUs, leastUs, raises }: GivenSlots,
): Advance | undefined {
  if (returns > 0) {
    const headUs = Math.max(request.startUs - leastUs, costOfSlots(slots, request) - request.earlyReturnUs);
    return { from: base, byUs: gapUs + headUs + costUs(returns, request.returnShare) };
  }
  return raises ? noReturns : undefined;
}

/** For a backlog that is gone: takes slots, and starts the return times again under a new generation. */
function takeFromEmpty(view: BucketView, request: SlotRequest): Decision {
  const { startUs, share } = request;
  // Slots before this time may be taken already, so a burst must not use them.
  const emptySinceUs = startUs - emptyAfterUs;
  const fromUs = Math.max(oldestSlotUs(startUs, share), emptySinceUs);
  const slots = mostSlotsOf(request, fromUs);
  const where: Clause[] = [
    { of: 'slots', is: 'below', than: emptySinceUs },
    { of: 'generation', is: 'equalTo', than: view.generation },
  ];
  if (request.onlyProbes) where.push(stillOpen(view));
  const advances = { slots: { from: fromUs, byUs: costOfSlots(slots, request) }, returns: noReturns };
  // This worker may know an older revision than the one in the bucket. The bucket's revision must never go back.
  const raiseTo = Math.max(view.revision, request.revision);
  return decision('empty', request, { slots, returns: 0, where, advances, raiseTo, orAbsent: false });
}

type ImpossibleTime = 'slots' | 'returns';

function impossibleTimeOf(view: BucketView, { nowUs }: SlotRequest): ImpossibleTime | undefined {
  if (view.slotsUntilUs > nowUs + longestPlanUs) return 'slots';
  return view.returnsUntilUs > nowUs + longestPlanUs ? 'returns' : undefined;
}

/**
 * Failure policy: a worker with a wrong clock can write a time so far ahead that nothing is sent to the destination until then.
 * So a time beyond `longestPlanUs` is ignored: the slots start again from now, and the return times start again too.
 */
function takeAnew(view: BucketView, request: SlotRequest, impossible: ImpossibleTime): Decision {
  const { startUs, nowUs } = request;
  const slots = mostSlotsOf(request, startUs);
  const where: Clause[] = [{ of: impossible, is: 'atLeast', than: nowUs + longestPlanUs }];
  const advances = { slots: { from: startUs, byUs: costOfSlots(slots, request) }, returns: noReturns };
  const raiseTo = Math.max(view.revision, request.revision);
  const forgets = view.revision < request.revision;
  return decision('impossible', request, { slots, returns: 0, where, advances, raiseTo, orAbsent: false, forgets });
}

/** Gives return times only. They follow the earlier return times or, if there are none, the end of the slots. */
function takeReturns(view: BucketView, request: SlotRequest, raises: boolean): Decision | undefined {
  const { nowUs, startUs, returnShare } = request;
  // The new revision may have another endpoint or rate, so a pause or open circuit of the old one ends.
  const endsPause = raises && (endsInPause(view) || isOpen(view.health));
  const slotsEndUs = endsPause ? view.health.slotsBeforePauseUs : view.slotsUntilUs;
  const firstUs = Math.max(startUs, Math.max(slotsEndUs, request.returnsFromUs) - request.earlyReturnUs);
  const raiseTo = raises ? request.revision : undefined;
  const isAhead = !raises && view.returnsUntilUs >= firstUs;
  const endUs = nowUs + longestReturnUs;
  const wanted = Math.max(request.count, request.blockCount);
  const leastUs = isAhead ? view.returnsUntilUs : firstUs;
  const returns = Math.min(wanted, returnsAfter(leastUs, request));
  if (returns === 0) return undefined;
  const costOfAllUs = costUs(returns, returnShare);
  const latestUs = endUs - costUs(returns - 1, returnShare);
  if (isAhead) {
    const where: Clause[] = [
      { of: 'returns', is: 'atLeast', than: startUs },
      { of: 'returns', is: 'atMost', than: latestUs },
      // Refuses the write if there is a pause that this worker has not seen. Return times must begin after that pause.
      { of: 'slots', is: 'atMost', than: view.returnsUntilUs + request.earlyReturnUs },
    ];
    const advances: Advances = { returns: { from: 'returns', byUs: costOfAllUs } };
    return decision('ahead', request, { slots: 0, returns, where, advances, raiseTo, orAbsent: false });
  }
  const where: Clause[] = [{ of: 'returns', is: 'equalTo', than: view.returnsUntilUs }];
  where.push({
    of: 'slots',
    ...(endsPause ? { is: 'equalTo', than: view.slotsUntilUs } : { is: 'atMost', than: latestUs }),
  });
  if (raises) where.push({ of: 'revision', is: 'below', than: request.revision });
  const advances: Advances = {
    ...(endsPause && { slots: { from: slotsEndUs, byUs: 0 } }),
    returns: { from: firstUs, byUs: costOfAllUs },
  };
  return decision('behind', request, { slots: 0, returns, where, advances, raiseTo, orAbsent: false, forgets: raises });
}

type Advances = Pick<BucketWrite, 'slots' | 'returns'>;

interface Parts {
  readonly slots: number;
  readonly returns: number;
  readonly where: readonly Clause[];
  readonly advances: Advances;
  readonly raiseTo: number | undefined;
  readonly orAbsent: boolean;
  /** Whether the write resets the health, because the destination was changed. */
  readonly forgets?: boolean;
}

function decision(
  assumes: AssumedState,
  request: SlotRequest,
  { slots, returns, where, advances, raiseTo, orAbsent, forgets = false }: Parts,
): Decision {
  const { answerUs } = request;
  const write: BucketWrite = {
    ...advances,
    ...(raiseTo !== undefined && { raiseTo }),
    ...(answerUs !== undefined && { health: { set: { answerUs } } }),
    ...(forgets && { health: forgottenHealth }),
    where,
    orAbsent,
    revision: request.revision,
    expiresAtSeconds: expiresAtSeconds(request.nowUs),
  };
  return { assumes, write, slots, returns };
}
