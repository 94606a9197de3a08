import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from '../figure.ts';
import { median } from '../rounds.ts';

const root = join(import.meta.dirname, '..', '..');
const require = createRequire(import.meta.url);
const { bundle } = require('../../infra/bundle/bundle.cjs') as {
  bundle(what: { root: string; handlerFile: string; folder: string }): Promise<{ metafile: object }>;
};
const { bundleContents } = require('../../infra/bundle/contents.cjs') as {
  bundleContents(metafile: object): { startBytes: number };
};

const rounds = 15;
/** The largest allowed ratio of the time with the import to the time of an empty process. */
const target = 1.5;
/** The factor by which a busy machine may distort a ratio of two processes that run one after the other. */
const noise = 1.25;
const maximumKilobytes = 250;

/** Goal 5: how much longer it takes to run a process that imports the bundle of a function than to run an empty process. */
export async function measureColdStart(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'lastmile-cold-start-'));
  try {
    const names = functionNames();
    const kilobytes = await Promise.all(names.map((name) => bundleInto(folder, name)));
    const ratios = measure(names.map((name) => join(folder, name, 'handler.js')));
    return names.flatMap((name, index) => figuresOf(name, ratios[index] ?? Number.NaN, kilobytes[index] ?? Number.NaN));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function functionNames(): string[] {
  const { functions } = require('../../infra/template/functions.cjs') as {
    functions: Readonly<Record<string, string>>;
  };
  return Object.keys(functions);
}

async function bundleInto(folder: string, name: string): Promise<number> {
  const out = join(folder, name);
  const { metafile } = await bundle({ root, handlerFile: `functions/${name}.ts`, folder: out });
  writeFileSync(join(out, 'package.json'), '{"type":"module"}');
  return bundleContents(metafile).startBytes / 1000;
}

/**
 * Runs the files alternately, so that disturbances of the machine affect all alike.
 *
 * @returns for each file, the median of its time divided by the time of an empty process
 */
function measure(files: readonly string[]): number[] {
  const ratios = files.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    const emptyMs = processMs(['-e', '']);
    for (const [index, file] of files.entries()) ratios[index]?.push(processMs([file]) / emptyMs);
  }
  return ratios.map(median);
}

function processMs(args: readonly string[]): number {
  const beginMs = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with status ${status}.`);
  return performance.now() - beginMs;
}

/** Only the function that every event waits for has a target. The other figures are printed for information. */
function figuresOf(name: string, ratio: number, kilobytes: number): Figure[] {
  const held = name === 'deliver';
  const cold = { goal: 5, name: `cold import of ${name}, in empty processes`, value: ratio };
  const size = { goal: 5, name: `loaded at a cold start of ${name}, in KB`, value: kilobytes };
  if (!held) return [cold, size].map((figure) => ({ ...figure, target: 'none: for comparison' }));
  return [
    { ...cold, target: `at most ${target}`, broken: ratio > target * noise },
    { ...size, target: `at most ${maximumKilobytes}`, broken: kilobytes > maximumKilobytes },
  ];
}
