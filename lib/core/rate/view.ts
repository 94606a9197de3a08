import type { Bucket } from './bucket.ts';

/**
 * What a worker believes of a bucket that others write too. Both times only ever grow, so what was seen is the least that
 * can be there now; a new generation alone sets the return times back.
 */
export interface BucketView extends Bucket {
  /** When the bucket was last seen, epoch us; 0 when never, or when it is known to have changed. */
  readonly seenAtUs: number;
  /** From 0 to 1: how often slots turned out to be given away beyond now when the view did not say so. */
  readonly busyLikelihood: number;
  /** That were judged. */
  readonly guesses: number;
  /** How often in a row nobody else had given slots away since it was seen before; 0 when somebody had. */
  readonly timesAlone: number;
}

export const unknownView: BucketView = {
  slotsUntilUs: 0,
  returnsUntilUs: 0,
  generation: 0,
  revision: 0,
  seenAtUs: 0,
  busyLikelihood: 0.5,
  guesses: 0,
  timesAlone: 1,
};

/** For so long nobody else is likely to have written: what was seen is there still. */
const freshUs = 20_000;

/**
 * The longest gap before its start that a write passes over. Who adds to what has been written meanwhile leaves as much of the
 * rate unused, so it must be short next to a second, and happen only where hardly anybody writes in between.
 */
const longestGapUs = 100_000;

/** A look is a read, which costs a fifth of a write and a few milliseconds, and leaves an item its writes. */
const sureLikelihood = 0.9;

/** Weight of the newest guess, after the first ones, which weigh as much as each other: a worker forgets nine tenths of the past within 22. */
const guessWeight = 0.1;

/** The bucket itself has been seen. */
export function seen(view: BucketView, bucket: Bucket | undefined, nowUs: number): BucketView {
  const { busyLikelihood, guesses, timesAlone } = view;
  return { ...(bucket ?? unknownView), seenAtUs: nowUs, busyLikelihood, guesses, timesAlone };
}

/** What was seen is no longer there, and nobody has said what is. */
export function outdated(view: BucketView): BucketView {
  return { ...view, seenAtUs: 0 };
}

/** Also after the clock has stepped back. */
export function isOlderThan(view: BucketView, ageUs: number, nowUs: number): boolean {
  return view.seenAtUs === 0 || Math.abs(nowUs - view.seenAtUs) > ageUs;
}

/**
 * From when on slots are given away at the least, if that is no longer ago than a gap that one write may pass over: then the
 * write adds to what it finds, whoever wrote in between. Known, or else a guess.
 *
 * @returns at most `startUs`; undefined for a bucket that has rested
 */
export function busySinceUs(view: BucketView, startUs: number, nowUs: number): number | undefined {
  if (view.slotsUntilUs >= startUs) return startUs;
  if (isGuess(view, startUs, nowUs)) return view.busyLikelihood > 0.5 ? startUs : undefined;
  // Alone the gap is known to be one, and whoever comes unexpectedly is to be noticed.
  const isShort = startUs - view.slotsUntilUs <= longestGapUs && !isOlderThan(view, freshUs, nowUs);
  return isShort ? view.slotsUntilUs : undefined;
}

/** A worker that has found its bucket as it left it so often, the view's beginning counted, takes that for granted. */
const surelyAloneTimes = 8;

/** Whether nobody else seems to use the bucket. */
export function isAlone(view: BucketView): boolean {
  return view.timesAlone >= surelyAloneTimes;
}

function isGuess(view: BucketView, startUs: number, nowUs: number): boolean {
  return view.slotsUntilUs < startUs && isOlderThan(view, freshUs, nowUs) && !isAlone(view);
}

/** Whether a write on the word of this view would be refused too often: then the bucket is looked at first. */
export function isDoubtful(view: BucketView, newcomer: boolean, startUs: number, nowUs: number): boolean {
  if (view.seenAtUs === 0) return true;
  if (newcomer && view.returnsUntilUs > startUs) return false;
  if (!isGuess(view, startUs, nowUs)) return false;
  const hadBacklog = view.returnsUntilUs > view.seenAtUs;
  return (newcomer && hadBacklog) || Math.max(view.busyLikelihood, 1 - view.busyLikelihood) < sureLikelihood;
}

/** A look or a write has shown how good the guess was. */
export function afterGuess(view: BucketView, startUs: number, nowUs: number, wasBusy: boolean): BucketView {
  if (!isGuess(view, startUs, nowUs)) return view;
  const weight = Math.max(guessWeight, 1 / (view.guesses + 2));
  const busyLikelihood = view.busyLikelihood * (1 - weight) + (wasBusy ? weight : 0);
  return { ...view, busyLikelihood, guesses: view.guesses + 1 };
}

/** Slots were given away up to there, as the bucket was found. */
export function found(view: BucketView, slotsUntilUs: number): BucketView {
  if (view.seenAtUs === 0) return view;
  return { ...view, timesAlone: slotsUntilUs > view.slotsUntilUs ? 0 : view.timesAlone + 1 };
}

/** What a worker has seen of the slots says for so long how far ahead they are being given away. */
const leadKnownUs = 1_000_000;

const longestPatienceUs = 500_000;

/**
 * How long one who returns may wait for others before they reserve together. While slots are given away ahead of their time, who
 * asks later is sent no later: all of them ask later. A third of that lead is left
 * for the write, and for a lead that shrinks.
 */
export function patienceUs(view: BucketView, nowUs: number): number {
  if (isOlderThan(view, leadKnownUs, nowUs)) return 0;
  // Where others give slots away too, the end of these has moved on with the time.
  const leadUs = view.slotsUntilUs - (view.timesAlone === 0 ? view.seenAtUs : nowUs);
  return Math.max(0, Math.min(longestPatienceUs, Math.floor((leadUs * 2) / 3)));
}
