import { expect, test } from 'vitest';
import { aliveSignal } from '../../../../lib/core/health/circuit.ts';
import type { Signal } from '../../../../lib/core/health/circuit.ts';
import { forEverUs } from '../../../../lib/core/health/health.ts';
import { pauseByHandWrite } from '../../../../lib/core/health/pause-by-hand.ts';
import type { RatedDestination } from '../../../../lib/core/rate/shards.ts';
import { ratedDestination } from '../../../../lib/core/rate/shards.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import type { RateLimiter } from '../../../../lib/delivery/rate/limiter.ts';
import { createRateLimiter } from '../../../../lib/delivery/rate/limiter.ts';
import type { RateBuckets } from '../../../../lib/ports/rate.ts';
import { apiDestinationOf } from '../../../contract/dynamodb/subjects.ts';
import { createRecordedHealth } from '../../../fakes/healthy.ts';
import { createInMemoryRateBuckets } from '../../../fakes/in-memory-rate-buckets.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';

const policy = { burst: 1, timeoutMs: 5000, maximumConcurrency: undefined, invocationRateLimit: 'NONE' } as const;
const unlimited = ratedDestination(apiDestinationOf('orders', { revision: 1 }), policy);
const key = { destinationIncarnation: unlimited.incarnation, shard: 0 };
const single = { horizonMs: 250 } as const;
const timedOut: Signal = { kind: 'failed', code: 'TimedOut' };

/** Workers that share a table, whose calls are counted. The endpoint answers after 20 ms unless a test says otherwise. */
function createFleet() {
  const clock = createManualClock();
  const stored = createInMemoryRateBuckets();
  const calls = { reads: 0, writes: 0 };
  let isDown = false;
  const call = <Result>(made: () => Promise<Result>): Promise<Result> =>
    isDown ? Promise.reject(new Failure('StoreUnavailable', 'The table is down.')) : made();
  const buckets: RateBuckets = {
    read(asked) {
      calls.reads += 1;
      return call(() => stored.read(asked));
    },
    write(asked, write) {
      calls.writes += 1;
      return call(() => stored.write(asked, write));
    },
  };
  const worker = () =>
    createRateLimiter({
      buckets,
      clock,
      random: () => 0.5,
      batchSize: 10,
      invocations: 100,
      healthLog: createRecordedHealth(),
    });
  async function answer(limiter: RateLimiter, afterMs = 20, signal: Signal = aliveSignal, of = unlimited) {
    const request = limiter.monitorOf(of).begin(false);
    clock.set(clock.nowMs() + afterMs);
    await request.end(signal);
  }
  /** @returns how many of the requests get a slot */
  async function ask(limiter: RateLimiter, count = 1, of: RatedDestination = unlimited): Promise<number> {
    return (await limiter.reserve(of, count, single)).slotTimesMs.length;
  }
  /** A worker that knows how long the endpoint takes to answer, and a table that knows it too. */
  async function warm() {
    const limiter = worker();
    await ask(limiter);
    await answer(limiter);
    await ask(limiter);
    clock.set(clock.nowMs() + 10);
    Object.assign(calls, { reads: 0, writes: 0 });
    return limiter;
  }
  async function pause() {
    const write = pauseByHandWrite(await stored.read(key), forEverUs, clock.nowMs() * 1000, 1);
    await stored.write(key, write);
  }
  return {
    clock,
    stored,
    calls,
    worker,
    answer,
    ask,
    warm,
    pause,
    breakTable() {
      isDown = true;
    },
  };
}

test('requests without a rate limit begin at once, and cost no write and one read a second', async () => {
  const { warm, ask, clock, calls } = createFleet();
  const limiter = await warm();
  for (let step = 0; step < 100; step += 1) {
    const { slotTimesMs } = await limiter.reserve(unlimited, 100, single);
    expect(slotTimesMs).toEqual(Array.from({ length: 100 }, () => clock.nowMs()));
    await clock.advance(100);
  }
  expect(await ask(limiter)).toBe(1);
  expect(calls).toEqual({ reads: 9, writes: 0 });
});

test('the first request of a new worker costs one read if the fleet knows the endpoint', async () => {
  const { warm, worker, ask, calls } = createFleet();
  await warm();
  expect(await ask(worker(), 500)).toBe(500);
  expect(calls).toEqual({ reads: 1, writes: 0 });
});

test('requests of a batch share the read that they wait for', async () => {
  const { warm, worker, ask, calls } = createFleet();
  await warm();
  const limiter = worker();
  await Promise.all(Array.from({ length: 10 }, () => ask(limiter)));
  expect(calls).toEqual({ reads: 1, writes: 0 });
});

test('requests to an endpoint that nobody has asked yet take slots, so that they cannot occupy all invocations', async () => {
  const { worker, ask, calls } = createFleet();
  const asked = await Promise.all([worker(), worker()].map((limiter) => ask(limiter, 2000)));
  expect(Math.max(...asked)).toBeLessThanOrEqual(500);
  expect(calls.writes).toBeGreaterThan(0);
});

test('a pause by hand stops a worker that is busy within a second and a half', async () => {
  const { warm, pause, ask, clock } = createFleet();
  const limiter = await warm();
  await pause();
  const beganMs = clock.nowMs();
  while ((await ask(limiter)) > 0) await clock.advance(50);
  expect(clock.nowMs() - beganMs).toBeLessThanOrEqual(1500);
  expect(limiter.monitorOf(unlimited).waitsFor).toBe('pause');
});

test('a pause by hand stops the next request of a worker that has sent nothing for a second and a half', async () => {
  const { warm, pause, ask, clock } = createFleet();
  const limiter = await warm();
  await pause();
  clock.set(clock.nowMs() + 1501);
  expect(await ask(limiter)).toBe(0);
});

test('a worker that cannot read the table sends nothing once its copy is a second and a half old', async () => {
  const { warm, breakTable, ask, clock } = createFleet();
  const limiter = await warm();
  breakTable();
  expect(await ask(limiter)).toBe(1);
  clock.set(clock.nowMs() + 1501);
  const given = limiter.reserve(unlimited, 1, single);
  for (let step = 0; step < 20; step += 1) await clock.advance(100);
  const { slotTimesMs, returns } = await given;
  expect([slotTimesMs, returns]).toMatchObject([[], [{ isOutage: true }]]);
});

test('a background read that fails does not stop a worker whose copy is young enough', async () => {
  const { warm, breakTable, ask, clock } = createFleet();
  const limiter = await warm();
  breakTable();
  clock.set(clock.nowMs() + 1200);
  expect(await ask(limiter)).toBe(1);
  await clock.advance(1);
});

test('five failures in a row open the circuit without a rate limit too, and then one probe at a time is sent', async () => {
  const { warm, worker, answer, ask, clock } = createFleet();
  const limiter = await warm();
  for (let failure = 0; failure < 5; failure += 1) await answer(limiter, 1, timedOut);
  clock.set(clock.nowMs() + 1000);
  const reservations = await Promise.all(
    [limiter, worker(), worker()].map((each) => each.reserve(unlimited, 1, single)),
  );
  expect(reservations.map(({ slotTimesMs, isProbe }) => [slotTimesMs.length, isProbe])).toEqual([
    [1, true],
    [0, undefined],
    [0, undefined],
  ]);
  expect(await ask(limiter)).toBe(0);
});

test('after its circuit has closed, an endpoint without a rate limit begins slowly', async () => {
  const { warm, answer, ask, clock } = createFleet();
  const limiter = await warm();
  for (let failure = 0; failure < 5; failure += 1) await answer(limiter, 1, timedOut);
  clock.set(clock.nowMs() + 1000);
  await limiter.reserve(unlimited, 1, single);
  const probe = limiter.monitorOf(unlimited).begin(true);
  await probe.end(aliveSignal);
  clock.set(clock.nowMs() + 1001);
  // A sixty-fourth of 2,000 a second doubles in the first second, and a request waits at most 250 ms.
  expect(await ask(limiter, 1000)).toBeLessThanOrEqual(20);
  clock.set(clock.nowMs() + 5000);
  expect(await ask(limiter, 1000)).toBe(1000);
});

test('a pause that the endpoint asks for holds without a rate limit too, for other workers within a second and a half', async () => {
  const { warm, worker, answer, ask, clock } = createFleet();
  const limiter = await warm();
  const other = worker();
  await ask(other);
  await limiter.pause(unlimited, clock.nowMs() + 10_000);
  expect(await ask(limiter)).toBe(0);
  await clock.advance(1501);
  expect(await ask(other)).toBe(0);
  clock.set(clock.nowMs() + 8500);
  await answer(other);
  expect(await ask(other, 1000)).toBe(1000);
});

test('a worker that finds the endpoint slow takes slots again, and the whole fleet learns it from its write', async () => {
  const { warm, worker, answer, ask, clock, calls, stored } = createFleet();
  const limiter = await warm();
  for (let request = 0; request < 20; request += 1) await answer(limiter, 3000);
  expect(await ask(limiter, 5)).toBe(5);
  expect(calls.writes).toBe(1);
  expect((await stored.read(key))?.health.answerUs).toBeGreaterThan(1_000_000);
  const other = worker();
  calls.writes = 0;
  await ask(other);
  expect(calls.writes).toBeGreaterThan(0);
  for (let request = 0; request < 30; request += 1) await answer(limiter, 20);
  clock.set(clock.nowMs() + 2000);
  await ask(limiter);
  calls.writes = 0;
  expect(await ask(limiter, 1000)).toBe(1000);
  expect(calls.writes).toBe(0);
});

test('a changed destination begins again as one whose endpoint is not known', async () => {
  const { warm, ask, calls, stored } = createFleet();
  const limiter = await warm();
  await ask(limiter, 1, { ...unlimited, revision: 2 });
  expect(calls.writes).toBe(1);
  expect(await stored.read(key)).toMatchObject({ revision: 2, health: { answerUs: 0 } });
});

test('a delivery that comes back before its return time is sent at once when nothing limits its destination any more', async () => {
  const { warm, clock } = createFleet();
  const limiter = await warm();
  const turn = { kind: 'return', generation: 1, shard: 3, atMs: clock.nowMs() + 60_000 } as const;
  expect((await limiter.reserve(unlimited, 1, { ...single, turn })).slotTimesMs).toHaveLength(1);
});

test('a maximum concurrency needs slots even without a rate limit, as at the highest rate', async () => {
  const { worker, ask, calls } = createFleet();
  const limited = ratedDestination(apiDestinationOf('orders'), { ...policy, maximumConcurrency: 10 });
  expect(limited).toMatchObject({ ratePerSecond: 100_000, maximumConcurrency: 10 });
  expect(limited.isUnlimited).toBeUndefined();
  await ask(worker(), 1, limited);
  expect(calls.writes).toBe(1);
});
