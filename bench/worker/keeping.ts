/** Measures what kept events cost a worker for each delivery: nothing when they are off, and the texts of a batch when they are on. */
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { parseDelivery } from '../../lib/core/message/parse-delivery.ts';
import { createDeliver } from '../../lib/delivery/deliver.ts';
import { createKeeping } from '../../lib/delivery/keeping.ts';
import { SqliteKeptEvents, keptEventsLimits } from '../../lib/local/history/sqlite-kept-events.ts';
import { noMetrics } from '../../lib/local/lambda/readable-logs.ts';
import type { EventKeeper } from '../../lib/ports/kept-events.ts';
import { orderEvents } from '../events.ts';
import type { Figure } from '../figure.ts';
import { noLog } from './worker.ts';

/** Every figure needs the number of a goal. The performance page has no goal for kept events, so this is the goal of the worker's cost. */
const goal = 1;
const batches = 5000;
const batchSize = 10;
const rounds = 5;

const parsed = orderEvents.slice(0, batchSize).map((event) => {
  const envelope = { apiDestination: 'orders', event, target: { Id: 'to-orders' } };
  return parseDelivery(envelope, { nowMs: 0, apiDestination: undefined }, JSON.stringify(envelope));
});

/** The least time of some rounds for one delivery, whose attempt takes no time, in microseconds. */
async function deliveryUs(keeper: EventKeeper | undefined, isNew = true): Promise<number> {
  const keeping = keeper && createKeeping({ keeper, log: noLog, metrics: noMetrics, clock: systemClock });
  const unused = () => Promise.reject(new Error('Every event is delivered.'));
  const deliver = createDeliver({
    retrying: async ({ delivery }) => ({
      kind: 'delivered',
      delivery,
      outcome: { kind: 'delivered', status: 200 },
      rateWaitMs: 0,
    }),
    settler: { sendToDeadLetters: unused, defer: unused },
    log: noLog,
    clock: systemClock,
    keeping,
  });
  const queued = isNew ? {} : { notBeforeMs: 0 };
  let leastUs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const startedMs = performance.now();
    for (let batch = 0; batch < batches; batch += 1) {
      const deadline = { endMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
      const all = () =>
        Promise.all(
          parsed.map((delivery) => deliver({ parse: () => ({ delivery, ...queued }), body: () => '' }, deadline)),
        );
      await (keeping === undefined ? all() : keeping.during(deadline, all));
    }
    leastUs = Math.min(leastUs, ((performance.now() - startedMs) * 1000) / (batches * batchSize));
  }
  return leastUs;
}

export async function measureKeeping(): Promise<Figure[]> {
  const database = new DatabaseSync(':memory:');
  const local = new SqliteKeptEvents({ database, nowMs: Date.now, limits: keptEventsLimits.inMemory }).of('us-east-1');
  const forgetting: EventKeeper = { keep: async (deliveries) => deliveries.map(() => 'nowhere') };
  // A delivery that comes back from the queue is never kept, so it has nothing of this cost.
  const [returnedUs, offUs] = [await deliveryUs(undefined, false), await deliveryUs(undefined)];
  const [onUs, localUs] = [await deliveryUs(forgetting), await deliveryUs(local)];
  database.close();
  const costUs = offUs - returnedUs;
  return [
    {
      goal,
      name: 'cost of kept events that are off, microseconds a delivery',
      value: costUs,
      target: '<= 2',
      broken: costUs > 2,
    },
    {
      goal,
      name: 'cost of kept events without their write, microseconds a delivery',
      value: onUs - offUs,
      target: 'none',
    },
    {
      goal,
      name: 'cost of kept events in the local stack, microseconds a delivery',
      value: localUs - offUs,
      target: 'none',
    },
  ];
}
