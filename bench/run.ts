/**
 * Prints the performance goals as JSON lines, each a ratio of two things measured alternately in this very run, and fails when
 * one that cannot be noise is missed. `--quick`: only what fits into a check, calls counted and workers for 6 s.
 */
import { measureBus } from './bus.ts';
import { countCalls } from './calls.ts';
import { measureColdStart } from './cold-start.ts';
import { printFigure } from './figure.ts';
import { measurePatterns } from './patterns.ts';
import { measureRate } from './rate.ts';
import { measureAlone } from './rate-alone.ts';
import { measureWorkers } from './rate-workers.ts';
import { measureThroughput } from './throughput.ts';

const quick = process.argv.includes('--quick');

for (const figure of await measureWorkers({ quick })) printFigure(figure);
for (const figure of await countCalls()) printFigure(figure);
if (!quick) {
  for (const figure of await measureColdStart()) printFigure(figure);
  for (const figure of await measureAlone()) printFigure(figure);
  for (const figure of await measureRate()) printFigure(figure);
  for (const figure of await measureThroughput()) printFigure(figure);
  for (const figure of await measurePatterns()) printFigure(figure);
  for (const figure of await measureBus()) printFigure(figure);
}
