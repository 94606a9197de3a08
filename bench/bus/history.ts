/** Measures how long the local stack needs for one page of its delivery history when the history is full. */
import { DatabaseSync } from 'node:sqlite';
import type { Conclusion } from '../../lib/core/delivery/delivery.ts';
import { SqliteDeliveryHistory } from '../../lib/local/history/sqlite-history.ts';
import type { HistoryFilter } from '../../lib/ports/history.ts';
import type { Figure } from '../figure.ts';

/** Every figure needs the number of a goal. The performance page has no goal for the history, so this is the goal of the cold start. */
const goal = 5;
const deliveries = 100_000;
const rounds = 5;
const region = 'us-east-1';

/** Each failure has an answer of its own: then the history has as many different texts as it can have. */
function conclusion(number: number, isFailed: boolean): Conclusion {
  return {
    settlement: { kind: isFailed ? 'dead-lettered' : 'delivered' },
    eventId: `6a7e8feb-b491-4cf7-a9f1-${String(number).padStart(12, '0')}`,
    apiDestination: `orders-${number % 20}`,
    rule: `arn:aws:events:us-east-1:123456789012:rule/to-orders-${number % 50}`,
    targetId: 'orders',
    source: 'com.example.shop',
    detailType: 'Order Paid',
    status: isFailed ? 422 : 204,
    ...(isFailed && {
      code: 'EndpointRejected',
      reason: 'The endpoint answered 422.',
      answer: `request ${number}: ${'no such order '.repeat(40)}`,
    }),
    attempts: 1,
    durationMs: 35,
    rateWaitMs: 0,
  };
}

/** Most filters find nothing: then the whole history is searched. */
const filters: readonly (readonly [string, HistoryFilter])[] = [
  ['no filter', {}],
  ['an event', { eventId: '6a7e8feb-b491-4cf7-a9f1-000000050000' }],
  ['an API destination', { apiDestination: 'orders-7' }],
  ['an unknown API destination', { apiDestination: 'nowhere' }],
  ['an unknown rule', { rule: 'nothing' }],
  ['an outcome that no delivery has', { outcome: 'returned' }],
  ['a code that no delivery has', { code: 'TimedOut' }],
  ['a status that no delivery has', { status: 500 }],
  ['an API destination and a code that no delivery has', { apiDestination: 'orders-7', code: 'TimedOut' }],
  ['a time in the middle', { beforeMs: Date.UTC(2026, 0, 1) + deliveries / 2 }],
  ['a text that no answer has', { text: 'out of stock' }],
  ['a text that one answer has', { text: 'request 10:' }],
  ['a text that every answer has and a code that no delivery has', { text: 'no such order', code: 'TimedOut' }],
  ['a text of two characters that no answer has', { text: 'zz' }],
];

const reportFault = (error: unknown): never => {
  throw new Error('The history cannot be written.', { cause: error });
};

export async function measureHistory(): Promise<Figure[]> {
  return [...(await measureWith('every tenth failed', 10)), ...(await measureWith('all failed', 1))];
}

async function measureWith(which: string, failsEach: number): Promise<Figure[]> {
  const database = new DatabaseSync(':memory:');
  let nowMs = Date.UTC(2026, 0, 1);
  const history = new SqliteDeliveryHistory({ database, nowMs: () => nowMs, reportFault });
  const log = history.logOf(region);
  const startedMs = performance.now();
  for (let number = 0; number < deliveries; number += 1) {
    nowMs += 1;
    log.record(conclusion(number, number % failsEach === 0));
    if (number % 10 === 9) await Promise.resolve();
  }
  const recordUs = ((performance.now() - startedMs) * 1000) / deliveries;
  const recorded = `recording one delivery in the history, ${which}, ten at a time, microseconds`;
  const figures: Figure[] = [{ goal, name: recorded, value: recordUs, target: 'none' }];
  for (const [name, filter] of filters) {
    const pagesMs = await pageTimesMs(history, filter);
    const slowestMs = Math.max(...pagesMs);
    const what = `a page of a history of ${deliveries} deliveries, ${which}, by ${name}, milliseconds`;
    figures.push({ goal, name: what, value: slowestMs, target: '<= 50', broken: slowestMs > 50 });
    if (pagesMs.length === 1) continue;
    const totalMs = pagesMs.reduce((sum, pageMs) => sum + pageMs, 0);
    figures.push({
      goal,
      name: `all ${pagesMs.length} pages, ${which}, by ${name}, milliseconds`,
      value: totalMs,
      target: 'none',
    });
  }
  history.close();
  database.close();
  return figures;
}

/** The time of the first page, and of those after it as long as they are empty: the least of some rounds for each. */
async function pageTimesMs(history: SqliteDeliveryHistory, filter: HistoryFilter): Promise<readonly number[]> {
  const pagesMs: number[] = [];
  for (let after: string | undefined; ; ) {
    const request = { limit: 100, ...(after !== undefined && { after }) };
    let leastMs = Number.POSITIVE_INFINITY;
    let found = 0;
    for (let round = 0; round < rounds; round += 1) {
      const askedMs = performance.now();
      const page = await history.list(region, filter, request);
      leastMs = Math.min(leastMs, performance.now() - askedMs);
      [found, after] = [page.deliveries.length, page.next];
    }
    pagesMs.push(leastMs);
    if (found > 0 || after === undefined) return pagesMs;
  }
}
