import { Exit, parseCommandLine, runCommand } from '../lib/commands/command.ts';
import { measureBilled } from './billed/billed.ts';
import { measureBus, measureManyRules } from './bus/bus.ts';
import { measureHistory } from './bus/history.ts';
import { measureAwsCalls } from './worker/aws-calls.ts';
import { countCalls } from './worker/calls.ts';
import { measureColdStart } from './worker/cold-start.ts';
import { printFigure, printTable } from './figure.ts';
import { measureGrowth } from './growth/growth.ts';
import { measureJsonataMemory } from './worker/jsonata-memory.ts';
import { measureKeeping } from './worker/keeping.ts';
import { measureIsolation } from './isolation/isolation.ts';
import { measureHeap } from './worker/heap.ts';
import { measurePatterns } from './bus/patterns.ts';
import { measurePeers } from './peers/peers.ts';
import { measureRate } from './rate/rate.ts';
import { measureStack } from './stack/stack.ts';
import { measureAlone } from './rate/alone.ts';
import { measureSettings } from './rate/settings.ts';
import { measureWorkers } from './rate/workers.ts';
import { measureThroughput } from './worker/throughput.ts';

const usage = `Measures the performance goals and prints the figures as JSON lines. A table for people follows on stderr. Most figures are
ratios of two things that are measured in turn. Without an option, it takes about nine minutes.

  npm run bench -- [option]

  --quick      only counts calls, runs workers for 6 s, and measures one dead endpoint
  --isolation  only measures how much dead endpoints delay other events, in full
  --calls      only compares the calls to AWS that workers sign themselves with those of the AWS client
  --peers      only compares Lastmile with BullMQ and a plain worker; needs redis-server
  --billed     only measures what Lambda bills for a batch, and how soon a fresh process delivers; needs root on Linux for the former
  --local      only measures the local stack from its doors to an endpoint, in full
  --growth     only measures the costs that might grow; with --plots it also draws the pictures in docs again
  --help       show this text

Exit status: 0 every goal is met, 1 a goal is missed by more than the noise, 2 wrong usage.`;

const yes = { type: 'boolean' } as const;

async function main(args: readonly string[]): Promise<number> {
  const options = {
    quick: yes,
    billed: yes,
    isolation: yes,
    calls: yes,
    peers: yes,
    local: yes,
    growth: yes,
    plots: yes,
    help: yes,
  };
  const { values } = parseCommandLine('npm run bench', args, options);
  if (values.help === true) throw new Exit(0, usage);
  const {
    quick = false,
    peers: peersOnly = false,
    billed: billedOnly = false,
    local: localOnly = false,
    growth: growthOnly = false,
    isolation: isolationOnly = false,
    calls: callsOnly = false,
  } = values;
  const only = callsOnly || peersOnly || localOnly || growthOnly || isolationOnly || billedOnly;

  if (!only) {
    for (const figure of await measureWorkers({ quick })) printFigure(figure);
    for (const figure of await countCalls()) printFigure(figure);
    for await (const figure of measureIsolation(quick ? 'quick' : 'usual')) printFigure(figure);
  }
  if (callsOnly) for (const figure of await measureAwsCalls()) printFigure(figure);
  if (isolationOnly) for await (const figure of measureIsolation('full')) printFigure(figure);
  if (!quick && !only) {
    for (const figure of await measureColdStart()) printFigure(figure);
    for (const figure of await measureAlone()) printFigure(figure);
    for await (const figure of measureSettings()) printFigure(figure);
    for (const figure of await measureRate()) printFigure(figure);
    for (const figure of await measureAwsCalls()) printFigure(figure);
    for (const figure of await measureThroughput()) printFigure(figure);
    for (const figure of await measureHeap()) printFigure(figure);
    for (const figure of await measureJsonataMemory()) printFigure(figure);
    for (const figure of await measureKeeping()) printFigure(figure);
    for (const figure of await measurePatterns()) printFigure(figure);
    for (const figure of await measureHistory()) printFigure(figure);
    for (const figure of await measureBus()) printFigure(figure);
    for await (const figure of measureStack('usual')) printFigure(figure);
  }
  if (billedOnly || (!quick && !only)) for await (const figure of measureBilled()) printFigure(figure);
  if (peersOnly || (!quick && !only)) for (const figure of await measurePeers()) printFigure(figure);
  if (localOnly) {
    for await (const figure of measureStack('full')) printFigure(figure);
    for (const figure of await measureManyRules()) printFigure(figure);
  }
  if (growthOnly) {
    for (const figure of await measureGrowth({ plots: values.plots === true })) printFigure(figure);
  }
  printTable();
  return Number(process.exitCode ?? 0);
}

process.exitCode = await runCommand(() => main(process.argv.slice(2)));
