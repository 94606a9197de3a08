import type { Share } from './slots.ts';

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

/**
 * One item of the table takes 1,000 writes a second; half of that leaves room for floods and for the uneven. Source: DynamoDB
 * developer guide, partition throughput.
 */
const maxWritesPerSecond = 500;

/** What a batch costs when twice the rate is asked for: new events and those that come back, as simulated. */
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

/** More shards than any rate needs: 100,000 / s in batches of one are 200. */
const shardBase = 1000;

/** Names no shard: whoever has it goes to any. */
const anyShard = shardBase - 1;

/** A turn's generation names the shard too: those who return must find the slots of the line that they stood in. */
export function toTurnGeneration(generation: number, shard: number): number {
  return generation * shardBase + shard;
}

export function fromTurnGeneration(value: number): { readonly generation: number; readonly shard: number | undefined } {
  const shard = value % shardBase;
  return { generation: Math.floor(value / shardBase), shard: shard === anyShard ? undefined : shard };
}

/** Of a request that need not queue behind a backlog: the second one of an attempt that has begun. */
export const alreadyInTurn = { atMs: 0, generation: toTurnGeneration(1, anyShard) } as const;
