import type { Advance, Bucket, BucketWrite, BucketWriteResult, Clause } from './bucket.ts';
import { expiresAtSeconds } from './bucket.ts';
import type { Share } from './slots.ts';
import { costUs, latestFromUs, longestReturnUs, oldestSlotUs, secondUs, slotTimesUs, slotsBefore } from './slots.ts';
import type { BucketView } from './view.ts';
import { afterGuess, busySinceUs, found, outdated, seen } from './view.ts';

/** What a worker wants of a bucket. */
export interface Ask {
  readonly count: number;
  /** Newcomers queue behind those who were given a return time before. */
  readonly newcomer: boolean;
  readonly nowUs: number;
  /** When the first slot could be used at the earliest: now, and what the write takes. */
  readonly startUs: number;
  /** Only slots that begin before it are wanted. */
  readonly endUs: number;
  readonly share: Share;
  readonly revision: number;
  /** How many return times to take when there are only those: `count`, or more for events yet to come. */
  readonly blockCount: number;
}

/** The state of the bucket that a write stands on. */
export type Form = 'busy' | 'idle' | 'empty' | 'ahead' | 'behind';

export interface Decision {
  readonly form: Form;
  readonly write: BucketWrite;
  /** Slots and return times that are given when it is written. */
  readonly slots: number;
  readonly returns: number;
}

/**
 * A message is delayed by whole seconds, so it comes back up to a second late; return times run ahead of the slots by as
 * much, or none would be taken in the first second of a backlog.
 */
const earlyReturnUs = secondUs;

/** A backlog that nobody has come back from for so long is gone: its deliveries are done, dead or elsewhere. */
const emptyAfterUs = 5 * secondUs;

/**
 * Decides the one write that gives most, from what the worker believes of the bucket; the write's own conditions see to it
 * that it does no harm where the belief is wrong.
 *
 * @param ask with `startUs` before `endUs`
 * @returns undefined when neither a slot before the end nor a return time within 900 s is to be had
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
    raises,
    orAbsent: sinceUs === undefined,
  });
}

/** Whoever reads it finds no return time ahead. */
const noReturns: Advance = { from: 0, byUs: 0 };

/** How many return times there are from then on. */
function returnsAfter(fromUs: number, { nowUs, share }: Ask): number {
  return slotsBefore(nowUs + longestReturnUs, fromUs, { ...share, burst: 1 });
}

interface Taken {
  readonly slots: number;
  readonly returns: number;
  readonly base: 'slots' | number;
  readonly gapUs: number;
  readonly leastUs: number;
  readonly raises: boolean;
}

/** Return times for what found no slot, in the same write. There are none ahead, or they start again. */
function restOf(ask: Ask, { slots, returns, base, gapUs, leastUs, raises }: Taken): Advance | undefined {
  const { share, startUs } = ask;
  if (returns > 0) {
    const headUs = Math.max(startUs - leastUs, costUs(slots, share) - earlyReturnUs);
    return { from: base, byUs: gapUs + headUs + costUs(returns, share) };
  }
  return raises ? noReturns : undefined;
}

/** The backlog is gone: its return times start again, under a generation of their own. */
function takeFromEmpty(view: BucketView, ask: Ask): Decision {
  const { startUs, endUs, share, count } = ask;
  // Nobody has taken a slot since then: no burst reaches further back.
  const emptySinceUs = startUs - emptyAfterUs;
  const fromUs = Math.max(oldestSlotUs(startUs, share), emptySinceUs);
  const slots = Math.min(count, slotsBefore(endUs, fromUs, share));
  const where: Clause[] = [
    { of: 'slots', is: 'below', than: emptySinceUs },
    { of: 'generation', is: 'equalTo', than: view.generation },
  ];
  const advances = { slots: { from: fromUs, byUs: costUs(slots, share) }, returns: noReturns };
  return decision('empty', ask, { slots, returns: 0, where, advances, raises: true, orAbsent: false });
}

/** Return times follow upon each other; the first ones begin where the given slots are about to end. */
function takeReturns(view: BucketView, ask: Ask, raises: boolean): Decision | undefined {
  const { nowUs, startUs, share } = ask;
  const firstUs = Math.max(startUs, view.slotsUntilUs - earlyReturnUs);
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
      // A pause that this worker has not seen yet moves the line behind it.
      { of: 'slots', is: 'atMost', than: view.returnsUntilUs + earlyReturnUs },
    ];
    const advances: Advances = { returns: { from: 'returns', byUs: costOfAllUs } };
    return decision('ahead', ask, { slots: 0, returns, where, advances, raises, orAbsent: false });
  }
  const where: Clause[] = [
    { of: 'returns', is: 'equalTo', than: view.returnsUntilUs },
    { of: 'slots', is: 'atMost', than: latestUs },
  ];
  if (raises) where.push({ of: 'revision', is: 'below', than: ask.revision });
  const advances: Advances = { returns: { from: firstUs, byUs: costOfAllUs } };
  return decision('behind', ask, { slots: 0, returns, where, advances, raises, orAbsent: false });
}

type Advances = Pick<BucketWrite, 'slots' | 'returns'>;

interface Parts {
  readonly slots: number;
  readonly returns: number;
  readonly where: readonly Clause[];
  readonly advances: Advances;
  readonly raises: boolean;
  readonly orAbsent: boolean;
}

function decision(form: Form, ask: Ask, { slots, returns, where, advances, raises, orAbsent }: Parts): Decision {
  const write: BucketWrite = {
    ...advances,
    ...(raises && { raiseTo: ask.revision }),
    where,
    orAbsent,
    revision: ask.revision,
    expiresAtSeconds: expiresAtSeconds(ask.nowUs),
  };
  return { form, write, slots, returns };
}

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
