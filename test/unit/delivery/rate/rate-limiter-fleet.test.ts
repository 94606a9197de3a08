import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { simulateFleet } from '../../../../bench/fleet/fleet.ts';

/** On a busy machine the simulation of the largest fleet takes half a minute of computing. */
const timeout = 180_000;

describe('a simulated fleet', { timeout }, () => {
  test('a simulated fleet delivers each of 1,000 simultaneous events once, within 203 s at 5 a second', async () => {
    for (const showsRefuser of [true, false]) {
      const run = await simulateFleet({
        workers: 20,
        inFlight: 20,
        ratePerSecond: 5,
        load: 200,
        durationSeconds: 1,
        arrivals: 'atOnce',
        drainSeconds: 900,
        showsRefuser,
      });
      expect(run.sent).toBe(1000);
      expect(run.lastSentAfterMs).toBeLessThanOrEqual(203_000);
      expect(run.writes / run.batches).toBeLessThan(2.5);
      expect(run.fullestSecond).toBeLessThanOrEqual(6);
    }
  });

  const flood = {
    workers: 100,
    ratePerSecond: 300,
    load: 10,
    durationSeconds: 10,
    arrivingTogether: 1,
    arrivalHorizonMs: 250,
  };

  test.each([
    { ...flood, inFlight: 100, of: 'in 100 parallel invocations' },
    { ...flood, durationSeconds: 30, of: 'in as many invocations as events' },
  ])('a simulated fleet $of needs fewer than 300 writes a second for 3,000 single events a second', async (options) => {
    const run = await simulateFleet(options);
    expect(run.writesPerSecond).toBeLessThan(300);
    expect(run.utilisation).toBeGreaterThanOrEqual(0.99);
    expect(run.fullestSecond).toBeLessThanOrEqual(302);
    expect(run.returns / run.events).toBeLessThan(1.2);
  });

  test('a simulated fleet of 1,000 workers uses at least 90 % of its rate when ten times as many events arrive', async () => {
    const run = await simulateFleet({
      workers: 1000,
      ratePerSecond: 5000,
      load: 10,
      batchWindowMs: 100,
      durationSeconds: 10,
    });
    expect(run.utilisation).toBeGreaterThanOrEqual(0.9);
    expect(run.returns / run.events).toBeLessThan(1.2);
  });

  test('a simulated fleet sends a flood of events in little more time than the rate requires', async () => {
    const run = await simulateFleet({ ...flood, inFlight: 100, drainSeconds: 120 });
    expect(run.sent).toBe(30_000);
    expect(run.lastSentAfterMs).toBeLessThan(110_000);
    expect(run.returns / run.events).toBeLessThan(1.2);
  });

  test.each([
    { ratePerSecond: 300, durationSeconds: 60 },
    { ratePerSecond: 5000, durationSeconds: 4 },
  ])('a simulated fleet needs at most 1.05 writes per batch at a rate of $ratePerSecond a second', async (fleet) => {
    for (const workers of [1, 30, 1000]) {
      for (const load of [0.5, 1]) {
        const run = await simulateFleet({ ...fleet, workers, load });
        const writesPerBatch = run.writes / run.batches;
        expect({ workers, load, isOne: writesPerBatch <= 1.05, writesPerBatch }).toMatchObject({ isOne: true });
      }
    }
  });

  test('a simulated fleet uses at least 99 % of the rate when there is enough to send, and never exceeds it', async () => {
    const options = fc.record({
      workers: fc.integer({ min: 1, max: 60 }),
      ratePerSecond: fc.integer({ min: 1, max: 60 }),
      load: fc.constantFrom(2, 4),
      arrivingTogether: fc.integer({ min: 1, max: 10 }),
      throttled: fc.constantFrom(0, 0.05),
      showsRefuser: fc.boolean(),
      clockSpreadMs: fc.constantFrom(0, 5),
      seed: fc.integer(),
    });
    await fc.assert(
      fc.asyncProperty(options, async (any) => {
        // A failed write can waste the slots of one second. That is a sixth of a per cent of ten minutes.
        const durationSeconds = any.throttled === 0 ? 120 : 600;
        const run = await simulateFleet({ ...any, durationSeconds, warmUpSeconds: 20 });
        expect(run.utilisation).toBeGreaterThanOrEqual(0.99);
        expect(run.fullestSecond).toBeLessThanOrEqual(any.ratePerSecond * 1.03 + 1);
      }),
      { numRuns: 8, endOnFailure: true },
    );
  });

  test('a simulated fleet drains a backlog at the new rate after the rate was raised tenfold', async () => {
    const run = await simulateFleet({
      workers: 10,
      ratePerSecond: 5,
      load: 20,
      durationSeconds: 20,
      rateChange: { afterSeconds: 30, ratePerSecond: 50 },
      longestDelaySeconds: 60,
      drainSeconds: 400,
    });
    expect(run.sent).toBe(2000);
    expect(run.lastSentAfterMs).toBeLessThan(110_000);
    expect(run.fullestSecond).toBeLessThanOrEqual(52);
  });

  test('when an endpoint asks for a pause, a simulated fleet loses no event, and no more time than the pause', async () => {
    const run = await simulateFleet({
      workers: 10,
      ratePerSecond: 50,
      load: 2,
      durationSeconds: 60,
      pause: { afterSeconds: 20, forSeconds: 20 },
      drainSeconds: 200,
    });
    const paused = run.sentAtMs.filter((atMs) => atMs > 23_000 && atMs < 39_990);
    expect(run.sent).toBe(6000);
    expect(paused).toEqual([]);
    expect(run.lastSentAfterMs).toBeLessThan(142_000);
  });

  test('a simulated fleet keeps to the rate and loses no event while workers die', async () => {
    const run = await simulateFleet({
      workers: 50,
      ratePerSecond: 50,
      load: 2,
      durationSeconds: 30,
      deaths: 0.05,
      drainSeconds: 600,
    });
    expect(run.sent).toBe(3000);
    expect(run.fullestSecond).toBeLessThanOrEqual(52);
  });
});
