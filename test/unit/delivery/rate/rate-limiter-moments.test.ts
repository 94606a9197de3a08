import { expect, test } from 'vitest';
import type { RatedDestination, Turn } from '../../../../lib/core/rate/shards.ts';
import { inTurn } from '../../../../lib/core/rate/shards.ts';
import { createRateLimiter } from '../../../../lib/delivery/rate/limiter.ts';
import { healthy } from '../../../fakes/healthy.ts';
import type { BucketKey, RateBuckets } from '../../../../lib/ports/rate.ts';
import { createInMemoryRateBuckets } from '../../../fakes/in-memory-rate-buckets.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';

/** A destination whose rate is divided among three shards. */
const orders: RatedDestination = {
  name: 'orders',
  timeoutMs: 5000,
  incarnation: 'orders-1',
  revision: 1,
  ratePerSecond: 5000,
  burst: 1,
};
const options = { horizonMs: 2000 };

/** One worker, and the buckets that it writes. */
function setUp(fails?: Error) {
  const buckets = createInMemoryRateBuckets();
  const written: BucketKey[] = [];
  const table: RateBuckets = {
    read: (key) => buckets.read(key),
    write: (key, write) => {
      written.push(key);
      return fails === undefined ? buckets.write(key, write) : Promise.reject(fails);
    },
  };
  const limiter = createRateLimiter({
    ...healthy,
    buckets: table,
    clock: createManualClock(),
    random: () => 0,
    batchSize: 10,
  });
  const one = (destination = orders, horizonMs = 2000, turn?: Turn) =>
    limiter.reserve(destination, 1, { horizonMs, ...(turn && { turn }) });
  return { written, one, limiter };
}

test('simultaneous requests to one destination share one write, and the first of them gets the first slot', async () => {
  const { written, one } = setUp();
  const given = await Promise.all([one(), one(), one()]);
  expect(written).toHaveLength(1);
  const slots = given.map(({ slotTimesMs }) => slotTimesMs[0] ?? Number.NaN);
  expect(slots).toEqual([...slots].sort((a, b) => a - b));
  expect(new Set(slots).size).toBe(3);
});

test('requests that differ in destination, revision, horizon or place in the backlog do not share a write', async () => {
  const { written, one } = setUp();
  await Promise.all([
    one(),
    one({ ...orders, incarnation: 'invoices-1' }),
    one({ ...orders, revision: 2 }),
    one(orders, 250),
    one(orders, 2000, inTurn),
  ]);
  expect(written.length).toBeGreaterThanOrEqual(5);
});

test('more simultaneous requests than a batch holds go to several shards, with one write each', async () => {
  const { written, one } = setUp();
  await Promise.all(Array.from({ length: 23 }, () => one()));
  expect(written).toHaveLength(3);
  expect(new Set(written.map(({ shard }) => shard)).size).toBe(3);
});

test('requests that have missed their slots ask several shards, if there are more of them than a batch holds', async () => {
  const { written, one } = setUp();
  await Promise.all(Array.from({ length: 23 }, () => one(orders, 2000, inTurn)));
  expect(new Set(written.map(({ shard }) => shard)).size).toBe(3);
});

test('a small batch costs exactly one write even when the destination has several shards', async () => {
  const { written, one } = setUp();
  for (const batch of [5, 7, 9]) await Promise.all(Array.from({ length: batch }, () => one()));
  expect(written).toHaveLength(3);
});

test('requests that do not come at the same moment do not share a write', async () => {
  const { written, one } = setUp();
  await one();
  await one();
  expect(written).toHaveLength(2);
});

test('requests that share a write fail together', async () => {
  const refused = new Error('refused');
  const { one } = setUp(refused);
  const given = await Promise.allSettled([one(), one()]);
  expect(given).toEqual([
    { status: 'rejected', reason: refused },
    { status: 'rejected', reason: refused },
  ]);
});

test('reserving slots for zero requests calls no store', async () => {
  const { written, limiter } = setUp();
  expect(await limiter.reserve(orders, 0, options)).toEqual({ slotTimesMs: [], returns: [] });
  expect(written).toEqual([]);
});
