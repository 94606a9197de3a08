import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandLine, Exit, helpFlag, parseCommandLine, runCommand, wrongUsage } from '../lib/commands/command.ts';
import { repeat } from './load.ts';
import { runOrderedSoak } from './ordered-soak.ts';
import { planInterruptions } from './plan.ts';
import { faultsOf, formatResult } from './report.ts';
import { Trial } from './trial.ts';

const defaults = { minutes: '10', seed: '1' };

const command = 'soak';

const usage = `Checks that no event is lost and no rate is exceeded. Two local stacks send events to five endpoints: one is healthy, one
fails 30 % of the time with Retry-After, one takes 4 seconds, one never answers, and the name of one does not exist. The last
three must not delay the healthy one. Meanwhile rates, paths, credentials and delivery policies change, and OAuth tokens expire
each minute. One stack is killed (-9) and frozen at random, and a tenth of its workers' calls for the rate and for queues fail. The
other is left alone. Every event that a stack accepts must arrive or end in the dead letters. Ctrl-C ends the soak early and prints
the list of all events.

  ${commandLine('soak', '[options]')}

  --minutes <number>   how long events are sent, 0.1 to 1440 (default: ${defaults.minutes})
  --seed <number>      selects the events, failures, changes, kills and freezes; the same seed repeats them (default: ${defaults.seed})
  --ordered            instead, sends 5000 events in 100 groups that must keep their order to an endpoint that fails 30 % of the
                       time, and kills the stack three times; takes about two minutes
  --help               show this text

Exit status: 0 passed, 1 failed, with each fault on a line, 2 wrong usage.`;

/**
 * Longer than both waits of Lambda's asynchronous retries together, and than two visibility timeouts: when a call to settle a
 * message fails, the message comes back after 360 s.
 */
const settleLimitMs = 800_000;

const progressMs = 30_000;

interface Options {
  readonly seed: number;
  readonly ordered: boolean;
  readonly durationMs: number;
}

async function main(args: string[]): Promise<number> {
  const options = parseOptions(args);
  const ending = new AbortController();
  const aborting = new AbortController();
  const onSignal = (): void => {
    if (ending.signal.aborted) return aborting.abort();
    console.log('Ending early and waiting for the events in progress. Press Ctrl-C again to stop waiting.');
    ending.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const { seed, ordered, durationMs } = options;
  console.log(ordered ? `seed ${seed}` : `seed ${seed}, ${durationMs / 60_000} min`);
  try {
    const faults = ordered ? await runOrderedSoak(seed, ending.signal) : await runTrials(options, ending, aborting);
    console.log(
      faults.length === 0
        ? 'Passed: no event is lost, and nothing else went wrong.'
        : `FAILED:\n- ${faults.join('\n- ')}`,
    );
    return faults.length === 0 ? 0 : 1;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

async function runTrials(
  { seed, durationMs }: Options,
  ending: AbortController,
  aborting: AbortController,
): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'lastmile-soak-'));
  const common = { seed, durationMs, settleLimitMs, ending: ending.signal, aborting: aborting.signal };
  const done = new AbortController();
  try {
    const interruptions = planInterruptions(seed, durationMs);
    const trials = [
      new Trial({
        ...common,
        name: 'the killed stack',
        dataDir: join(folder, 'killed'),
        interruptions,
        failsCalls: true,
      }),
      new Trial({
        ...common,
        name: 'the steady stack',
        dataDir: join(folder, 'steady'),
        interruptions: [],
        failsCalls: false,
      }),
    ];
    const progress = repeat(progressMs, done.signal, async () => console.log(progressOf(trials)));
    const runs = trials.map(async (trial) => {
      let whole = false;
      try {
        const result = await trial.run();
        whole = result.brokenOff === undefined;
        return result;
      } finally {
        // When one trial fails, the other one ends too.
        if (!whole) for (const signalled of [ending, aborting]) signalled.abort();
      }
    });
    await Promise.allSettled(runs);
    done.abort();
    await progress;
    const results = await Promise.all(runs);
    for (const { errors } of results) for (const line of new Set(errors)) console.error(line);
    for (const result of results) console.log(`\n${formatResult(result)}`);
    console.log('');
    return results.flatMap((result) => faultsOf(result, aborting.signal.aborted));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function progressOf(trials: readonly Trial[]): string {
  const now = new Date().toISOString().slice(11, 19);
  return trials
    .map(({ ledger, interruptions: { kills, freezes } }) => {
      const { accepted, delivered, deadLettered } = ledger.balance();
      const interrupted = kills + freezes > 0 ? `, ${kills} kills, ${freezes} freezes` : '';
      return `${now} ${accepted} accepted, ${delivered} delivered, ${deadLettered} dead-lettered${interrupted}`;
    })
    .join('; ');
}

function parseOptions(args: string[]): Options {
  const text = { type: 'string' } as const;
  const ordered = { type: 'boolean' } as const;
  const { values } = parseCommandLine(command, args, { minutes: text, seed: text, ordered, ...helpFlag });
  const { help, minutes = defaults.minutes, seed = defaults.seed } = values;
  if (help === true) throw new Exit(0, usage);
  const durationMs = Number(minutes) * 60_000;
  if (!/^\d{1,4}(\.\d{1,3})?$/.test(minutes) || durationMs < 6000 || durationMs > 86_400_000) {
    throw wrongUsage(command, `--minutes must be a number from 0.1 to 1440, not '${minutes}'.`);
  }
  if (!/^\d{1,9}$/.test(seed))
    throw wrongUsage(command, `--seed must be a whole number of up to nine digits, not '${seed}'.`);
  return { seed: Number(seed), ordered: values.ordered === true, durationMs };
}

process.exitCode = await runCommand(() => main(process.argv.slice(2)));
