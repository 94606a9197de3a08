/** Prints the performance goals as JSON lines, each a ratio of two things measured alternately in this very run. */
import { countCalls } from './calls.ts';
import { printFigure } from './figure.ts';
import { measureThroughput } from './throughput.ts';

for (const figure of await measureThroughput()) printFigure(figure);
for (const figure of await countCalls()) printFigure(figure);
