import { unknownHealth } from '../health/health.ts';
import type { Bucket } from './bucket.ts';

/**
 * A worker's belief about a bucket that other workers write too. Both times only grow, so the bucket now holds at least what
 * was seen. Only a new generation sets the return times back.
 */
export interface BucketView extends Bucket {
  /** When the bucket was last seen, epoch us; 0 when it was never seen, or is known to have changed since. */
  readonly seenAtUs: number;
  /** From 0 to 1: how often the bucket turned out to be busy when the worker had to guess. */
  readonly busyLikelihood: number;
  /** Number of guesses in `busyLikelihood`. */
  readonly guesses: number;
  /** How many reads or writes in a row have found no write by another worker; 0 after another worker's write. */
  readonly timesAlone: number;
}

export const unknownView: BucketView = {
  slotsUntilUs: 0,
  returnsUntilUs: 0,
  generation: 0,
  revision: 0,
  health: unknownHealth,
  seenAtUs: 0,
  busyLikelihood: 0.5,
  guesses: 0,
  timesAlone: 1,
};

/** A view younger than this is taken as exact: another worker's write in between is unlikely. */
const freshUs = 20_000;

/**
 * The longest gap of unused slots that one write may skip. When another worker has written in between, the skipped gap is lost
 * from the rate. So the gap is short compared with a second, and is skipped only where few other workers write.
 */
const longestGapUs = 100_000;

/** Below this likelihood a worker reads the bucket first. A read costs a fifth of a write and a few milliseconds. */
const sureLikelihood = 0.9;

/**
 * Weight of the newest guess. The first guesses all weigh the same. Later, nine tenths of the likelihood come from the last 22
 * guesses.
 */
const guessWeight = 0.1;

/** The view after the bucket was read or written. */
export function viewWithBucket(view: BucketView, bucket: Bucket | undefined, nowUs: number): BucketView {
  const { busyLikelihood, guesses, timesAlone } = view;
  return { ...(bucket ?? unknownView), seenAtUs: nowUs, busyLikelihood, guesses, timesAlone };
}

/** The view after a refused write that did not return the bucket: the bucket has changed in an unknown way. */
export function markOutdated(view: BucketView): BucketView {
  return { ...view, seenAtUs: 0 };
}

/** Also true when the clock has stepped back by more than that age. */
export function isOlderThan(view: BucketView, ageUs: number, nowUs: number): boolean {
  return view.seenAtUs === 0 || Math.abs(nowUs - view.seenAtUs) > ageUs;
}

/**
 * If the bucket is taken to be busy, a time up to which its slots are given away, perhaps not the last such time. A write may
 * then add to these slots: the gap from this time to `startUs` is short enough to skip, even if another worker has written
 * meanwhile. When the view is old, the answer may be a guess.
 *
 * @returns at most `startUs`; undefined for a bucket at rest
 */
export function busySinceUs(view: BucketView, startUs: number, nowUs: number): number | undefined {
  if (view.slotsUntilUs >= startUs) return startUs;
  if (isGuess(view, startUs, nowUs)) return view.busyLikelihood > 0.5 ? startUs : undefined;
  // A worker that is alone knows the gap exactly. If another worker has written after all, this write is refused, and the
  // worker notices.
  const isShort = startUs - view.slotsUntilUs <= longestGapUs && !isOlderThan(view, freshUs, nowUs);
  return isShort ? view.slotsUntilUs : undefined;
}

/** After finding the item unchanged this many times in a row, a worker assumes that it is alone. */
const surelyAloneTimes = 8;

/** Whether no other worker seems to use the bucket. */
export function isAlone(view: BucketView): boolean {
  return view.timesAlone >= surelyAloneTimes;
}

function isGuess(view: BucketView, startUs: number, nowUs: number): boolean {
  return view.slotsUntilUs < startUs && isOlderThan(view, freshUs, nowUs) && !isAlone(view);
}

/** Whether a write based on this view would be refused too often. The worker then reads the bucket first. */
export function isDoubtful(view: BucketView, newcomer: boolean, startUs: number, nowUs: number): boolean {
  if (view.seenAtUs === 0) return true;
  if (newcomer && view.returnsUntilUs > startUs) return false;
  if (!isGuess(view, startUs, nowUs)) return false;
  const hadBacklog = view.returnsUntilUs > view.seenAtUs;
  return (newcomer && hadBacklog) || Math.max(view.busyLikelihood, 1 - view.busyLikelihood) < sureLikelihood;
}

/** The view after a read or write has shown whether the guess was right. */
export function viewAfterGuess(view: BucketView, startUs: number, nowUs: number, wasBusy: boolean): BucketView {
  if (!isGuess(view, startUs, nowUs)) return view;
  const weight = Math.max(guessWeight, 1 / (view.guesses + 2));
  const busyLikelihood = view.busyLikelihood * (1 - weight) + (wasBusy ? weight : 0);
  return { ...view, busyLikelihood, guesses: view.guesses + 1 };
}

/** The view after the worker has found the bucket's slots given away up to `slotsUntilUs`. */
export function countTimesAlone(view: BucketView, slotsUntilUs: number): BucketView {
  if (view.seenAtUs === 0) return view;
  return { ...view, timesAlone: slotsUntilUs > view.slotsUntilUs ? 0 : view.timesAlone + 1 };
}

/** A view must be younger than this to tell how far ahead the slots are given away. */
const leadKnownUs = 1_000_000;

const longestPatienceUs = 500_000;

/**
 * How long a returning request may wait for others, so that they share one write. While slots are given away ahead of time, a
 * request that asks later is not sent any later. A third of this lead is kept back, for the write and in case the lead
 * shrinks.
 */
export function patienceUs(view: BucketView, nowUs: number): number {
  if (isOlderThan(view, leadKnownUs, nowUs)) return 0;
  // When other workers give slots away too, the end of the slots has moved on since the view was made.
  const leadUs = view.slotsUntilUs - (view.timesAlone === 0 ? view.seenAtUs : nowUs);
  return Math.max(0, Math.min(longestPatienceUs, Math.floor((leadUs * 2) / 3)));
}
