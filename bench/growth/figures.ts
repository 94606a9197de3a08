/** Reads and writes the measurements that are kept beside the benches and drawn. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Point } from './measure.ts';
import { spreadOf } from './measure.ts';

/** One point of a line: medians over the rounds, and the quartiles of the time. */
export interface DrawnPoint {
  readonly line: string;
  readonly x: number;
  readonly us: number;
  readonly usLow: number;
  readonly usHigh: number;
  /** The memory after garbage collections, and the most memory that was used. Absent when memory was not measured. */
  readonly heldMb?: number;
  readonly peakMb?: number;
}

export const growthNames = ['destinations', 'sizes', 'backlog'] as const;
export type GrowthName = (typeof growthNames)[number];
export type Growth = Readonly<Record<GrowthName, readonly DrawnPoint[]>>;

const file = new URL('growth.json', import.meta.url);

export function drawnPoint({ line, x, samples }: Point): DrawnPoint {
  const us = spreadOf(samples.map((sample) => sample.us));
  const medianOf = (values: readonly (number | undefined)[]) => spreadOf(values.filter((value) => value !== undefined));
  const held = medianOf(samples.map(({ heldMb }) => heldMb)).median;
  const peak = medianOf(samples.map(({ peakMb }) => peakMb)).median;
  return {
    line,
    x,
    us: rounded(us.median),
    usLow: rounded(us.low),
    usHigh: rounded(us.high),
    ...(!Number.isNaN(held) && { heldMb: rounded(held) }),
    ...(!Number.isNaN(peak) && { peakMb: rounded(peak) }),
  };
}

export function readGrowth(): Growth {
  return JSON.parse(readFileSync(file, 'utf8')) as Growth;
}

/** Replaces the kept measurements with the new ones. */
export function writeGrowth(measured: Partial<Growth>): void {
  const growth = { ...readGrowth(), ...measured };
  writeFileSync(file, `${JSON.stringify(growth, null, 2)}\n`);
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
