import { describe, expect, test } from 'vitest';
import { aliveSignal, failuresToOpen, mixedFailuresToOpen } from '../../../../lib/core/health/circuit.ts';
import { inTurn } from '../../../../lib/core/rate/shards.ts';
import { createFleet, inBatch, orders, timedOut } from './health-fleets.ts';

describe('a circuit', () => {
  test('a circuit opens after five failures in a row, whichever workers they come from, and one line logs it', async () => {
    const { worker, end, healthLog } = createFleet();
    const workers = Array.from({ length: failuresToOpen }, worker);
    for (const limiter of workers) await limiter.reserve(orders, 1, inBatch);
    for (const limiter of workers.slice(1)) await end(limiter, timedOut);
    expect(healthLog.events).toEqual([]);
    await end(workers[0] ?? worker(), timedOut);
    expect(healthLog.events).toMatchObject([
      { event: 'unhealthy', apiDestination: 'orders', code: 'TimedOut', failures: failuresToOpen },
    ]);
  });

  test('requests that fail at the same moment cause one write for their failures and one to open the circuit', async () => {
    const { worker, buckets, healthLog } = createFleet();
    const limiter = worker();
    await limiter.reserve(orders, 10, inBatch);
    const before = buckets.writes;
    const requests = Array.from({ length: 10 }, () => limiter.monitorOf(orders).begin(false));
    await Promise.all(requests.map(async (request) => request.end(timedOut)));
    expect(buckets.writes - before).toBe(2);
    expect(healthLog.events).toMatchObject([{ event: 'unhealthy', failures: 10 }]);
  });

  test('requests to a healthy endpoint cause no write of its health', async () => {
    const { worker, end, buckets } = createFleet();
    const limiter = worker();
    await limiter.reserve(orders, 10, inBatch);
    const before = buckets.writes;
    await end(limiter, aliveSignal, 10);
    expect(buckets.writes).toBe(before);
  });

  test('the health monitor leaves no timer when the requests of a destination have ended', async () => {
    const { worker, clock } = createFleet();
    const limiter = worker();
    await limiter.reserve(orders, 1, inBatch);
    const [one, other] = [limiter.monitorOf(orders).begin(false), limiter.monitorOf(orders).begin(false)];
    await one.end(aliveSignal);
    expect(clock.sleeperCount()).toBe(1);
    await other.end(aliveSignal);
    expect(clock.sleeperCount()).toBe(0);
  });

  test('a circuit opens only after twenty failures in a row when an answer came between earlier failures', async () => {
    const { worker, end, healthLog } = createFleet();
    const limiter = worker();
    await limiter.reserve(orders, 1, inBatch);
    await end(limiter, timedOut, failuresToOpen - 1);
    await end(limiter, aliveSignal);
    await end(limiter, timedOut, mixedFailuresToOpen - 1);
    expect(healthLog.events).toEqual([]);
    await end(limiter, timedOut);
    expect(healthLog.events).toHaveLength(1);
  });

  test('while a circuit is open, the whole fleet sends only one request each time a probe is due', async () => {
    const { worker, opened, takeProbe } = createFleet();
    const first = await opened();
    const others = Array.from({ length: 7 }, worker);
    for (const limiter of [first, ...others]) {
      expect((await limiter.reserve(orders, 5, { horizonMs: 250 })).slotTimesMs).toEqual([]);
    }
    const before = await first.reserve(orders, 1, { ...inBatch, turn: inTurn });
    expect(before).toMatchObject({ slotTimesMs: [], returns: { length: 1 } });
    expect(await takeProbe(first)).toMatchObject({ slotTimesMs: [expect.any(Number)], isProbe: true });
    for (const limiter of others) {
      const turns = { ...inBatch, turn: inTurn };
      expect(await limiter.reserve(orders, 5, turns)).toMatchObject({ slotTimesMs: [], returns: { length: 5 } });
    }
  });

  test('a delivery that comes back while a circuit is open does not wait for other deliveries to share a write', async () => {
    const { opened, clock } = createFleet();
    const limiter = await opened();
    const { returns } = await limiter.reserve(orders, 2, inBatch);
    const [turn] = returns;
    if (turn === undefined) throw new Error('Both requests have got a slot.');
    clock.set(turn.atMs - 90);
    await limiter.reserve(orders, 1, inBatch);
    // The clock does not move, so the test would time out if the delivery waited.
    const { slotTimesMs, returns: later } = await limiter.reserve(orders, 1, { ...inBatch, turn });
    expect([...slotTimesMs, ...later]).toHaveLength(1);
  });

  test('a worker that learns of an open circuit does not use the slots that it has already taken', async () => {
    const { worker, opened, clock } = createFleet();
    const unaware = worker();
    await unaware.reserve(orders, 1, inBatch);
    await opened();
    clock.set(clock.nowMs() + 900);
    const { slotTimesMs, returns } = await unaware.reserve(orders, 5, inBatch);
    expect(slotTimesMs.length).toBeLessThanOrEqual(1);
    expect(slotTimesMs.length + returns.length).toBe(5);
  });

  test('the wait for the next probe doubles with each probe that fails, up to a minute', async () => {
    const { opened, takeProbe, end, clock, healthLog } = createFleet();
    const limiter = await opened();
    const waitsMs: number[] = [];
    for (let probe = 0; probe < 8; probe += 1) {
      await takeProbe(limiter);
      await end(limiter, timedOut, 1, true);
      const event = healthLog.events.at(-1);
      if (event?.event === 'probe-failed') waitsMs.push(Math.round(event.nextProbeAtMs - clock.nowMs()));
    }
    // The jitter takes off up to a quarter of the wait, and here half of that quarter.
    expect(waitsMs).toEqual([2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 875));
  });

  test('the failure of a request from before the circuit opened does not delay the next probe', async () => {
    const { opened, end, healthLog, buckets } = createFleet();
    const limiter = await opened();
    const before = buckets.writes;
    await end(limiter, timedOut, 3);
    expect(buckets.writes).toBe(before);
    expect(healthLog.events).toHaveLength(1);
  });

  test('an answered probe closes the circuit, and the rate then doubles every second up to its full value', async () => {
    const { worker, opened, takeProbe, end, clock, healthLog } = createFleet();
    const limiter = await opened();
    await takeProbe(limiter);
    await end(limiter, aliveSignal, 1, true);
    expect(healthLog.events.at(-1)).toMatchObject({ event: 'healthy', unhealthyForMs: 875 });
    const perSecond: number[] = [];
    for (let second = 0; second < 8; second += 1) {
      const { slotTimesMs } = await worker().reserve(orders, 1000, { horizonMs: 1000, turn: inTurn });
      perSecond.push(slotTimesMs.length);
      clock.set(clock.nowMs() + 1000);
    }
    expect(perSecond[0]).toBeLessThanOrEqual(3);
    expect(perSecond.at(-1)).toBeGreaterThanOrEqual(98);
    for (const [second, slots] of perSecond.slice(1).entries()) {
      expect(slots).toBeGreaterThanOrEqual(perSecond[second] ?? 0);
    }
  });
});

describe('a slow endpoint', () => {
  test('an endpoint that answers after 5 s occupies at most a third of the invocations', async () => {
    const { worker, clock } = createFleet(30);
    const limiter = worker();
    await limiter.reserve(orders, 1, inBatch);
    const request = limiter.monitorOf(orders).begin(false);
    clock.set(clock.nowMs() + 5000);
    await request.end(aliveSignal);
    let reservations = 0;
    for (let ms = 0; ms < 60_000; ms += 100) {
      const { slotTimesMs } = await limiter.reserve(orders, 10, { horizonMs: 100, turn: inTurn });
      if (slotTimesMs.length > 0) reservations += 1;
      clock.set(clock.nowMs() + 100);
    }
    // Ten invocations that each last for 5 s allow two requests a second.
    expect(reservations).toBeGreaterThan(110);
    expect(reservations).toBeLessThanOrEqual(121);
  });

  test('a request limits the fleet while it waits unusually long for its answer', async () => {
    const { worker, clock } = createFleet(15);
    const limiter = worker();
    await limiter.reserve(orders, 1, inBatch);
    const request = limiter.monitorOf(orders).begin(false);
    await clock.advance(500);
    const other = worker();
    await other.reserve(orders, 10, inBatch);
    const next = await other.reserve(orders, 10, { horizonMs: 250 });
    expect(next.slotTimesMs).toEqual([]);
    await request.end(aliveSignal);
    await clock.advance(1000);
    await limiter.reserve(orders, 10, inBatch);
    expect((await limiter.reserve(orders, 10, { horizonMs: 250 })).slotTimesMs).toHaveLength(10);
  });

  test('an endpoint with a maximum concurrency of 2 that answers after half a second gets four requests a second', async () => {
    const { worker, clock } = createFleet();
    const limiter = worker();
    const limited = { ...orders, maximumConcurrency: 2 };
    await limiter.reserve(limited, 1, inBatch);
    const request = limiter.monitorOf(limited).begin(false);
    clock.set(clock.nowMs() + 500);
    await request.end(aliveSignal);
    await limiter.reserve(limited, 1, inBatch);
    clock.set(clock.nowMs() + 1000);
    const { slotTimesMs } = await limiter.reserve(limited, 10, { horizonMs: 1000 });
    expect(slotTimesMs).toHaveLength(4);
  });
});

describe('what a request without a slot waits for', () => {
  test('a request waits for the rate while the endpoint is healthy', async () => {
    const { worker } = createFleet();
    const limiter = worker();
    await limiter.reserve(orders, 500, inBatch);
    expect(limiter.monitorOf(orders).waitsFor).toBe('rate');
  });

  test('a request waits for the circuit of its endpoint while the circuit is open', async () => {
    const { opened } = createFleet();
    expect((await opened()).monitorOf(orders).waitsFor).toBe('circuit');
  });

  test('a request waits for the end of a Retry-After, but no longer, also on workers that did not get the Retry-After', async () => {
    const { worker, clock } = createFleet();
    await worker().pause(orders, clock.nowMs() + 30_000);
    const other = worker();
    await other.reserve(orders, 1, inBatch);
    clock.set(clock.nowMs() + 29_999);
    expect(other.monitorOf(orders).waitsFor).toBe('retry-after');
    clock.set(clock.nowMs() + 1);
    expect(other.monitorOf(orders).waitsFor).toBe('rate');
  });
});
