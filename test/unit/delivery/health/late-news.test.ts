import { describe, expect, test } from 'vitest';
import { aliveSignal, failuresToOpen } from '../../../../lib/core/health/circuit.ts';
import type { Reservation, Turn } from '../../../../lib/core/rate/shards.ts';
import { inTurn } from '../../../../lib/core/rate/shards.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { passing } from '../rate/rate-limiters.ts';
import { createFleet, inBatch, orders, timedOut } from './health-fleets.ts';

const turnOfItsOwn = { ...inBatch, turn: inTurn };

describe('answers that arrive late', () => {
  test('a request from before the circuit opened does not close the circuit when it fails', async () => {
    const { worker, end, healthLog, clock } = createFleet();
    const [late, other] = [worker(), worker()];
    await late.reserve(orders, 1, inBatch);
    await end(late, aliveSignal);
    clock.set(clock.nowMs() + 10_000);
    const request = late.monitorOf(orders).begin(false);
    await other.reserve(orders, 1, inBatch);
    await end(other, timedOut, failuresToOpen);
    await late.reserve(orders, 1, inBatch);
    await request.end(timedOut);
    expect(healthLog.events.map(({ event }) => event)).toEqual(['unhealthy']);
  });

  test('an answer that a worker records an hour late does not end the run of failures of other workers', async () => {
    const { worker, end, healthLog, clock } = createFleet();
    const workers = Array.from({ length: failuresToOpen }, worker);
    for (const limiter of workers) {
      await limiter.reserve(orders, 1, inBatch);
      await end(limiter, aliveSignal);
    }
    clock.set(clock.nowMs() + 3_600_000);
    for (const limiter of workers) await limiter.reserve(orders, 1, inBatch);
    for (const limiter of workers) await end(limiter, timedOut);
    expect(healthLog.events).toMatchObject([{ event: 'unhealthy', failures: failuresToOpen }]);
  });

  test('failures that ended while the circuit was open do not count after it has closed', async () => {
    const { worker, opened, takeProbe, end, buckets, clock } = createFleet();
    const limiter = await opened();
    await end(limiter, timedOut, 4);
    const prober = worker();
    await takeProbe(prober);
    await end(prober, aliveSignal, 1, true);
    clock.set(clock.nowMs() + 60_000);
    await limiter.reserve(orders, 1, inBatch);
    await end(limiter, timedOut);
    const bucket = await buckets.read({ destinationIncarnation: orders.incarnation, shard: 0 });
    expect(bucket?.health).toMatchObject({ failuresInRow: 1, openedAtUs: 0 });
  });

  test('a worker that has not seen that the circuit is closed again does not stop the destination until the next probe', async () => {
    const { worker, takeProbe, end, clock } = createFleet();
    const unaware = worker();
    // A worker that was alone for a while writes without a read.
    for (let reservations = 0; reservations < 20; reservations += 1) {
      await unaware.reserve(orders, 1, inBatch);
      await end(unaware, aliveSignal);
      clock.set(clock.nowMs() + 300);
    }
    await end(unaware, timedOut, failuresToOpen);
    for (let probes = 0; probes < 6; probes += 1) {
      await takeProbe(unaware);
      await end(unaware, timedOut, 1, true);
    }
    const prober = worker();
    await takeProbe(prober);
    await end(prober, aliveSignal, 1, true);
    clock.set(clock.nowMs() + 3000);
    await unaware.reserve(orders, 1, turnOfItsOwn);
    expect((await worker().reserve(orders, 1, turnOfItsOwn)).slotTimesMs).toHaveLength(1);
  });

  test('requests that began before a change of the destination do not count against its present endpoint', async () => {
    const { worker, healthLog } = createFleet();
    const limiter = worker();
    await limiter.reserve(orders, 10, inBatch);
    const requests = Array.from({ length: 10 }, () => limiter.monitorOf(orders).begin(false));
    const changed = { ...orders, revision: orders.revision + 1 };
    await limiter.reserve(changed, 1, inBatch);
    await Promise.all(requests.map(async (request) => request.end(timedOut)));
    expect(healthLog.events).toEqual([]);
    await Promise.all(requests.map(async () => limiter.monitorOf(changed).begin(false).end(timedOut)));
    expect(healthLog.events).toMatchObject([{ event: 'unhealthy' }]);
  });

  test('when a rate has been raised beyond one shard, an open circuit also stops the new shards', async () => {
    const { worker, end, clock } = createFleet();
    const limiter = worker();
    await limiter.reserve(orders, 1, inBatch);
    await end(limiter, aliveSignal);
    const raised = { ...orders, ratePerSecond: 6000, revision: orders.revision + 1 };
    for (let reservations = 0; reservations < 6; reservations += 1) await limiter.reserve(raised, 10, inBatch);
    const requests = Array.from({ length: 5 }, () => limiter.monitorOf(raised).begin(false));
    for (const request of requests) await request.end(timedOut);
    clock.set(clock.nowMs() + 100);
    for (let reservations = 0; reservations < 6; reservations += 1) {
      expect((await worker().reserve(raised, 10, turnOfItsOwn)).slotTimesMs).toEqual([]);
    }
  });

  test('a worker that closes a circuit also resumes shards that it has never used', async () => {
    const fast = { ...orders, ratePerSecond: 6000 };
    const { worker, end, clock, healthLog } = createFleet(50, fast);
    const opener = worker();
    for (let reservations = 0; reservations < 6; reservations += 1) await opener.reserve(fast, 10, inBatch);
    await end(opener, timedOut, failuresToOpen);
    const closer = worker();
    clock.set(clock.nowMs() + 10_000);
    const turn: Turn = { kind: 'return', generation: 1, shard: 0, atMs: clock.nowMs() };
    expect(await closer.reserve(fast, 1, { ...inBatch, turn })).toMatchObject({ isProbe: true });
    await end(closer, aliveSignal, 1, true);
    expect(healthLog.events.at(-1)).toMatchObject({ event: 'healthy' });
    clock.set(clock.nowMs() + 6000);
    const other = worker();
    for (let reservations = 0; reservations < 6; reservations += 1) {
      expect((await other.reserve(fast, 1, turnOfItsOwn)).slotTimesMs).toHaveLength(1);
    }
  });

  test('a probe whose failure is recorded late does not cause two probes at once', async () => {
    const { worker, opened, takeProbe, clock } = createFleet();
    const first = await opened();
    await takeProbe(first);
    const probe = first.monitorOf(orders).begin(true);
    clock.set(clock.nowMs() + 6100);
    expect(await worker().reserve(orders, 1, turnOfItsOwn)).toMatchObject({ isProbe: true });
    await probe.end(timedOut);
    clock.set(clock.nowMs() + 1800);
    expect((await worker().reserve(orders, 1, turnOfItsOwn)).slotTimesMs).toEqual([]);
  });

  test('a Retry-After that arrives during a probe still pauses the fleet after the circuit has closed', async () => {
    const { worker, opened, takeProbe, end, clock } = createFleet();
    const other = worker();
    await other.reserve(orders, 1, inBatch);
    const limiter = await opened();
    await takeProbe(limiter);
    await other.pause(orders, clock.nowMs() + 60_000);
    await end(limiter, aliveSignal, 1, true);
    expect((await worker().reserve(orders, 1, turnOfItsOwn)).slotTimesMs).toEqual([]);
  });
});

describe('wrong clocks and long sleeps', () => {
  test('a worker whose clock is an hour ahead does not slow the rate for an hour when it closes a circuit', async () => {
    const { createWorker, opened, end, clock, worker } = createFleet();
    await opened();
    const ahead = createWorker(createManualClock(clock.nowMs() + 3_600_000));
    await ahead.reserve(orders, 1, inBatch);
    await end(ahead, aliveSignal, 1, true);
    clock.set(clock.nowMs() + 60_000);
    const { slotTimesMs } = await worker().reserve(orders, 1000, { horizonMs: 1000, turn: inTurn });
    expect(slotTimesMs.length).toBeGreaterThan(90);
  });

  test('a request that took an hour because its worker was suspended counts as if it had taken the request timeout', async () => {
    const { worker, clock } = createFleet(9);
    const limiter = worker();
    await limiter.reserve(orders, 1, inBatch);
    const request = limiter.monitorOf(orders).begin(false);
    clock.set(clock.nowMs() + 3_600_000);
    await request.end(aliveSignal);
    await limiter.reserve(orders, 1, inBatch);
    clock.set(clock.nowMs() + 2000);
    // Three invocations that each last for 5 s allow one request every 1.7 s.
    expect((await limiter.reserve(orders, 10, inBatch)).slotTimesMs).toHaveLength(10);
  });
});

test('deliveries that wait at any shard of a destination can be sent as probes', async () => {
  const fast = { ...orders, ratePerSecond: 3000 };
  const { worker, clock, end } = createFleet(50, fast);
  const limiter = worker();
  for (let shard = 0; shard < 2; shard += 1) await limiter.reserve(fast, 1, inBatch);
  await end(limiter, timedOut, failuresToOpen);
  let turn: Turn = { kind: 'return', generation: 1, shard: 1, atMs: clock.nowMs() };
  for (let asked = 0; asked < 20; asked += 1) {
    const reserved: Reservation = await passing(clock, limiter.reserve(fast, 1, { ...inBatch, turn }));
    if (reserved.isProbe === true) return;
    turn = reserved.returns[0] ?? turn;
    clock.set(Math.max(clock.nowMs() + 1, turn.atMs));
  }
  expect.fail('No probe was sent.');
});

test('a single slow request does not limit a destination that answers other requests', async () => {
  const { worker, clock, buckets } = createFleet(10);
  const limiter = worker();
  await limiter.reserve(orders, 10, inBatch);
  const [slow, ...others] = Array.from({ length: 10 }, () => limiter.monitorOf(orders).begin(false));
  await clock.advance(20);
  for (const request of others) await request.end(aliveSignal);
  const before = buckets.writes;
  for (let passedMs = 0; passedMs < 1500; passedMs += 100) await clock.advance(100);
  expect(buckets.writes).toBe(before);
  await slow?.end(aliveSignal);
});

test('the time for which a worker was frozen shows neither a stalled nor a slow endpoint', async () => {
  const { worker, clock, buckets } = createFleet();
  const limiter = worker();
  await limiter.reserve(orders, 1, inBatch);
  const request = limiter.monitorOf(orders).begin(false);
  await clock.advance(20);
  await clock.advance(3000);
  await request.end(aliveSignal);
  await limiter.reserve(orders, 1, inBatch);
  const bucket = await buckets.read({ destinationIncarnation: orders.incarnation, shard: 0 });
  expect(bucket?.health).toMatchObject({ stalledUs: 0, answerUs: 0 });
});
