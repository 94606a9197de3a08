import { describe, expect, test } from 'vitest';
import { createFailingTable, createFleet, orders, passing, queueBatch } from './rate-limiters.ts';

describe('a pause', () => {
  test('a pause stops the requests of the whole fleet to that destination only', async () => {
    const { worker, clock } = createFleet();
    const untilMs = clock.nowMs() + 30_000;
    await worker().pause(orders, untilMs);
    const paused = await worker().reserve(orders, 2, queueBatch);
    expect(paused.slotTimesMs).toEqual([]);
    // Deliveries come back up to a second early and then wait for a slot after the pause.
    expect(paused.returns.every(({ atMs }) => atMs >= untilMs - 1000)).toBe(true);
    const other = await worker().reserve({ ...orders, incarnation: 'other' }, 1, queueBatch);
    expect(other.slotTimesMs.length).toBe(1);
  });

  test('the first slot after a pause begins when the pause ends', async () => {
    const { worker, clock } = createFleet();
    const untilMs = clock.nowMs() + 30_000;
    await worker().pause(orders, untilMs);
    clock.set(untilMs - 1000);
    expect((await worker().reserve(orders, 1, queueBatch)).slotTimesMs).toEqual([untilMs]);
  });

  test('a change of the destination ends a pause, and deliveries then come back and get slots at once', async () => {
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

  test('a burst gives no slots within a pause', async () => {
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

  test('a pause that an endpoint asks for lasts at most 900 s', async () => {
    const { worker, clock, buckets } = createFleet();
    await worker().pause(orders, clock.nowMs() + 5_000_000);
    const bucket = await buckets.read({ destinationIncarnation: 'orders', shard: 0 });
    expect(bucket?.slotsUntilUs).toBe((clock.nowMs() + 900_000) * 1000);
  });

  test('a worker can prolong a pause after 900 s', async () => {
    const { worker, clock, buckets } = createFleet();
    const limiter = worker();
    const untilMs = clock.nowMs() + 86_400_000;
    await limiter.pause(orders, untilMs);
    clock.set(clock.nowMs() + 900_000);
    await limiter.pause(orders, untilMs);
    const bucket = await buckets.read({ destinationIncarnation: 'orders', shard: 0 });
    expect(bucket?.slotsUntilUs).toBe((clock.nowMs() + 900_000) * 1000);
  });

  test('a later pause does not shorten an earlier one', async () => {
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
    ['a pause that ends at most 100 ms later than the earlier one is not written', 100, 1],
    ['a pause that ends more than 100 ms later than the earlier one is written', 101, 2],
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

  test('a pause stops the requests of every shard', async () => {
    const { worker, clock } = createFleet();
    const large = { ...orders, ratePerSecond: 5000 };
    await worker().pause(large, clock.nowMs() + 30_000);
    const limiter = worker();
    const reserved = await Promise.all([1, 2, 3].map(() => limiter.reserve(large, 1, queueBatch)));
    expect(reserved.flatMap(({ slotTimesMs }) => slotTimesMs)).toEqual([]);
  });

  test('a throttled write of a pause is repeated', async () => {
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
