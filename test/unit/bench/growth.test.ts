import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { backlogFigures } from '../../../bench/growth/backlog.ts';
import { destinationFigures } from '../../../bench/growth/destinations.ts';
import { growthNames, readGrowth } from '../../../bench/growth/figures.ts';
import type { Point } from '../../../bench/growth/measure.ts';
import { measureRounds, timeRatio } from '../../../bench/growth/measure.ts';
import { drawGrowth } from '../../../bench/growth/plots.ts';

function point(line: string, x: number, times: readonly number[], heldMb: number): Point {
  return { line, x, samples: times.map((us) => ({ us, heldMb })) };
}

describe('the pictures of the growth', () => {
  it.each(growthNames)('the picture of %s shows the measured figures, in under 30 KB', async (name) => {
    const drawn = await drawGrowth(name, readGrowth()[name]);
    expect(readFileSync(new URL(`../../../docs/growth-${name}.svg`, import.meta.url), 'utf8')).toBe(drawn);
    expect(drawn.length).toBeLessThan(30_000);
  });
});

describe('what breaks the bench', () => {
  const few = point('configuration known', 100, [100, 110, 100, 120, 100], 40);

  function broken(many: Point): boolean[] {
    return destinationFigures([few, many]).map((figure) => figure.broken === true);
  }

  it('an event to ten thousand destinations that costs 30 % more in most rounds fails the bench', () => {
    expect(broken(point('configuration known', 10_000, [130, 142, 131, 155, 130], 60))).toEqual([true, false]);
  });

  it('a single slow round does not fail the bench', () => {
    expect(broken(point('configuration known', 10_000, [100, 110, 300, 500, 100], 60))).toEqual([false, false]);
  });

  it('a destination that takes more than 5 KB fails the bench', () => {
    expect(broken(point('configuration known', 10_000, [100, 110, 100, 120, 100], 91))).toEqual([false, true]);
  });

  it('a backlog that makes events cost more or stays in the memory of the worker fails the bench', () => {
    const few = point('a worker', 10, [100, 110, 100, 120, 100], 40);
    const many = point('a worker', 100_000, [125, 138, 126, 150, 125], 43);
    expect(backlogFigures([few, many]).map((figure) => figure.broken)).toEqual([true, true]);
    expect(backlogFigures([few, { ...few, x: 100_000 }]).map((figure) => figure.broken)).toEqual([false, false]);
  });
});

describe('the rounds', () => {
  it('the order of the measurements alternates from round to round', async () => {
    const order: number[] = [];
    const probes = [1, 2].map((x) => ({
      x,
      measure: async () => [{ line: 'line', us: order.push(x) }],
    }));
    const [first, second] = await measureRounds(probes, 2);
    expect(order).toEqual([1, 2, 2, 1, 1, 2, 2, 1]);
    expect([first?.samples, second?.samples]).toEqual([
      [{ us: 5 }, { us: 8 }],
      [{ us: 6 }, { us: 7 }],
    ]);
  });

  it('a missing round gives a ratio that meets no target', () => {
    expect(timeRatio(point('line', 2, [1, 2], 0), point('line', 1, [], 0)).low).toBeNaN();
  });
});
