import { expect, test } from 'vitest';
import type { RatedDestination } from '../../../../lib/core/rate/shards.ts';
import { alreadyInTurn } from '../../../../lib/core/rate/shards.ts';
import { createReservations } from '../../../../lib/delivery/rate/reservations.ts';
import { createRateLimiter, type ReserveOptions } from '../../../../lib/delivery/rate/limiter.ts';
import { createInMemoryRateBuckets } from '../../../fakes/in-memory-rate-buckets.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';

const orders: RatedDestination = { incarnation: 'orders-1', revision: 1, ratePerSecond: 5000, burst: 1 };
const options = { horizonMs: 2000 };

/** A limiter that gives this many slots to each call, and turns to the rest. */
function setUp(slots = 100) {
  const calls: { destination: RatedDestination; count: number; options: ReserveOptions }[] = [];
  const reserve = createReservations({
    async reserve(destination, count, given) {
      calls.push({ destination, count, options: given });
      const all = Array.from({ length: count }, (_, index) => index);
      return {
        slotTimesMs: all.filter((index) => index < slots).map((index) => 1000 + index),
        returns: all.filter((index) => index >= slots).map((index) => ({ atMs: 2000 + index, generation: 1 })),
      };
    },
    pause: async () => undefined,
  });
  return { calls, reserve };
}

test('the requests of one moment to one destination ask together, and who asked first goes first', async () => {
  const { calls, reserve } = setUp(2);
  const given = await Promise.all([reserve(orders, options), reserve(orders, options), reserve(orders, options)]);
  expect(given).toEqual([{ slotMs: 1000 }, { slotMs: 1001 }, { turn: { atMs: 2002, generation: 1 } }]);
  expect(calls).toEqual([{ destination: orders, count: 3, options }]);
});

test('what differs in destination, revision, horizon or turn asks apart', async () => {
  const { calls, reserve } = setUp();
  await Promise.all([
    reserve(orders, options),
    reserve({ ...orders, incarnation: 'invoices-1' }, options),
    reserve({ ...orders, revision: 2 }, options),
    reserve(orders, { horizonMs: 250 }),
    reserve(orders, { ...options, turn: alreadyInTurn }),
    reserve(orders, { ...options, turn: { atMs: 5, generation: 1000 } }),
    reserve(orders, { ...options, turn: { atMs: 5, generation: 2000 } }),
  ]);
  expect(calls.map(({ count }) => count)).toEqual([1, 1, 1, 1, 1, 1, 1]);
  expect(calls.map((call) => call.options.turn?.generation)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    alreadyInTurn.generation,
    1000,
    2000,
  ]);
});

test('more than a batch asks in several calls, which go to shards of their own', async () => {
  const { calls, reserve } = setUp();
  const given = await Promise.all(Array.from({ length: 23 }, () => reserve(orders, options)));
  expect(calls.map(({ count }) => count)).toEqual([10, 10, 3]);
  expect(given[9]).toEqual({ slotMs: 1009 });
  expect(given[10]).toEqual({ slotMs: 1000 });
  await reserve(orders, options);
  expect(calls).toHaveLength(4);
});

test('a later moment asks anew', async () => {
  const { calls, reserve } = setUp();
  await reserve(orders, options);
  await reserve(orders, options);
  expect(calls).toHaveLength(2);
});

test('who asked together fails together', async () => {
  const refused = new Error('refused');
  const reserve = createReservations({ reserve: () => Promise.reject(refused), pause: async () => undefined });
  const given = await Promise.allSettled([reserve(orders, options), reserve(orders, options)]);
  expect(given).toEqual([
    { status: 'rejected', reason: refused },
    { status: 'rejected', reason: refused },
  ]);
});

test('each batch to a destination whose rate needs several shards costs one write, however small it is', async () => {
  const buckets = createInMemoryRateBuckets();
  const limiter = createRateLimiter({ buckets, clock: createManualClock(), random: () => 0, batchSize: 10 });
  const reserve = createReservations(limiter);
  for (const batch of [5, 7, 9]) await Promise.all(Array.from({ length: batch }, () => reserve(orders, options)));
  expect(buckets.writes).toBe(3);
});
