import type { Figure } from '../figure.ts';
import { median } from '../rounds.ts';

/** The measurements of one round at one point. */
export interface Sample {
  /** Processor time per event in us. */
  readonly us: number;
  /** Memory of the process after garbage collections in MB. */
  readonly heldMb?: number;
  /** The most memory that the process has used, in MB. */
  readonly peakMb?: number;
}

/** A value on the horizontal axis, and the function that measures all lines once at this value. */
export interface Probe {
  readonly x: number;
  measure(): Promise<readonly (Sample & { readonly line: string })[]>;
}

/** A point of one line of a plot, computed from all rounds. */
export interface Point {
  readonly line: string;
  readonly x: number;
  readonly samples: readonly Sample[];
}

/** Rounds at the beginning that do not count. After them the compiler has optimised the code. */
const warmUpRounds = 2;

/**
 * Measures every point once in each round. Each round runs in the opposite order of the previous round, so that disturbances of
 * the machine affect all points alike.
 */
export async function measureRounds(probes: readonly Probe[], rounds: number): Promise<readonly Point[]> {
  const points = new Map<string, Point & { readonly samples: Sample[] }>();
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    for (const { x, measure } of round % 2 === 0 ? probes : probes.toReversed()) {
      for (const { line, ...sample } of await measure()) {
        const key = `${line} ${x}`;
        const point = points.get(key) ?? { line, x, samples: [] };
        points.set(key, point);
        if (round >= 0) point.samples.push(sample);
      }
    }
  }
  return [...points.values()].sort((one, other) => one.line.localeCompare(other.line, 'en') || one.x - other.x);
}

export interface Spread {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

/** Median and quartiles. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((one, other) => one - other);
  const quartile = (part: number) => sorted[Math.round((sorted.length - 1) * part)] ?? Number.NaN;
  return { low: quartile(0.25), median: median(values), high: quartile(0.75) };
}

export function pointAt(points: readonly Point[], line: string, x: number): Point {
  const found = points.find((point) => point.line === line && point.x === x);
  if (found === undefined) throw new Error(`Nothing was measured of '${line}' at ${x}.`);
  return found;
}

/**
 * Divides the cost of one point by the cost of another, separately for each round.
 */
export function timeRatio(point: Point, reference: Point): Spread {
  return spreadOf(point.samples.map(({ us }, round) => us / (reference.samples[round]?.us ?? Number.NaN)));
}

export function heldMb(point: Point): number {
  return median(point.samples.map((sample) => sample.heldMb ?? Number.NaN));
}

/**
 * A figure that fails when the ratio is above the target in at least three of four rounds.
 *
 * @param times how many times as much the larger size is expected to cost as the smaller one; the ratio is divided by this
 */
export function ratioFigure(name: string, ratio: Spread, mostRatio: number, times = 1): Figure {
  const noise = (ratio.high - ratio.low) / 2 / times;
  const broken = !(ratio.low / times <= mostRatio);
  return { goal: 8, name, value: ratio.median / times, noise, target: `<= ${mostRatio}`, broken };
}
