/**
 * Measures the performance goals and prints the figures as JSON lines. Most figures are ratios of two things that are measured
 * alternately in this run. The run fails when a goal is missed by more than the noise. A table for people follows on stderr.
 *
 * `--quick` only counts calls, runs workers for 6 s and measures the isolation with one dead endpoint. The checks use it.
 * `--peers` runs only the comparison with others. `--growth` measures only the costs that might grow. With `--plots` it also
 * draws its pictures again. `--isolation` measures in full how much dead endpoints delay other events. Every run contains a
 * part of this measurement.
 */
import { measureBus } from './bus/bus.ts';
import { countCalls } from './worker/calls.ts';
import { measureColdStart } from './worker/cold-start.ts';
import { printFigure, printTable } from './figure.ts';
import { measureGrowth } from './growth/growth.ts';
import { measureIsolation } from './isolation/isolation.ts';
import { measureHeap } from './worker/heap.ts';
import { measurePatterns } from './bus/patterns.ts';
import { measurePeers } from './peers/peers.ts';
import { measureRate } from './rate/rate.ts';
import { measureAlone } from './rate/alone.ts';
import { measureWorkers } from './rate/workers.ts';
import { measureThroughput } from './worker/throughput.ts';

const quick = process.argv.includes('--quick');
const peersOnly = process.argv.includes('--peers');
const growthOnly = process.argv.includes('--growth');
const isolationOnly = process.argv.includes('--isolation');
const only = peersOnly || growthOnly || isolationOnly;

if (!only) {
  for (const figure of await measureWorkers({ quick })) printFigure(figure);
  for (const figure of await countCalls()) printFigure(figure);
  for await (const figure of measureIsolation(quick ? 'quick' : 'usual')) printFigure(figure);
}
if (isolationOnly) for await (const figure of measureIsolation('full')) printFigure(figure);
if (!quick && !only) {
  for (const figure of await measureColdStart()) printFigure(figure);
  for (const figure of await measureAlone()) printFigure(figure);
  for (const figure of await measureRate()) printFigure(figure);
  for (const figure of await measureThroughput()) printFigure(figure);
  for (const figure of await measureHeap()) printFigure(figure);
  for (const figure of await measurePatterns()) printFigure(figure);
  for (const figure of await measureBus()) printFigure(figure);
}
if (peersOnly || (!quick && !only)) for (const figure of await measurePeers()) printFigure(figure);
if (growthOnly) {
  for (const figure of await measureGrowth({ plots: process.argv.includes('--plots') })) printFigure(figure);
}
printTable();
