import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Times } from './ordered-endpoint.ts';
import type { OrderedTrialResult } from './ordered-trial.ts';
import { runOrderedTrial } from './ordered-trial.ts';

const groups = 100;
const eventsPerGroup = 50;

/** Enough events for a median. */
const plainAlone = 60;

const limitMs = 600_000;

/** Nine in ten events without order must arrive within this time, although ordered events are delivered and fail. */
const longestPlainMs = 1000;

/** Runs the trial of ordered events, and prints its figures. @returns what went wrong */
export async function runOrderedSoak(seed: number, aborting: AbortSignal): Promise<readonly string[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'lastmile-soak-'));
  const sizes = { groups, eventsPerGroup, kills: 3, plainAlone, plainEveryMs: 50 };
  try {
    const result = await runOrderedTrial({ seed, ...sizes, dataDir, limitMs, aborting });
    for (const line of new Set(result.errors)) console.error(line);
    console.log(`\n${formatOrdered(result)}\n`);
    const { meanwhile } = result.plain;
    const slow = meanwhile !== undefined && meanwhile.p90Ms > longestPlainMs;
    return [...result.faults, ...(slow ? [`events without order waited: ${timesText(meanwhile)}`] : [])];
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

function formatOrdered({ arrived, repeats, failures, kills, durationMs, plain }: OrderedTrialResult): string {
  return [
    `${arrived} of ${groups * eventsPerGroup} events arrived in order in ${groups} groups, in ${(durationMs / 1000).toFixed(0)} s`,
    `${failures} requests failed, ${kills} kills, ${repeats} events came again after they had arrived`,
    'one more group fails always; only its first event is sent, again and again',
    `events without order, alone: ${timesText(plain.alone)}`,
    `events without order, meanwhile: ${timesText(plain.meanwhile)}`,
  ].join('\n');
}

function timesText(times: Times | undefined): string {
  if (times === undefined) return 'none';
  return `half arrived within ${times.medianMs.toFixed(0)} ms, 90 % within ${times.p90Ms.toFixed(0)} ms`;
}
