import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changingNames, namedRandom, planChanges, planInterruptions, sendingMsOf } from '../../../soak/plan.ts';

const seeds = fc.integer({ min: 0, max: 999_999_999 });
const durations = fc.integer({ min: 6000, max: 3_600_000 });

test('a soak plan depends only on its seed', () => {
  expect(planInterruptions(1, 600_000)).toEqual(planInterruptions(1, 600_000));
  expect(planChanges(1, 600_000)).toEqual(planChanges(1, 600_000));
  expect(planInterruptions(1, 600_000)).not.toEqual(planInterruptions(2, 600_000));
  expect(planChanges(1, 600_000)).not.toEqual(planChanges(2, 600_000));
});

test('a soak plan of any length begins with a kill and is in the order of time', () => {
  fc.assert(
    fc.property(seeds, durations, (seed, durationMs) => {
      const interruptions = planInterruptions(seed, durationMs);
      expect(interruptions[0]?.what.kind).toBe('kill');
      expect(interruptions.length).toBeGreaterThanOrEqual(3);
      for (const plan of [interruptions, planChanges(seed, durationMs)]) {
        const times = plan.map(({ atMs }) => atMs);
        expect(times).toEqual(times.toSorted((one, other) => one - other));
        expect(times.every((atMs) => atMs > 0 && atMs <= durationMs)).toBe(true);
      }
    }),
  );
});

test('the first twelve changes of a soak plan include every kind of change at every destination', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const first = planChanges(seed, 600_000).slice(0, 12);
      const kinds = new Set(first.map(({ what }) => `${what.kind} ${what.destination}`));
      expect(kinds.size).toBe(4 * changingNames.length);
    }),
  );
});

test('a random number for a name depends only on the seed and the name', () => {
  const draw = (seed: number, name: string) => namedRandom(seed, name)();
  expect(draw(1, 'slow-1 1')).toBe(draw(1, 'slow-1 1'));
  const all = [draw(1, 'slow-1 1'), draw(1, 'slow-1 2'), draw(1, 'slow-2 1'), draw(2, 'slow-1 1')];
  expect(new Set(all).size).toBe(4);
});

test('names that differ only in their last digit get evenly spread numbers', () => {
  const draws = Array.from({ length: 2000 }, (_, index) => namedRandom(1, `failing-${index} 1`)());
  const below = draws.filter((draw) => draw < 0.3).length;
  expect(below).toBeGreaterThan(540);
  expect(below).toBeLessThan(660);
});

test('the last event for a dead destination expires before the end of a soak of two minutes', () => {
  expect(sendingMsOf('hung', 120_000)).toBe(60_000);
  expect(sendingMsOf('unresolvable', 60_000)).toBe(1000);
  expect(sendingMsOf('slow', 120_000)).toBe(120_000);
});
