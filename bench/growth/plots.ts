/**
 * Draws the pictures of docs/performance.md from the measurements. The same measurements give the same bytes.
 *
 * `node bench/growth/plots.ts` draws them again from `bench/growth/growth.json`.
 */
import { writeFileSync } from 'node:fs';
import { parse, View } from 'vega';
import { compile } from 'vega-lite';
import type { TopLevelSpec } from 'vega-lite';
import type { PositionDef } from 'vega-lite/types_unstable/channeldef.js';
import type { DrawnPoint, GrowthName } from './figures.ts';
import { growthNames, readGrowth } from './figures.ts';

interface Labels {
  readonly x: string;
  readonly title: string;
  /** Whether the time axis is logarithmic, because the measured times span several powers of ten. */
  readonly logarithmicTime: boolean;
}

const labels: Readonly<Record<GrowthName, Labels>> = {
  destinations: { title: 'More API destinations', x: 'API destinations sent to in turn', logarithmicTime: false },
  sizes: { title: 'Larger events', x: 'size of the event, bytes', logarithmicTime: true },
  backlog: { title: 'More queued deliveries', x: 'deliveries in the queue', logarithmicTime: true },
};

const colours = ['#1f6feb', '#d1570b'];

function specOf(name: GrowthName, points: readonly DrawnPoint[]): TopLevelSpec {
  const { title, x, logarithmicTime } = labels[name];
  const lines = [...new Set(points.map(({ line }) => line))];
  const colour = {
    field: 'line',
    type: 'nominal',
    scale: { domain: lines, range: colours },
    legend: { orient: 'bottom', title: null, labelLimit: 0, symbolType: 'circle' },
  } as const;
  const xAxis: PositionDef<string> = {
    field: 'x',
    type: 'quantitative',
    scale: { type: 'log', nice: false },
    axis: { title: x, values: [...new Set(points.map((point) => point.x))], format: '~s', grid: false },
  };
  const time = logarithmicTime ? ({ type: 'log' } as const) : ({ type: 'linear', zero: true } as const);
  const timeAxis = {
    title: 'processor time per event, µs',
    format: ',.0f',
    ...(logarithmicTime && { values: decades(points) }),
  };
  const panel = { width: 330, height: 220 };
  return {
    title: { text: title, anchor: 'start' },
    background: 'white',
    config: {
      aria: false,
      font: 'sans-serif',
      axis: { labelFontSize: 11, titleFontSize: 12 },
      legend: { labelFontSize: 12 },
    },
    data: { values: [...points] },
    hconcat: [
      {
        ...panel,
        encoding: { x: xAxis, color: colour },
        layer: [
          {
            mark: { type: 'rule' },
            encoding: {
              y: { field: 'usLow', type: 'quantitative', scale: time, axis: timeAxis },
              y2: { field: 'usHigh' },
            },
          },
          {
            mark: { type: 'line', point: { size: 45 } },
            encoding: { y: { field: 'us', type: 'quantitative', scale: time } },
          },
        ],
      },
      {
        ...panel,
        transform: [{ filter: 'isValid(datum.heldMb)' }],
        mark: { type: 'line', point: { size: 45 } },
        encoding: {
          x: xAxis,
          color: colour,
          y: {
            field: 'heldMb',
            type: 'quantitative',
            scale: { zero: true },
            title: 'memory held after a collection, MB',
          },
        },
      },
    ],
  };
}

/** The marks of a logarithmic time axis: each power of ten in the measured range, and its double and fivefold. */
function decades(points: readonly DrawnPoint[]): number[] {
  const low = Math.floor(Math.log10(Math.min(...points.map(({ usLow }) => usLow))));
  const high = Math.ceil(Math.log10(Math.max(...points.map(({ usHigh }) => usHigh))));
  const powers = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  return powers.flatMap((power) => [power, 2 * power, 5 * power]);
}

/** @returns the text of an SVG */
export async function drawGrowth(name: GrowthName, points: readonly DrawnPoint[]): Promise<string> {
  const view = new View(parse(compile(specOf(name, points)).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}

export async function writePlots(): Promise<void> {
  const growth = readGrowth();
  for (const name of growthNames) {
    writeFileSync(new URL(`../../docs/growth-${name}.svg`, import.meta.url), await drawGrowth(name, growth[name]));
  }
}

if (import.meta.main) await writePlots();
