/** Measures how long the local stack needs for one page of its delivery history when the history is full. */
import { DatabaseSync } from 'node:sqlite';
import type { Conclusion } from '../../lib/core/delivery/delivery.ts';
import { SqliteDeliveryHistory } from '../../lib/local/history/sqlite-history.ts';
import type { HistoryFilter } from '../../lib/ports/history.ts';
import type { Figure } from '../figure.ts';

/** Every figure needs the number of a goal. The performance page has no goal for the history, so this is the goal of the cold start. */
const goal = 5;
const deliveries = 100_000;
const rounds = 9;
const region = 'us-east-1';

function conclusion(number: number): Conclusion {
  const isFailed = number % 10 === 0;
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
      answer: 'no such order '.repeat(40),
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
  ['a text that no answer has', { text: 'out of stock' }],
  ['a time in the middle', { beforeMs: Date.UTC(2026, 0, 1) + deliveries / 2 }],
];

export async function measureHistory(): Promise<Figure[]> {
  const database = new DatabaseSync(':memory:');
  let nowMs = Date.UTC(2026, 0, 1);
  const reportFault = (error: unknown): never => {
    throw new Error('The history cannot be written.', { cause: error });
  };
  const history = new SqliteDeliveryHistory({ database, nowMs: () => nowMs, reportFault });
  const log = history.logOf(region);
  const startedMs = performance.now();
  for (let number = 0; number < deliveries; number += 1) {
    nowMs += 1;
    log.record(conclusion(number));
    if (number % 10 === 9) await Promise.resolve();
  }
  const recordUs = ((performance.now() - startedMs) * 1000) / deliveries;
  const figures: Figure[] = [
    {
      goal,
      name: 'recording one delivery in the history, ten at a time, microseconds',
      value: recordUs,
      target: 'none',
    },
  ];
  for (const [name, filter] of filters) {
    let leastMs = Number.POSITIVE_INFINITY;
    for (let round = 0; round < rounds; round += 1) {
      const askedMs = performance.now();
      await history.list(region, filter, { limit: 100 });
      leastMs = Math.min(leastMs, performance.now() - askedMs);
    }
    const what = `a page of a history of ${deliveries} deliveries by ${name}, milliseconds`;
    figures.push({ goal, name: what, value: leastMs, target: '<= 50', broken: leastMs > 50 });
  }
  history.close();
  database.close();
  return figures;
}
