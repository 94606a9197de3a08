import { describe, expect, test } from 'vitest';
import { Outage } from '../../../../lib/delivery/rate/outage.ts';
import { createFailingTable, createFleet, orders, passing, queueBatch } from './rate-limiters.ts';

function createFleetOnFailingTable() {
  const table = createFailingTable();
  return { table, ...createFleet({ table: table.over }) };
}

describe('a bucket that cannot be reached', () => {
  test('deliveries get no slots from a bucket that cannot be reached, and return later as newcomers', async () => {
    const { table, worker, clock, buckets } = createFleetOnFailingTable();
    table.fail(1000);
    const { slotTimesMs, returns } = await passing(clock, worker().reserve(orders, 5, queueBatch));
    expect(slotTimesMs).toEqual([]);
    expect(returns.length).toBe(5);
    expect(returns.every(({ atMs, kind }) => kind === 'newcomer' && atMs > clock.nowMs())).toBe(true);
    expect(buckets.writes).toBe(0);
  });

  test('a worker writes a bucket again some time after the bucket could not be reached', async () => {
    const { table, worker, clock } = createFleetOnFailingTable();
    const limiter = worker();
    table.fail(1000);
    await passing(clock, limiter.reserve(orders, 1, queueBatch));
    const { calls } = table;
    await limiter.reserve(orders, 1, queueBatch);
    expect(table.calls).toBe(calls);
    table.fail(0);
    clock.set(clock.nowMs() + 30_000);
    expect((await limiter.reserve(orders, 1, queueBatch)).slotTimesMs.length).toBe(1);
  });

  test('after every further failure in a row, a worker waits longer before it writes the bucket again', async () => {
    const { table, worker, clock } = createFleetOnFailingTable();
    const limiter = worker();
    table.fail(1_000_000);
    const restsMs: number[] = [];
    for (let outage = 0; outage < 4; outage += 1) {
      await passing(clock, limiter.reserve(orders, 1, queueBatch));
      const { calls } = table;
      const beganMs = clock.nowMs();
      while (table.calls === calls) {
        clock.set(clock.nowMs() + 100);
        await passing(clock, limiter.reserve(orders, 1, { horizonMs: 1 }));
      }
      restsMs.push(clock.nowMs() - beganMs);
    }
    expect(restsMs[3]).toBeGreaterThan(2 * (restsMs[0] ?? 0));
  });

  test('an outage of a bucket does not delay deliveries after the clock has stepped back', async () => {
    const { table, worker, clock } = createFleetOnFailingTable();
    const limiter = worker();
    table.fail(1000);
    await passing(clock, limiter.reserve(orders, 1, queueBatch));
    table.fail(0);
    clock.set(clock.nowMs() - 3_600_000);
    expect((await limiter.reserve(orders, 1, queueBatch)).slotTimesMs.length).toBe(1);
  });

  test('a delivery that asks before its return time keeps that time when the bucket cannot be reached', async () => {
    const { table, worker, clock } = createFleetOnFailingTable();
    const turn = { kind: 'return', generation: 1, shard: 0, atMs: clock.nowMs() + 60_000 } as const;
    table.fail(1);
    expect(await worker().reserve(orders, 1, { ...queueBatch, turn })).toEqual({ slotTimesMs: [], returns: [turn] });
  });
});

describe('a write that is throttled', () => {
  test('a throttled write is repeated while there is time for a slot', async () => {
    const { table, worker, clock } = createFleetOnFailingTable();
    table.fail(3);
    const { slotTimesMs } = await passing(clock, worker().reserve(orders, 2, queueBatch));
    expect(slotTimesMs.length).toBe(2);
    expect(slotTimesMs[0]).toBeGreaterThan(clock.nowMs() - 100);
  });
});

describe('a table that refuses', () => {
  test('slots cannot be reserved when the table denies access', async () => {
    const { table, worker } = createFleetOnFailingTable();
    table.fail(1, 'StoreRefused');
    await expect(worker().reserve(orders, 1, queueBatch)).rejects.toMatchObject({ code: 'StoreRefused' });
  });

  test('a bug during a reservation fails the calls that share it but no later call', async () => {
    const { table, worker } = createFleetOnFailingTable();
    const limiter = worker();
    table.break(new TypeError('a bug'));
    const calls = [1, 2].map(() => limiter.reserve(orders, 1, queueBatch));
    const ends = await Promise.allSettled(calls);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((await limiter.reserve(orders, 1, queueBatch)).slotTimesMs.length).toBe(1);
  });
});

describe('a clock', () => {
  test('a worker whose clock steps back half an hour gets no slot twice, and gets slots when the clock is right again', async () => {
    const { worker, clock, buckets } = createFleetOnFailingTable();
    const limiter = worker();
    const before = await limiter.reserve(orders, 5, queueBatch);
    const nowMs = clock.nowMs();
    clock.set(nowMs - 1_800_000);
    const { slotTimesMs, returns } = await limiter.reserve(orders, 5, queueBatch);
    expect(slotTimesMs).toEqual([]);
    expect(returns.every(({ atMs }) => atMs <= clock.nowMs() + 900_000)).toBe(true);
    clock.set(nowMs + 1000);
    const after = await limiter.reserve(orders, 1, queueBatch);
    expect(after.slotTimesMs[0]).toBeGreaterThan(before.slotTimesMs.at(-1) ?? 0);
    expect(buckets.writes).toBe(2);
  });

  test('a worker that is suspended for 3 s loses at most the slots of that time', async () => {
    const { worker, clock } = createFleetOnFailingTable();
    const limiter = worker();
    await limiter.reserve(orders, 20, queueBatch);
    clock.set(clock.nowMs() + 3000);
    const { slotTimesMs } = await limiter.reserve(orders, 20, queueBatch);
    expect((slotTimesMs[0] ?? 0) - clock.nowMs()).toBeLessThan(20);
    expect(slotTimesMs.length).toBe(20);
  });
});

describe('an outage as one worker sees it', () => {
  const startMs = 1_790_000_000_000;
  const half = () => 0.5;

  /** A clock that does not move and records the requested waits. */
  function stillClock() {
    const waitsMs: number[] = [];
    const delay = (delayMs: number) => {
      waitsMs.push(delayMs);
      return Promise.resolve();
    };
    return { waitsMs, nowMs: () => startMs, delay };
  }

  test.each([
    ['is repeated after 25 ms', 1, 26, [25]],
    ['is not repeated', 1, 25, []],
    ['is repeated after 100 ms', 3, 60_000, [100]],
    ['is not repeated', 4, 60_000, []],
  ])(
    'a write to a bucket %s after failure %i when its slots are usable for %i ms',
    async (_what, failures, usableMs, waitsMs) => {
      const clock = stillClock();
      const goesOn = await new Outage(half).waitsOut(failures, startMs + usableMs, clock);
      expect(clock.waitsMs).toEqual(waitsMs);
      expect(goesOn).toBe(waitsMs.length > 0);
    },
  );

  test('the time without writes to a bucket doubles with each failure in a row, until a write succeeds', async () => {
    const outage = new Outage(half);
    const rest = () => outage.waitsOut(4, startMs, stillClock());
    const expectRest = (restMs: number) => {
      expect(outage.isResting(startMs + restMs - 1)).toBe(true);
      expect(outage.isResting(startMs + restMs)).toBe(false);
    };
    await rest();
    expectRest(500);
    await rest();
    expectRest(1000);
    outage.ends();
    await rest();
    expectRest(500);
  });

  test('a worker writes a bucket again after an outage when its clock has stepped back', async () => {
    const outage = new Outage(half);
    await outage.waitsOut(4, startMs, stillClock());
    expect(outage.isResting(startMs)).toBe(true);
    expect(outage.isResting(startMs - 1)).toBe(false);
  });

  test.each([
    { rests: 0, afterMs: 2000 },
    { rests: 1, afterMs: 2000 },
    { rests: 2, afterMs: 3000 },
    { rests: 10, afterMs: 16_000 },
  ])(
    'after $rests failed tries to reach a bucket, deliveries return $afterMs ms later on average',
    async ({ rests, afterMs }) => {
      const outage = new Outage(half);
      for (let rest = 0; rest < rests; rest += 1) await outage.waitsOut(4, startMs, stillClock());
      expect(outage.turns(1, startMs)).toEqual([{ kind: 'newcomer', isOutage: true, atMs: startMs + afterMs }]);
    },
  );

  test('the random return times that deliveries get during an outage are in ascending order', () => {
    const chances = [0.75, 0.25, 0.5];
    const turns = new Outage(() => chances.pop() ?? 0).turns(3, startMs);
    expect(turns.map(({ atMs }) => atMs - startMs)).toEqual([1500, 2000, 2500]);
  });
});
