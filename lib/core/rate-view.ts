import type { Bucket } from './rate-bucket.ts';

/**
 * What a worker believes of a bucket that others write too. Both times only ever grow, so what was seen is the least that
 * can be there now; a new generation alone sets the return times back.
 */
export interface BucketView {
  readonly slotsUntilUs: number;
  readonly returnsUntilUs: number;
  /** 0 while unknown. */
  readonly generation: number;
  readonly revision: number;
  /** When the bucket was last seen, epoch us; 0 when never. */
  readonly seenAtUs: number;
  /** From 0 to 1: how often slots were given away beyond now when this worker looked. */
  readonly busyLikelihood: number;
  /** Whether return times lie beyond the slots, as far as was seen: then they go on from themselves. */
  readonly returnsAhead: boolean;
  /** Since the bucket was last seen: that it is not busy, or that it has no slot for a newcomer. */
  readonly notBusy: boolean;
  /** Since the bucket was last seen: refused writes of return times. */
  readonly returnsRefused: number;
}

export const unknownView: BucketView = {
  slotsUntilUs: 0,
  returnsUntilUs: 0,
  generation: 0,
  revision: 0,
  seenAtUs: 0,
  busyLikelihood: 0,
  returnsAhead: false,
  notBusy: false,
  returnsRefused: 0,
};

/** Of what was seen: a worker forgets nine tenths of the past within ten looks. */
const busyWeight = 0.2;

/** The bucket itself has been seen. */
export function seen(view: BucketView, bucket: Bucket, nowUs: number): BucketView {
  return {
    ...bucket,
    seenAtUs: nowUs,
    busyLikelihood: view.busyLikelihood,
    returnsAhead: bucket.returnsUntilUs >= bucket.slotsUntilUs,
    notBusy: false,
    returnsRefused: 0,
  };
}

/** Slots have been reserved, or were refused, from a bucket that was busy or idle. */
export function withForm(view: BucketView, busy: boolean): BucketView {
  const busyLikelihood = view.busyLikelihood * (1 - busyWeight) + (busy ? busyWeight : 0);
  return { ...view, busyLikelihood };
}
