import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  costUs,
  latestFromUs,
  oldestSlotUs,
  slotsBefore,
  slotTimesUs,
  slotToleranceMs,
} from '../../../../lib/core/rate/slots.ts';

const startUs = Date.UTC(2026, 0, 1) * 1000;
const share = fc.record({
  ratePerSecond: fc.integer({ min: 1, max: 100_000 }),
  burst: fc.integer({ min: 1, max: 50 }),
});

describe('the slots of one bucket', () => {
  test('the slots of a bucket are 1 / rate apart, and each is rounded up to a microsecond', () => {
    const times = slotTimesUs(startUs, startUs, 4, { ratePerSecond: 3, burst: 1 });
    expect(times.map((time) => time - startUs)).toEqual([0, 333_334, 666_667, 1_000_000]);
  });

  test('the slots of a burst begin at once, and the other slots begin one interval apart', () => {
    const own = { ratePerSecond: 10, burst: 3 };
    const times = slotTimesUs(oldestSlotUs(startUs, own), startUs, 5, own);
    expect(times.map((time) => time - startUs)).toEqual([0, 0, 0, 100_000, 200_000]);
  });

  test('whatever the rate, the requests of one second use up one second of slots', () => {
    fc.assert(
      fc.property(share, (any) => {
        expect(costUs(any.ratePerSecond, any)).toBe(1_000_000);
        expect(costUs(1, any)).toBeGreaterThanOrEqual(1_000_000 / any.ratePerSecond);
      }),
    );
  });

  test('slotsBefore counts exactly the slots that begin before a given time', () => {
    fc.assert(
      fc.property(
        share,
        fc.integer({ min: 0, max: 3_000_000 }),
        fc.integer({ min: 1, max: 50_000 }),
        (any, ahead, room) => {
          const fromUs = startUs + ahead;
          const endUs = startUs + room;
          const count = slotsBefore(endUs, fromUs, any);
          const times = slotTimesUs(fromUs, startUs, count + 1, any);
          expect(times.slice(0, count).every((time) => time < endUs)).toBe(true);
          expect(times[count]).toBeGreaterThanOrEqual(endUs);
        },
      ),
    );
  });

  test('latestFromUs gives the latest start at which a number of slots still fits before a given end', () => {
    fc.assert(
      fc.property(share, fc.integer({ min: 1, max: 200 }), (any, count) => {
        const endUs = startUs + 2_000_000;
        const latestUs = latestFromUs(endUs, count, any);
        expect(slotsBefore(endUs, latestUs, any)).toBeGreaterThanOrEqual(count);
        expect(slotsBefore(endUs, latestUs + 1, any)).toBeLessThan(count);
      }),
    );
  });

  test('slotsBefore counts no slots when the given time has passed', () => {
    expect(slotsBefore(startUs, startUs + 1, { ratePerSecond: 5, burst: 1 })).toBe(0);
  });

  test('when clocks differ by 5 ms, a rate below ten a second is exceeded by at most one request in any second', () => {
    const late = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 30, maxLength: 30 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), late, late, (ratePerSecond, parts, clocks) => {
        const sentAtMs = parts.map(
          (part, index) =>
            (index * 1000) / ratePerSecond +
            (part > 0.5 ? slotToleranceMs(ratePerSecond) : 0) +
            ((clocks[index] ?? 0) - 0.5) * 5,
        );
        const most = Math.max(
          ...sentAtMs.map((from) => sentAtMs.filter((at) => at >= from && at < from + 1000).length),
        );
        expect(most).toBeLessThanOrEqual(ratePerSecond + 1);
      }),
      { numRuns: 1000 },
    );
  });

  test('whatever the rate, no second has more than 1.03 times the rate plus one request when clocks differ by 5 ms', () => {
    const cyclic = <Part>(parts: readonly Part[], index: number) => parts[index % parts.length];
    const parts = fc.array(fc.tuple(fc.boolean(), fc.double({ min: -2.5, max: 2.5, noNaN: true })), { minLength: 1 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), parts, (ratePerSecond, late) => {
        const toleranceMs = slotToleranceMs(ratePerSecond);
        const sentAtMs = Array.from({ length: Math.ceil(ratePerSecond * 2) + 2 }, (_, index) => {
          const [isLate = false, clockMs = 0] = cyclic(late, index) ?? [];
          // A worker that was held up sends all its waiting requests at once and is on time afterwards.
          const heldUp = isLate || index < ratePerSecond ? toleranceMs : 0;
          return (index * 1000) / ratePerSecond + heldUp + clockMs;
        }).sort((one, other) => one - other);
        let most = 0;
        for (let last = 0, first = 0; last < sentAtMs.length; last += 1) {
          while ((sentAtMs[last] ?? 0) - (sentAtMs[first] ?? 0) >= 1000) first += 1;
          most = Math.max(most, last - first + 1);
        }
        expect(most).toBeLessThanOrEqual(1.03 * ratePerSecond + 1);
      }),
      { numRuns: 300 },
    );
  });
});
