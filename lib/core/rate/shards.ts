import type { ApiDestination } from '../destination/api-destination.ts';
import type { DeliveryPolicy } from '../destination/delivery-policy.ts';
import type { Share } from './slots.ts';
import { longestReturnUs } from './slots.ts';

/** The members of an API destination that define its rate. */
export interface RatedDestination {
  readonly name: string;
  readonly incarnation: string;
  /** Revision of the API destination's item. A newer revision may have another rate. */
  readonly revision: number;
  /** A whole number from 1. */
  readonly ratePerSecond: number;
  /** Number of requests that may be sent at once after a pause; a whole number from 1. */
  readonly burst: number;
  /** Time limit of one request. */
  readonly timeoutMs: number;
  /**
   * How many requests the fleet may have in progress. If absent, the only limit is the destination's share of all invocations.
   */
  readonly maximumConcurrency?: number | undefined;
  /** Whether requests need no slots while the endpoint is healthy. `ratePerSecond` is then the rate at other times. */
  readonly isUnlimited?: true;
}

/** The highest rate that an API destination can have. */
const highestRatePerSecond = 100_000;

/** A destination without a rate limit sends at this rate while it needs slots after all. One bucket can hold it. */
const reservedRatePerSecond = 2000;

/**
 * Workers and control API must agree on the result, because it determines the number of shards.
 *
 * @param policy the settings of the destination's delivery policy; each default has been filled in
 */
export function ratedDestination(
  { name, incarnation, revision, invocationRateLimitPerSecond: ratePerSecond }: RatedSource,
  { burst, timeoutMs, maximumConcurrency, invocationRateLimit }: RatePolicy,
): RatedDestination {
  const rated = { name, incarnation, revision, ratePerSecond, burst, timeoutMs, maximumConcurrency };
  if (invocationRateLimit === undefined) return rated;
  // Slots limit how many requests the whole fleet has in progress, so these requests need slots even without a rate limit.
  if (maximumConcurrency !== undefined) return { ...rated, ratePerSecond: highestRatePerSecond };
  return { ...rated, ratePerSecond: reservedRatePerSecond, isUnlimited: true };
}

type RatePolicy = Pick<RatedDestination, 'burst' | 'timeoutMs' | 'maximumConcurrency'> &
  Pick<DeliveryPolicy, 'invocationRateLimit'>;

type RatedSource = Pick<ApiDestination, 'name' | 'incarnation' | 'revision' | 'invocationRateLimitPerSecond'>;

/**
 * The place of a request in the line for its destination's slots. `atMs` is when the request may ask for a slot, epoch ms.
 *
 * - `newcomer`: queues behind the requests that already have a return time.
 * - `in-turn`: does not queue, and may use any shard: a request that has missed its slot, or the second request of an attempt.
 * - `return`: comes back at the return time that this generation of this shard gave it.
 */
export type Turn = { readonly atMs: number } & (
  | {
      readonly kind: 'newcomer' | 'in-turn';
      /** Whether the request waits because the table of the rate cannot be reached. A message does not carry this. */
      readonly isOutage?: true;
    }
  | { readonly kind: 'return'; readonly generation: number; readonly shard: number }
);

export const newcomer: Turn = { kind: 'newcomer', atMs: 0 };

export const inTurn: Turn = { kind: 'in-turn', atMs: 0 };

/** Turns for requests without a return time within 900 s. They come back as newcomers, at random times, not all at once. */
export function lateTurns(count: number, nowMs: number, random: () => number): Turn[] {
  const atMs = () => nowMs + Math.floor((longestReturnUs / 1000) * (1 - random() / 2));
  return Array.from({ length: count }, (): Turn => ({ kind: 'newcomer', atMs: atMs() })).sort(
    (a, b) => a.atMs - b.atMs,
  );
}

/** The result of a reservation: each request gets a slot now, or a turn with which it asks again later. */
export interface Reservation {
  /** Epoch ms in ascending order, exact to a thousandth of a millisecond. */
  readonly slotTimesMs: readonly number[];
  /** The turns of the requests without a slot, in the order of their times. */
  readonly returns: readonly Turn[];
  /** Whether the only slot is for a probe, a request that tests whether an unhealthy endpoint answers again. */
  readonly isProbe?: boolean;
}

/**
 * One item of the table takes 1,000 writes a second; half of that leaves room for peaks and uneven load. Source: DynamoDB
 * developer guide, partition throughput.
 */
const maxWritesPerSecond = 500;

/**
 * Writes that a batch costs when events arrive at twice the rate, for new and returning events together. Source: a simulation,
 * bench/fleet.
 */
const writesPerBatch = 2.5;

/**
 * How many items hold a destination's rate. All workers must come to the same number, or the stack would send at several times
 * the rate. So the number follows from the rate and from values that are the same in the whole stack.
 *
 * @param batchSize number of requests that share one write when the destination is busy
 */
export function shardCount({ ratePerSecond }: RatedDestination, batchSize: number): number {
  return Math.max(1, Math.ceil(((ratePerSecond / batchSize) * writesPerBatch) / maxWritesPerSecond));
}

/**
 * A shard's part of rate and burst, in whole numbers. The rates add up to the destination's rate. A burst is at least 1. Only a
 * rate that an endpoint has allowed may be below 1, and then there is one shard.
 */
export function shareOf({ ratePerSecond, burst }: RatedDestination, shard: number, shards: number): Share {
  return {
    ratePerSecond:
      shards === 1 ? ratePerSecond : Math.floor(ratePerSecond / shards) + (shard < ratePerSecond % shards ? 1 : 0),
    burst: 1 + Math.floor((burst - 1) / shards),
  };
}

/** More shards than any rate needs: 100,000 a second in batches of one need 500. */
const shardBase = 1000;

/** The shard number that stands for `in-turn` in a message. No rate needs a shard of this number. */
const anyShard = shardBase - 1;

/** Packs a turn, without its time, into one whole number for a queue message; 0 stands for a newcomer. */
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

export function fromTurnNumber(turnNumber: number, atMs: number): Turn {
  const generation = Math.floor(turnNumber / shardBase);
  const shard = turnNumber % shardBase;
  if (generation === 0) return { kind: 'newcomer', atMs };
  return shard === anyShard ? { kind: 'in-turn', atMs } : { kind: 'return', generation, shard, atMs };
}
