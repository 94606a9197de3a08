import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { simulateFleet } from '../../../../bench/fleet/fleet.ts';

/** A simulation only computes, but on a busy machine the largest fleet takes half a minute. */
const timeout = 180_000;

describe('a simulated fleet', { timeout }, () => {
  test('a simulated fleet delivers 1,000 simultaneous events at 5 a second within 203 s, and each event once', async () => {
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
    { ...flood, inFlight: 100, of: '100 invocations at a time' },
    { ...flood, durationSeconds: 30, of: 'as many invocations as there are events' },
  ])(
    'a simulated fleet of 100 workers sends 300 of 3,000 single events a second with fewer than 300 writes a second: $of',
    async (options) => {
      const run = await simulateFleet(options);
      expect(run.writesPerSecond).toBeLessThan(300);
      expect(run.utilisation).toBeGreaterThanOrEqual(0.99);
      expect(run.fullestSecond).toBeLessThanOrEqual(302);
      expect(run.returns / run.events).toBeLessThan(1.2);
    },
  );

  test('a simulated fleet of 1,000 workers uses at least 90 % of a rate of 5,000 a second when ten times as many events arrive', async () => {
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

  test('a simulated fleet sends a whole flood in little more than the time that the rate needs', async () => {
    const run = await simulateFleet({ ...flood, inFlight: 100, drainSeconds: 120 });
    expect(run.sent).toBe(30_000);
    expect(run.lastSentAfterMs).toBeLessThan(110_000);
    expect(run.returns / run.events).toBeLessThan(1.2);
  });

  test.each([
    { ratePerSecond: 300, durationSeconds: 60 },
    { ratePerSecond: 5000, durationSeconds: 4 },
  ])(
    'a simulated fleet needs at most 1.05 writes per batch at $ratePerSecond a second, at any load up to the rate',
    async (fleet) => {
      for (const workers of [1, 10, 100, 1000]) {
        for (const load of [0.5, 0.9, 1]) {
          const run = await simulateFleet({ ...fleet, workers, load });
          const writesPerBatch = run.writes / run.batches;
          expect({ workers, load, isOne: writesPerBatch <= 1.05, writesPerBatch }).toMatchObject({ isOne: true });
        }
      }
    },
  );

  test('a simulated fleet wastes at most 1 % of the rate when there is enough to send, and never exceeds the rate', async () => {
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
        // When writes fail, a second is lost now and then. In ten minutes that is a sixth of a per cent.
        const durationSeconds = any.throttled === 0 ? 120 : 600;
        const run = await simulateFleet({ ...any, durationSeconds, warmUpSeconds: 20 });
        expect(run.utilisation).toBeGreaterThanOrEqual(0.99);
        expect(run.fullestSecond).toBeLessThanOrEqual(any.ratePerSecond * 1.03 + 1);
      }),
      { numRuns: 20, endOnFailure: true },
    );
  });

  test('a simulated fleet drains a backlog at the new rate after the rate was raised tenfold, if messages come back within a minute', async () => {
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

  test('a simulated fleet loses no events, and no time beyond the pause, when the endpoint asks for a pause', async () => {
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

  test('a simulated fleet holds the rate and loses no event while workers die', async () => {
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
