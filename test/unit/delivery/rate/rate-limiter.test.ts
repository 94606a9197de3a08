import { describe, expect, test } from 'vitest';
import { inTurn, toTurnNumber } from '../../../../lib/core/rate/shards.ts';
import { slotToleranceMs } from '../../../../lib/core/rate/slots.ts';
import type { Turn } from '../../../../lib/delivery/rate/limiter.ts';
import { createFaults } from '../../../fakes/faults.ts';
import { createFleet, orders, queueBatch } from './rate-limiters.ts';

const ratherSoonMs = 20;

describe('slots', () => {
  test('slots of an idle destination begin at once and are one interval apart', async () => {
    const { worker, beganMs } = createFleet();
    const { slotTimesMs, returns } = await worker().reserve(orders, 3, queueBatch);
    const [firstMs = 0] = slotTimesMs;
    expect(firstMs - beganMs).toBeGreaterThanOrEqual(0);
    expect(firstMs - beganMs).toBeLessThan(ratherSoonMs);
    expect(slotTimesMs.map((atMs) => atMs - firstMs)).toEqual([0, 100, 200]);
    expect(returns).toEqual([]);
  });

  test('the slots of one worker begin where those of another worker end', async () => {
    const { worker } = createFleet();
    const one = await worker().reserve(orders, 2, queueBatch);
    const other = await worker().reserve(orders, 2, queueBatch);
    const all = [...one.slotTimesMs, ...other.slotTimesMs];
    expect(all.map((atMs) => Math.round(atMs - (all[0] ?? 0)))).toEqual([0, 100, 200, 300]);
  });

  test('requests for which there is no slot before the horizon get a return time', async () => {
    const { worker, beganMs } = createFleet();
    const { slotTimesMs, returns } = await worker().reserve(orders, 30, queueBatch);
    expect(slotTimesMs.length).toBe(20);
    expect(slotTimesMs.every((atMs) => atMs < beganMs + 2000)).toBe(true);
    expect(returns.length).toBe(10);
    expect(returns.every(({ atMs }) => atMs > beganMs && atMs < beganMs + 4000)).toBe(true);
  });

  test('the slots and return times of a rate below one request a second keep this rate', async () => {
    const { worker } = createFleet();
    const { slotTimesMs, returns } = await worker().reserve({ ...orders, ratePerSecond: 0.5 }, 5, { horizonMs: 5000 });
    const gapsMs = (timesMs: readonly number[]) =>
      timesMs.slice(1).map((atMs, index) => Math.round(atMs - (timesMs[index] ?? 0)));
    expect(gapsMs(slotTimesMs)).toEqual([2000, 2000]);
    expect(gapsMs(returns.map(({ atMs }) => atMs))).toEqual([2000]);
  });

  test('slots of two destinations are independent', async () => {
    const { worker, beganMs } = createFleet();
    const limiter = worker();
    await limiter.reserve(orders, 100, queueBatch);
    const { slotTimesMs } = await limiter.reserve({ ...orders, incarnation: 'other' }, 1, queueBatch);
    expect((slotTimesMs[0] ?? 0) - beganMs).toBeLessThan(ratherSoonMs);
  });

  test('slots after a burst follow at the rate, and return times begin directly after the slots', async () => {
    const { worker, beganMs } = createFleet();
    const { slotTimesMs, returns } = await worker().reserve({ ...orders, burst: 100 }, 130, queueBatch);
    const afterMs = slotTimesMs.map((atMs) => atMs - (slotTimesMs[0] ?? 0));
    expect(afterMs.slice(0, 100)).toEqual(Array.from({ length: 100 }, () => 0));
    expect(afterMs.slice(100, 103)).toEqual([100, 200, 300]);
    expect(returns).toHaveLength(130 - slotTimesMs.length);
    for (const { atMs } of returns) expect(atMs - beganMs).toBeLessThanOrEqual(2100);
  });

  test('no slot is given twice when the burst is raised for a bucket that was used a short time ago', async () => {
    const { worker, clock, beganMs } = createFleet();
    await worker().reserve(orders, 10, queueBatch);
    clock.set(beganMs + 500);
    const { slotTimesMs } = await worker().reserve({ ...orders, burst: 3, revision: 2 }, 3, queueBatch);
    expect(slotTimesMs.every((atMs) => atMs >= beganMs + 1000)).toBe(true);
    clock.set(beganMs + 10_000);
    const rested = await worker().reserve({ ...orders, burst: 3, revision: 2 }, 4, { horizonMs: 90 });
    expect(rested.slotTimesMs.map((atMs) => Math.round((atMs - beganMs) / 100))).toEqual([100, 100, 100]);
  });

  test('all requests of a burst may be sent at once', async () => {
    const { worker } = createFleet();
    const { slotTimesMs } = await worker().reserve({ ...orders, burst: 5 }, 5, { horizonMs: 250 });
    expect(new Set(slotTimesMs).size).toBe(1);
  });

  test('reserving zero slots calls no store', async () => {
    const { worker, buckets } = createFleet();
    expect(await worker().reserve(orders, 0, queueBatch)).toEqual({ slotTimesMs: [], returns: [] });
    expect(buckets.writes).toBe(0);
  });
});

describe('writes', () => {
  test('calls of the same moment share a write', async () => {
    const { worker, buckets } = createFleet();
    const limiter = worker();
    const reserved = await Promise.all(Array.from({ length: 10 }, () => limiter.reserve(orders, 1, queueBatch)));
    const slots = reserved.flatMap(({ slotTimesMs }) => slotTimesMs);
    expect(slots.map((atMs) => Math.round(atMs - (slots[0] ?? 0)))).toEqual(slots.map((_, index) => index * 100));
    expect(slots.length).toBe(10);
    expect(buckets.writes).toBe(1);
  });

  test('calls that come during a write share the next write', async () => {
    const faults = createFaults();
    const { worker, buckets } = createFleet({ table: (table) => faults.wrap('table', table) });
    const limiter = worker();
    const held = faults.hold('table.write');
    const first = limiter.reserve(orders, 1, queueBatch);
    await held.reached;
    const others = [2, 3, 4].map((count) => limiter.reserve(orders, count, queueBatch));
    held.release();
    const counts = (await Promise.all([first, ...others])).map(({ slotTimesMs }) => slotTimesMs.length);
    expect(counts).toEqual([1, 2, 3, 4]);
    expect(buckets.writes).toBe(2);
  });

  test.each([
    [250, 200],
    [2000, 500],
  ])(
    'with a horizon of %d ms, writes that always take %d ms still give slots that have not passed',
    async (horizonMs, tookMs) => {
      const { worker, clock } = createFleet({
        table: (table) => ({
          read: (key) => table.read(key),
          async write(key, write) {
            const result = await table.write(key, write);
            clock.set(clock.nowMs() + tookMs);
            return result;
          },
        }),
      });
      const limiter = worker();
      const lateMs: number[] = [];
      for (let call = 0; call < 24; call += 1) {
        const { slotTimesMs } = await limiter.reserve({ ...orders, ratePerSecond: 300 }, 1, { horizonMs });
        lateMs.push(clock.nowMs() - (slotTimesMs[0] ?? Number.NEGATIVE_INFINITY));
      }
      // The first writes teach the worker how long a write takes. A request that missed its slot by more than the tolerance
      // would not use it.
      expect(Math.max(...lateMs.slice(16))).toBeLessThanOrEqual(slotToleranceMs(300));
    },
  );

  test('a batch costs one write at a busy destination and at an idle one', async () => {
    const { worker, buckets, clock } = createFleet();
    const limiter = worker();
    for (let batch = 0; batch < 5; batch += 1) await limiter.reserve(orders, 3, queueBatch);
    expect(buckets.writes).toBe(5);
    for (let batch = 0; batch < 10; batch += 1) {
      clock.set(clock.nowMs() + 5000);
      await limiter.reserve(orders, 3, queueBatch);
    }
    expect(buckets.writes).toBe(15);
  });

  test.each([
    ['two writes if the answer to the refused one contains the bucket', true, { writes: 2, reads: 0 }],
    ['two writes and a read if the answer to the refused one does not contain it', false, { writes: 2, reads: 1 }],
  ])(
    'a worker does not read a bucket that no other worker writes, and after a write of another worker makes %s',
    async (_calls, showsRefuser, calls) => {
      let reads = 0;
      const { worker, buckets, clock } = createFleet({
        showsRefuser,
        table: (table) => ({
          write: (...args) => table.write(...args),
          read(key) {
            reads += 1;
            return table.read(key);
          },
        }),
      });
      const [limiter, other] = [worker(), worker()];
      const callsOf = async (batches: number) => {
        const before = { writes: buckets.writes, reads };
        for (let batch = 0; batch < batches; batch += 1) {
          clock.set(clock.nowMs() + 1000);
          await limiter.reserve(orders, 3, queueBatch);
        }
        return { writes: buckets.writes - before.writes, reads: reads - before.reads };
      };
      await callsOf(10);
      expect(await callsOf(10)).toEqual({ writes: 10, reads: 0 });
      clock.set(clock.nowMs() + 1000);
      await other.reserve(orders, 15, queueBatch);
      expect(await callsOf(1)).toEqual(calls);
    },
  );

  test('a flood costs each worker one write a second instead of one for each event', async () => {
    const { worker, buckets, clock } = createFleet();
    const limiter = worker();
    const rated = { ...orders, ratePerSecond: 100 };
    const turns: Turn[] = [];
    const writesAfter = async (seconds: number) => {
      for (let event = 0; event < seconds * 50; event += 1) {
        clock.set(clock.nowMs() + 20);
        turns.push(...(await limiter.reserve(rated, 1, { horizonMs: 10 })).returns);
      }
      return buckets.writes;
    };
    await worker().reserve(rated, 2000, queueBatch);
    const rampedUp = await writesAfter(2);
    expect((await writesAfter(4)) - rampedUp).toBeLessThanOrEqual(5);
    expect(new Set(turns.map(({ atMs }) => atMs)).size).toBe(300);
  });
});

describe('a backlog', () => {
  test('newcomers get return times behind a backlog, and returning deliveries get slots', async () => {
    const { worker, clock } = createFleet();
    const { returns } = await worker().reserve(orders, 60, queueBatch);
    const [turn] = returns;
    clock.set(turn?.atMs ?? 0);
    const newcomer = await worker().reserve(orders, 1, queueBatch);
    expect(newcomer.slotTimesMs).toEqual([]);
    expect(newcomer.returns[0]?.atMs).toBeGreaterThan(returns.at(-1)?.atMs ?? Number.POSITIVE_INFINITY);
    const back = await worker().reserve(orders, 1, { ...queueBatch, ...(turn && { turn }) });
    expect(back.slotTimesMs.length).toBe(1);
  });

  test('the return times of a backlog are one interval of the rate apart', async () => {
    const { worker } = createFleet();
    const { returns } = await worker().reserve(orders, 60, queueBatch);
    const apartMs = returns.slice(1).map(({ atMs }, index) => Math.round(atMs - (returns[index]?.atMs ?? 0)));
    expect(new Set(apartMs)).toEqual(new Set([100]));
  });

  test('a backlog does not delay the second request of an attempt that has begun', async () => {
    const { worker } = createFleet();
    const limiter = worker();
    await limiter.reserve(orders, 15, { horizonMs: 1000 });
    const again = await limiter.reserve(orders, 1, { ...queueBatch, turn: inTurn });
    expect(again.slotTimesMs.length).toBe(1);
  });

  test('newcomers get slots again when no delivery of the backlog has come back for 5 s', async () => {
    const { worker, clock } = createFleet();
    await worker().reserve(orders, 500, queueBatch);
    clock.set(clock.nowMs() + 8000);
    const limiter = worker();
    const { slotTimesMs } = await limiter.reserve(orders, 1, queueBatch);
    expect((slotTimesMs[0] ?? 0) - clock.nowMs()).toBeLessThan(ratherSoonMs);
    expect((await worker().reserve(orders, 1, queueBatch)).slotTimesMs.length).toBe(1);
  });

  test('a delivery that asks before its return time keeps that time and costs no write', async () => {
    const { worker, buckets, clock } = createFleet();
    const limiter = worker();
    const turn = (await limiter.reserve(orders, 100, queueBatch)).returns.at(-1);
    const { writes } = buckets;
    clock.set(clock.nowMs() + 4000);
    const early = { ...queueBatch, ...(turn && { turn }) };
    expect(await limiter.reserve(orders, 1, early)).toEqual({ slotTimesMs: [], returns: [turn] });
    expect(await worker().reserve(orders, 1, early)).toEqual({ slotTimesMs: [], returns: [turn] });
    expect(buckets.writes).toBe(writes);
  });

  test('deliveries that do not fit into the longest backlog, 900 s, come back later as newcomers', async () => {
    const { worker, beganMs } = createFleet();
    const { slotTimesMs, returns } = await worker().reserve(orders, 12_000, queueBatch);
    expect(slotTimesMs.length + returns.length).toBe(12_000);
    expect(Math.max(...returns.map(({ atMs }) => atMs))).toBeLessThanOrEqual(beganMs + 900_000);
    const beyond = returns.filter(({ kind }) => kind === 'newcomer');
    expect(beyond.length).toBeGreaterThan(2000);
    expect(Math.min(...beyond.map(({ atMs }) => atMs))).toBeGreaterThanOrEqual(beganMs + 450_000);
  });

  test('a backlog of 900 s costs no writes until there is room again', async () => {
    const { worker, buckets } = createFleet();
    const limiter = worker();
    await limiter.reserve(orders, 12_000, queueBatch);
    const { writes } = buckets;
    for (let call = 0; call < 50; call += 1) await limiter.reserve(orders, 1, queueBatch);
    expect(buckets.writes).toBe(writes);
  });
});

describe('a changed rate', () => {
  const faster = { ...orders, revision: 2, ratePerSecond: 100 };

  test('the slots of a changed rate begin where those of the old rate end', async () => {
    const { worker } = createFleet();
    const old = await worker().reserve(orders, 5, queueBatch);
    const { slotTimesMs } = await worker().reserve(faster, 3, queueBatch);
    const lastMs = old.slotTimesMs.at(-1) ?? 0;
    expect(slotTimesMs.map((atMs) => Math.round(atMs - lastMs))).toEqual([100, 110, 120]);
  });

  test('a delivery with a return time of the old rate gets a slot at once after the rate was raised', async () => {
    const { worker, clock } = createFleet();
    const turn = (await worker().reserve(orders, 1000, queueBatch)).returns.at(-1);
    const limiter = worker();
    clock.set(clock.nowMs() + 3000);
    await limiter.reserve(faster, 1, queueBatch);
    const { slotTimesMs } = await limiter.reserve(faster, 1, { ...queueBatch, ...(turn && { turn }) });
    expect(slotTimesMs.length).toBe(1);
  });

  test('a worker that does not know a changed rate yet does not undo the change', async () => {
    const { worker, buckets } = createFleet();
    await worker().reserve(orders, 1, queueBatch);
    const newer = worker();
    await newer.reserve(faster, 1, queueBatch);
    await newer.reserve(faster, 1, queueBatch);
    const { slotTimesMs } = await worker().reserve(orders, 2, queueBatch);
    expect(Math.round((slotTimesMs[1] ?? 0) - (slotTimesMs[0] ?? 0))).toBe(100);
    const key = { destinationIncarnation: orders.incarnation, shard: 0 };
    expect(await buckets.read(key)).toMatchObject({ generation: 2, revision: 2 });
  });
});

describe('shards', () => {
  const large = { ...orders, ratePerSecond: 5000 };

  test('each shard of a destination has its own slots and return times', async () => {
    const { worker, buckets } = createFleet();
    const limiter = worker();
    const calls = Array.from({ length: 3 }, () => limiter.reserve(large, 4000, queueBatch));
    const reserved = (await Promise.all(calls)).map(({ slotTimesMs, returns }) => ({
      slots: slotTimesMs.length,
      line: new Set(returns.filter(({ kind }) => kind === 'return').map(toTurnNumber)),
    }));
    expect(reserved.every(({ slots }) => slots > 3300 && slots < 3340)).toBe(true);
    expect(new Set(reserved.flatMap(({ line }) => [...line])).size).toBe(3);
    for (const shard of [0, 1, 2]) {
      expect(await buckets.read({ destinationIncarnation: 'orders', shard })).toBeDefined();
    }
  });

  test('a batch reserves all its slots at one shard with one write', async () => {
    const { worker, buckets } = createFleet();
    const limiter = worker();
    await Promise.all(Array.from({ length: 10 }, () => limiter.reserve(large, 1, queueBatch)));
    const written = [0, 1, 2].map(async (shard) => buckets.read({ destinationIncarnation: 'orders', shard }));
    expect((await Promise.all(written)).filter((bucket) => bucket !== undefined)).toHaveLength(1);
  });

  test('a returning delivery asks the shard that gave it its return time', async () => {
    const { worker, buckets, clock } = createFleet();
    const limiter = worker();
    const lines = await Promise.all(Array.from({ length: 3 }, () => limiter.reserve(large, 4000, queueBatch)));
    const turn = lines[1]?.returns[0];
    const shard = turn?.kind === 'return' ? turn.shard : Number.NaN;
    const before = await buckets.read({ destinationIncarnation: 'orders', shard });
    clock.set((turn?.atMs ?? 0) + 10);
    await limiter.reserve(large, 1, { ...queueBatch, ...(turn && { turn }) });
    const after = await buckets.read({ destinationIncarnation: 'orders', shard });
    expect(after?.slotsUntilUs).toBeGreaterThan(before?.slotsUntilUs ?? Number.POSITIVE_INFINITY);
  });
});
