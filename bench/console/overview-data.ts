/*
 * Measures how long the overview of the console waits for its data, with few deliveries and with a full history.
 *
 *   node bench/console/overview-data.ts
 */
import { DatabaseSync } from 'node:sqlite';
import { overviewRanges } from '../../lib/console/api/overview.ts';
import type { Conclusion } from '../../lib/core/delivery/delivery.ts';
import { localOverview } from '../../lib/local/console/overview.ts';
import { WaitingSamples } from '../../lib/local/console/waiting-samples.ts';
import { SqliteDeliveryHistory } from '../../lib/local/history/sqlite-history.ts';
import { printFigure, printTable } from '../figure.ts';

/** The performance page has no goal for the console, so this is the goal of the cold start. */
const goal = 5;
const few = 1000;
/** As many deliveries as the history of the local stack keeps. */
const many = 100_000;
const rounds = 40;
const mostMs = 200;
const region = 'us-east-1';
const endMs = Date.UTC(2026, 0, 8);

/** Every tenth delivery failed, and every hundredth waits for a probe. */
function conclusion(number: number): Conclusion {
  const common = {
    eventId: `e-${number}`,
    apiDestination: `orders-${number % 20}`,
    rule: `arn:aws:events:us-east-1:123456789012:rule/to-orders-${number % 50}`,
    attempts: 1,
    durationMs: 35 + (number % 97),
    rateWaitMs: 0,
  };
  if (number % 100 === 1)
    return { ...common, settlement: { kind: 'deferred', notBeforeMs: endMs }, waitsFor: 'circuit' };
  return { ...common, settlement: { kind: number % 10 === 0 ? 'dead-lettered' : 'delivered' } };
}

/** @param spanMs the deliveries began within this time before the end */
async function p95Ms(count: number, range: keyof typeof overviewRanges, spanMs: number): Promise<number> {
  const database = new DatabaseSync(':memory:');
  let nowMs = endMs - spanMs;
  const reportFault = (error: unknown): never => {
    throw new Error('The history cannot be written.', { cause: error });
  };
  const history = new SqliteDeliveryHistory({ database, nowMs: () => nowMs, reportFault });
  const clock = { nowMs: () => nowMs, delay: () => Promise.resolve() };
  const samples = new WaitingSamples({ history, clock, reportFault: (_where, error) => reportFault(error) });
  const log = history.logOf(region);
  for (let number = 0; number < count; number += 1) {
    nowMs = endMs - spanMs + Math.floor((spanMs * number) / count);
    log.record(conclusion(number));
    if (number % 10 === 9) await Promise.resolve();
  }
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const startedMs = performance.now();
    JSON.stringify(localOverview({ history, samples }, region, { Range: range }, nowMs));
    times.push(performance.now() - startedMs);
  }
  history.close();
  database.close();
  return times.sort((one, other) => one - other)[Math.floor(rounds * 0.95)] ?? Number.NaN;
}

for (const range of Object.keys(overviewRanges) as (keyof typeof overviewRanges)[]) {
  const spanMs = overviewRanges[range].seconds * 1000;
  const fewMs = await p95Ms(few, range, spanMs);
  const manyMs = await p95Ms(many, range, spanMs);
  const what = `the data of the overview of ${range} with ${many} deliveries in this time`;
  const broken = manyMs > mostMs;
  printFigure({ goal, name: `${what}, p95, milliseconds`, value: manyMs, target: `<= ${mostMs}`, broken });
  printFigure({ goal, name: `${what}, p95 as a multiple of that with ${few}`, value: manyMs / fewMs, target: 'none' });
}
printTable();
