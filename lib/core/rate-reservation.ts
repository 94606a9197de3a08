/** What of an API destination its rate is held by. */
export interface RatedDestination {
  readonly incarnation: string;
  /** Of the API destination's item: a newer one may have another rate. */
  readonly revision: number;
  /** A whole number from 1. */
  readonly ratePerSecond: number;
  /** Requests that may go at once after a pause; a whole number from 1. */
  readonly burst: number;
}

/** When a deferred delivery may come back, and of which generation of the bucket that is. */
export interface Turn {
  /** Epoch ms. */
  readonly atMs: number;
  /** Opaque; 0 is no place in any line: who comes back with it is a newcomer. */
  readonly generation: number;
}

/** What a worker was given for the requests that it has in hand: a slot or a turn for each. */
export interface Reservation {
  /** Epoch ms, ascending, to a thousandth. */
  readonly slotTimesMs: readonly number[];
  /** In the order of their times. */
  readonly returns: readonly Turn[];
}
