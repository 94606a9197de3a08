import { unknownHealth } from '../health/health.ts';
import type { Bucket } from './bucket.ts';

/**
 * A worker's belief about a bucket that other workers write too. The ends of slots and return times normally only move
 * forward, so the worker takes the times it has seen as lower bounds.
 */
export interface BucketView extends Bucket {
  /** When the worker last saw the bucket, epoch us; 0 if never, or if the bucket is known to have changed since. */
  readonly seenAtUs: number;
  /** From 0 to 1: how often the bucket turned out to be busy when the worker had to guess. */
  readonly busyLikelihood: number;
  /** Number of guesses in `busyLikelihood`. */
  readonly guesses: number;
  /** Number of reads and writes in a row that found no write by another worker. */
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

/** A view younger than this counts as exact, because another worker is unlikely to have written in the meantime. */
const freshUs = 20_000;

/**
 * One write may skip a gap of unused slots up to this length. If another worker has written in the meantime, some of the
 * skipped slots could still have been used. Therefore the gap is short compared with a second, and is skipped only where few
 * other workers write.
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

/** Also true when the clock has stepped back by more than `ageUs`. */
export function isOlderThan(view: BucketView, ageUs: number, nowUs: number): boolean {
  return view.seenAtUs === 0 || Math.abs(nowUs - view.seenAtUs) > ageUs;
}

/**
 * Whether a write may assume that the bucket is busy, and so add its slots after those that are already given away. If the view
 * is old, this may be a guess.
 *
 * @returns undefined for an idle bucket; otherwise a time, at most `startUs`, up to which slots have been given away. The
 *   write skips the gap from this time to `startUs`
 */
export function busySinceUs(view: BucketView, startUs: number, nowUs: number): number | undefined {
  if (view.slotsUntilUs >= startUs) return startUs;
  if (isGuess(view, startUs, nowUs)) return view.busyLikelihood > 0.5 ? startUs : undefined;
  // The view is fresh or the worker is alone, so the gap is known. If another worker has written after all, a write that
  // assumes an idle bucket is refused.
  const isShort = startUs - view.slotsUntilUs <= longestGapUs && !isOlderThan(view, freshUs, nowUs);
  return isShort ? view.slotsUntilUs : undefined;
}

/** A worker that finds the item unchanged this many times in a row assumes that no other worker uses the bucket. */
const surelyAloneTimes = 8;

/** Whether no other worker seems to use the bucket. */
export function isAlone(view: BucketView): boolean {
  return view.timesAlone >= surelyAloneTimes;
}

function isGuess(view: BucketView, startUs: number, nowUs: number): boolean {
  return view.slotsUntilUs < startUs && isOlderThan(view, freshUs, nowUs) && !isAlone(view);
}

/** Whether a write based on this view is too likely to be refused. The worker then reads the bucket first. */
export function isDoubtful(view: BucketView, newcomer: boolean, startUs: number, nowUs: number): boolean {
  if (view.seenAtUs === 0) return true;
  if (newcomer && view.returnsUntilUs > startUs) return false;
  if (!isGuess(view, startUs, nowUs)) return false;
  const hadBacklog = view.returnsUntilUs > view.seenAtUs;
  return (newcomer && hadBacklog) || Math.max(view.busyLikelihood, 1 - view.busyLikelihood) < sureLikelihood;
}

/** Updates `busyLikelihood` when a read or a write has shown whether the guess was right. */
export function viewAfterGuess(view: BucketView, startUs: number, nowUs: number, wasBusy: boolean): BucketView {
  if (!isGuess(view, startUs, nowUs)) return view;
  const weight = Math.max(guessWeight, 1 / (view.guesses + 2));
  const busyLikelihood = view.busyLikelihood * (1 - weight) + (wasBusy ? weight : 0);
  return { ...view, busyLikelihood, guesses: view.guesses + 1 };
}

/** Updates `timesAlone` after the worker has found the bucket's slots given away up to `slotsUntilUs`. */
export function countTimesAlone(view: BucketView, slotsUntilUs: number): BucketView {
  if (view.seenAtUs === 0) return view;
  return { ...view, timesAlone: slotsUntilUs > view.slotsUntilUs ? 0 : view.timesAlone + 1 };
}

/** Only a view younger than this shows how far ahead slots are given away. */
const leadKnownUs = 1_000_000;

const longestPatienceUs = 500_000;

/**
 * How long a returning request may wait for others, so that they share one write. While slots are given away ahead of time,
 * this does not delay the request: it would wait for its slot anyway. The wait is at most two thirds of the time by which slots
 * are given away ahead. The rest is left for the write, and in case that time becomes shorter.
 */
export function patienceUs(view: BucketView, nowUs: number): number {
  if (isOlderThan(view, leadKnownUs, nowUs)) return 0;
  // If other workers take slots too, the end of the slots has probably moved on with the clock since the view was made.
  const leadUs = view.slotsUntilUs - (view.timesAlone === 0 ? view.seenAtUs : nowUs);
  return Math.max(0, Math.min(longestPatienceUs, Math.floor((leadUs * 2) / 3)));
}
