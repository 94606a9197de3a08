import { expect, test } from 'vitest';
import { inTurn } from '../../../../lib/core/rate/shards.ts';
import { createFleet, orders, queueBatch } from './rate-limiters.ts';

/** A worker, a bucket that has given away its slots of the next second, and five events that are back at their return times. */
async function createBacklog() {
  const { clock, worker, buckets } = createFleet();
  const limiter = worker();
  await limiter.reserve(orders, 10, queueBatch);
  const { returns } = await worker().reserve(orders, 30, queueBatch);
  const turns = returns.slice(0, 5);
  clock.set(turns.at(-1)?.atMs ?? 0);
  // `limiter` reserves last, so that it knows how far ahead slots are given away.
  await worker().reserve(orders, 5, { ...queueBatch, turn: { ...inTurn } });
  await limiter.reserve(orders, 5, { ...queueBatch, turn: { ...inTurn } });
  const returning = () => limiter.reserve(orders, 1, { ...queueBatch, ...(turns[0] && { turn: turns[0] }) });
  const nowMs = clock.nowMs();
  return { clock, limiter, buckets, returning, nowMs };
}

test('returning deliveries share a write while slots are given away ahead of time', async () => {
  const { clock, buckets, returning } = await createBacklog();
  const { writes } = buckets;
  const first = returning();
  await clock.advance(200);
  const second = returning();
  await clock.advance(400);
  const slots = (await Promise.all([first, second])).map(({ slotTimesMs }) => slotTimesMs[0] ?? 0);
  expect(buckets.writes - writes).toBe(1);
  expect(Math.round((slots[1] ?? 0) - (slots[0] ?? 0))).toBe(100);
});

test('returning deliveries that wait to share a write get the same slots as without the wait', async () => {
  const { clock, buckets, returning, nowMs } = await createBacklog();
  const bucket = await buckets.read({ destinationIncarnation: orders.incarnation, shard: 0 });
  const first = returning();
  await clock.advance(500);
  expect((await first).slotTimesMs).toEqual([(bucket?.slotsUntilUs ?? 0) / 1000]);
  expect(clock.nowMs() - nowMs).toBe(500);
});

test('a newcomer and the second request of an attempt do not wait to share a write', async () => {
  const { limiter, returning, clock } = await createBacklog();
  const first = returning();
  expect((await limiter.reserve(orders, 1, queueBatch)).returns).toHaveLength(1);
  expect((await limiter.reserve(orders, 1, { ...queueBatch, turn: inTurn })).slotTimesMs).toHaveLength(1);
  await clock.advance(500);
  expect((await first).slotTimesMs).toHaveLength(1);
});

test('a returning delivery asks at once when it is unknown how far ahead slots are given away', async () => {
  const { clock, returning, nowMs } = await createBacklog();
  clock.set(nowMs + 1100);
  expect((await returning()).slotTimesMs).toHaveLength(1);
});

test('the time that a delivery waits to share a write counts towards its horizon', async () => {
  const { clock, returning, nowMs } = await createBacklog();
  const all = Array.from({ length: 20 }, returning);
  await clock.advance(500);
  const slots = (await Promise.all(all)).flatMap(({ slotTimesMs }) => slotTimesMs);
  expect(Math.max(...slots)).toBeLessThan(nowMs + 2000);
  expect(slots.length).toBeGreaterThan(3);
});
