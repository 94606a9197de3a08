import { describe, expect, test } from 'vitest';
import { createFailingTable, createFleet, orders, passing, queueBatch } from './rate-limiters.ts';

describe('a pause', () => {
  test('a pause holds the whole fleet back from that destination, and from no other', async () => {
    const { worker, clock } = createFleet();
    const untilMs = clock.nowMs() + 30_000;
    await worker().pause(orders, untilMs);
    const paused = await worker().reserve(orders, 2, queueBatch);
    expect(paused.slotTimesMs).toEqual([]);
    // They come back up to a second early, and then wait for a slot behind the pause.
    expect(paused.returns.every(({ atMs }) => atMs >= untilMs - 1000)).toBe(true);
    const other = await worker().reserve({ ...orders, incarnation: 'other' }, 1, queueBatch);
    expect(other.slotTimesMs.length).toBe(1);
  });

  test('a pause is followed by slots from its end on', async () => {
    const { worker, clock } = createFleet();
    const untilMs = clock.nowMs() + 30_000;
    await worker().pause(orders, untilMs);
    clock.set(untilMs - 1000);
    expect((await worker().reserve(orders, 1, queueBatch)).slotTimesMs).toEqual([untilMs]);
  });

  test('a changed destination ends a pause: its deliveries come back at once, and find slots', async () => {
    const { worker, clock } = createFleet();
    const limiter = worker();
    await limiter.reserve(orders, 1, queueBatch);
    await limiter.pause(orders, clock.nowMs() + 900_000);
    const changed = { ...orders, revision: 2 };
    const { returns } = await worker().reserve(changed, 1, queueBatch);
    const [turn] = returns;
    expect(turn?.atMs).toBeLessThan(clock.nowMs() + 1000);
    clock.set(clock.nowMs() + 1000);
    expect((await worker().reserve(changed, 1, { ...queueBatch, ...(turn && { turn }) })).slotTimesMs).toHaveLength(1);
  });

  test('a burst does not shorten a pause, and is usable only after the bucket has been idle again', async () => {
    const { worker, clock } = createFleet();
    const bursting = { ...orders, burst: 50 };
    const untilMs = clock.nowMs() + 3000;
    await worker().pause(bursting, untilMs);
    const { slotTimesMs, returns } = await worker().reserve(bursting, 2, queueBatch);
    expect(slotTimesMs).toEqual([]);
    clock.set(untilMs - 1000);
    const [turn] = returns;
    const back = await worker().reserve(bursting, 2, { ...queueBatch, ...(turn && { turn }) });
    expect(back.slotTimesMs).toEqual([untilMs, untilMs + 100]);
  });

  test('a pause lasts at most 900 s', async () => {
    const { worker, clock, buckets } = createFleet();
    await worker().pause(orders, clock.nowMs() + 5_000_000);
    const bucket = await buckets.read({ destinationIncarnation: 'orders', shard: 0 });
    expect(bucket?.slotsUntilUs).toBe((clock.nowMs() + 900_000) * 1000);
  });

  test('a pause of a day can be asked for again after its first 900 s, even by the same worker', async () => {
    const { worker, clock, buckets } = createFleet();
    const limiter = worker();
    const untilMs = clock.nowMs() + 86_400_000;
    await limiter.pause(orders, untilMs);
    clock.set(clock.nowMs() + 900_000);
    await limiter.pause(orders, untilMs);
    const bucket = await buckets.read({ destinationIncarnation: 'orders', shard: 0 });
    expect(bucket?.slotsUntilUs).toBe((clock.nowMs() + 900_000) * 1000);
  });

  test('a pause is never shortened by another one', async () => {
    const { worker, clock, buckets } = createFleet();
    await worker().pause(orders, clock.nowMs() + 30_000);
    await worker().pause(orders, clock.nowMs() + 10_000);
    const bucket = await buckets.read({ destinationIncarnation: 'orders', shard: 0 });
    expect(bucket?.slotsUntilUs).toBe((clock.nowMs() + 30_000) * 1000);
  });

  test('a pause is written once when a hundred requests are refused together', async () => {
    const { worker, clock, buckets } = createFleet();
    const limiter = worker();
    await Promise.all(Array.from({ length: 100 }, () => limiter.pause(orders, clock.nowMs() + 30_000)));
    expect(buckets.writes).toBe(1);
  });

  test.each([
    ['a pause that ends 100 ms later than the one before is not written', 100, 1],
    ['a pause that ends more than 100 ms later than the one before is written', 101, 2],
  ])('%s', async (_name, laterMs, writes) => {
    const { worker, clock, buckets } = createFleet();
    const limiter = worker();
    await limiter.pause(orders, clock.nowMs() + 30_000);
    await limiter.pause(orders, clock.nowMs() + 30_000 + laterMs);
    expect(buckets.writes).toBe(writes);
  });

  test('a pause that ends in the past changes nothing', async () => {
    const { worker, clock } = createFleet();
    const limiter = worker();
    await limiter.reserve(orders, 1, queueBatch);
    await limiter.pause(orders, clock.nowMs() - 1000);
    expect((await limiter.reserve(orders, 1, queueBatch)).slotTimesMs.length).toBe(1);
  });

  test('a pause reaches every shard', async () => {
    const { worker, clock } = createFleet();
    const large = { ...orders, ratePerSecond: 5000 };
    await worker().pause(large, clock.nowMs() + 30_000);
    const limiter = worker();
    const reserved = await Promise.all([1, 2, 3].map(() => limiter.reserve(large, 1, queueBatch)));
    expect(reserved.flatMap(({ slotTimesMs }) => slotTimesMs)).toEqual([]);
  });

  test('a pause is written after a throttled write', async () => {
    const table = createFailingTable();
    const { worker, clock, buckets } = createFleet({ table: table.over });
    table.fail(2);
    const untilMs = clock.nowMs() + 30_000;
    await passing(clock, worker().pause(orders, untilMs));
    const bucket = await buckets.read({ destinationIncarnation: 'orders', shard: 0 });
    expect(bucket?.slotsUntilUs).toBe(untilMs * 1000);
  });

  test('a pause that cannot be written is lost without an error', async () => {
    const table = createFailingTable();
    const { worker, clock, buckets } = createFleet({ table: table.over });
    table.fail(100);
    await expect(passing(clock, worker().pause(orders, clock.nowMs() + 30_000))).resolves.toBeUndefined();
    expect(table.calls).toBe(3);
    expect(buckets.writes).toBe(0);
  });
});
