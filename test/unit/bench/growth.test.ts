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
  it.each(growthNames)('the picture of growth with %s shows the measured figures in less than 30 KB', async (name) => {
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

  it('the growth bench fails when in most rounds events cost 30 % more with ten thousand destinations than with few', () => {
    expect(broken(point('configuration known', 10_000, [130, 142, 131, 155, 130], 60))).toEqual([true, false]);
  });

  it('the growth bench does not fail because of a single slow round', () => {
    expect(broken(point('configuration known', 10_000, [100, 110, 300, 500, 100], 60))).toEqual([false, false]);
  });

  it('the growth bench fails when a destination takes more than 5 KB', () => {
    expect(broken(point('configuration known', 10_000, [100, 110, 100, 120, 100], 91))).toEqual([false, true]);
  });

  it('the growth bench fails when events cost more with a backlog, or when a backlog takes memory of the worker', () => {
    const few = point('a worker', 10, [100, 110, 100, 120, 100], 40);
    const many = point('a worker', 100_000, [125, 138, 126, 150, 125], 43);
    expect(backlogFigures([few, many]).map((figure) => figure.broken)).toEqual([true, true]);
    expect(backlogFigures([few, { ...few, x: 100_000 }]).map((figure) => figure.broken)).toEqual([false, false]);
  });
});

describe('the rounds', () => {
  it('the growth bench reverses the order of its measurements in every other round', async () => {
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

  it('the growth bench fails when a round is missing', () => {
    expect(timeRatio(point('line', 2, [1, 2], 0), point('line', 1, [], 0)).low).toBeNaN();
  });
});
