import type { Share } from './slots.ts';

/** The members of an API destination that define its rate. */
export interface RatedDestination {
  readonly name: string;
  readonly incarnation: string;
  /** Of the API destination's item: a newer one may have another rate. */
  readonly revision: number;
  /** A whole number from 1. */
  readonly ratePerSecond: number;
  /** Requests that may go at once after a pause; a whole number from 1. */
  readonly burst: number;
  /** Time limit of one request. */
  readonly timeoutMs: number;
  /** Requests that the fleet may have under way; absent: as many as keep it to its part of the invocations. */
  readonly maximumConcurrency?: number | undefined;
}

/**
 * Where a request stands in the line for its destination's slots, and when it may ask for one, epoch ms.
 *
 * - `newcomer`: queues behind those who were given a return time before.
 * - `in-turn`: need not queue, and goes to any shard: a request whose slot was missed, or the second one of an attempt.
 * - `return`: comes back at the return time that this generation of this shard gave it.
 */
export type Turn = { readonly atMs: number } & (
  | { readonly kind: 'newcomer' | 'in-turn' }
  | { readonly kind: 'return'; readonly generation: number; readonly shard: number }
);

export const newcomer: Turn = { kind: 'newcomer', atMs: 0 };

export const inTurn: Turn = { kind: 'in-turn', atMs: 0 };

/** A slot or a turn for each request of a reservation. */
export interface Reservation {
  /** Epoch ms, ascending, to a thousandth. */
  readonly slotTimesMs: readonly number[];
  /** In the order of their times. */
  readonly returns: readonly Turn[];
  /** Whether the one slot was given to find out how an unhealthy endpoint fares. */
  readonly isProbe?: boolean;
}

/**
 * One item of the table takes 1,000 writes a second; half of that leaves room for peaks and uneven load. Source: DynamoDB
 * developer guide, partition throughput.
 */
const maxWritesPerSecond = 500;

/** Writes of a batch at twice the rate, new and returning events together, as simulated. */
const writesPerBatch = 2.5;

/**
 * How many items hold a destination's rate. All workers must come to the same number, or they would hold the rate several
 * times over, so it follows from the rate and from what the whole stack agrees on.
 *
 * @param batchSize requests that one write reserves for, when the destination is busy
 */
export function shardCount({ ratePerSecond }: RatedDestination, batchSize: number): number {
  return Math.max(1, Math.ceil(((ratePerSecond / batchSize) * writesPerBatch) / maxWritesPerSecond));
}

/** A shard's part of rate and burst: whole numbers, whose sums over all shards do not exceed what is promised. */
export function shareOf({ ratePerSecond, burst }: RatedDestination, shard: number, shards: number): Share {
  return {
    ratePerSecond: Math.floor(ratePerSecond / shards) + (shard < ratePerSecond % shards ? 1 : 0),
    burst: 1 + Math.floor((burst - 1) / shards),
  };
}

/** More shards than any rate needs: 100,000 / s in batches of one are 500. */
const shardBase = 1000;

/** Stands for `in-turn` in a message: the one shard that no rate needs. */
const anyShard = shardBase - 1;

/** A turn as a queue message names it, beside its time: one whole number, 0 for a newcomer. */
export function toTurnNumber(turn: Turn): number {
  switch (turn.kind) {
    case 'newcomer':
      return 0;
    case 'in-turn':
      return shardBase + anyShard;
    case 'return':
      return turn.generation * shardBase + turn.shard;
  }
}

/** The turn that a queue message names. */
export function fromTurnNumber(turnNumber: number, atMs: number): Turn {
  const generation = Math.floor(turnNumber / shardBase);
  const shard = turnNumber % shardBase;
  if (generation === 0) return { kind: 'newcomer', atMs };
  return shard === anyShard ? { kind: 'in-turn', atMs } : { kind: 'return', generation, shard, atMs };
}
