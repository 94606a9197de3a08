import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import type { UndeliveredEvent } from '../../../lib/local/history/history-entries.ts';
import { SqliteDeliveryHistory } from '../../../lib/local/history/sqlite-history.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { delivered } from './delivery-history.ts';

const region = 'us-east-1';
const unmatched: UndeliveredEvent = {
  outcome: 'unmatched',
  eventId: 'event-1',
  eventBus: 'default',
  source: 'shop',
  detailType: 'Order Placed',
  reason: 'No rule with a target matches.',
};
const refused: UndeliveredEvent = {
  outcome: 'refused',
  eventBus: 'orders',
  code: 'MalformedDetail',
  reason: 'Detail is malformed.',
};
const {
  status: _status,
  attempts: _attempts,
  durationMs: _duration,
  rateWaitMs: _wait,
  settlement,
  ...names
} = delivered;

function createHistory(
  limits: { readonly deliveries?: number; readonly undelivered?: number; readonly ageMs?: number } = {},
) {
  const database = new DatabaseSync(':memory:');
  onTestFinished(() => database.close());
  const clock = createManualClock();
  const reportFault = (error: unknown): never => {
    throw new Error('The history could not be written.', { cause: error });
  };
  const history = new SqliteDeliveryHistory({ database, nowMs: clock.nowMs, reportFault, limits });
  const listed = async (filter: object = {}) => (await history.list(region, filter, { limit: 100 })).deliveries;
  const outcomes = async (filter: object = {}) => (await listed(filter)).map(({ last }) => last.outcome);
  return { database, history, clock, events: history.eventsOf(region), log: history.logOf(region), listed, outcomes };
}

test('an event that the bus has queued waits until its first invocation ends, and keeps the time and place of its queueing', async () => {
  const { history, clock, events, log, listed } = createHistory();
  const queuedAtMs = clock.nowMs();
  events.queued(names);
  const waiting = { outcome: 'waiting', attempts: 0, durationMs: 0, concludedAtMs: queuedAtMs };
  expect(await listed()).toEqual([{ ...names, beganAtMs: queuedAtMs, last: waiting }]);
  expect(await history.get(region, 'event-1', 'orders')).toEqual([
    { ...names, beganAtMs: queuedAtMs, last: waiting, records: [] },
  ]);
  await clock.advance(1000);
  log.record({ ...delivered, eventId: 'event-2' });
  await clock.advance(1000);
  log.record(delivered);
  const found = await listed();
  expect(found.map(({ eventId, last }) => [eventId, last.outcome])).toEqual([
    ['event-2', 'delivered'],
    ['event-1', 'delivered'],
  ]);
  expect(found[1]).toMatchObject({ beganAtMs: queuedAtMs, last: { concludedAtMs: queuedAtMs + 2000 } });
  expect((await history.get(region, 'event-1', 'orders'))[0]?.records).toHaveLength(1);
});

test('a queueing that is reported after its delivery has ended, or twice, changes nothing', async () => {
  const { events, log, outcomes } = createHistory();
  log.record(delivered);
  events.queued(names);
  events.queued({ ...names, eventId: 'event-2' });
  events.queued({ ...names, eventId: 'event-2' });
  expect(await outcomes()).toEqual(['waiting', 'delivered']);
});

test('an API destination that a target names by its ARN has one delivery for its queueing and its conclusion', async () => {
  const { events, log, outcomes } = createHistory();
  const arn = 'arn:aws:events:us-east-1:123456789012:api-destination/orders/11111111-2222-3333-4444-555555555555';
  events.queued({ ...names, apiDestination: arn });
  log.record(delivered);
  expect(await outcomes()).toEqual([settlement.kind]);
});

test('an unmatched event and a refused entry are listed with their event bus and why, among the deliveries', async () => {
  const { clock, events, log, listed } = createHistory();
  const atMs = clock.nowMs();
  events.undelivered(unmatched);
  await clock.advance(1);
  log.record({ ...delivered, eventId: 'event-2' });
  await clock.advance(1);
  events.undelivered(refused);
  const { outcome, reason, ...facts } = unmatched;
  expect(await listed()).toEqual([
    {
      eventBus: 'orders',
      beganAtMs: atMs + 2,
      last: {
        outcome: 'refused',
        code: 'MalformedDetail',
        reason: 'Detail is malformed.',
        attempts: 0,
        durationMs: 0,
        concludedAtMs: atMs + 2,
      },
    },
    expect.objectContaining({ eventId: 'event-2' }),
    {
      ...facts,
      beganAtMs: atMs,
      last: { outcome, reason, attempts: 0, durationMs: 0, concludedAtMs: atMs },
    },
  ]);
});

test.each([
  [{ outcome: 'unmatched' }, ['unmatched']],
  [{ outcome: 'refused' }, ['refused']],
  [{ outcome: 'waiting' }, ['waiting']],
  [{ eventId: 'event-1' }, ['unmatched']],
  [{ code: 'MalformedDetail' }, ['refused']],
  [{ text: 'no RULE' }, ['unmatched']],
  [{ apiDestination: 'orders' }, ['waiting']],
  [{ rule: 'to-orders' }, ['waiting']],
  [{ status: 204 }, []],
])(
  'a list of the local history by %j has exactly the events without a delivery that match',
  async (filter, expected) => {
    const { events, outcomes } = createHistory();
    events.undelivered(unmatched);
    events.undelivered(refused);
    events.queued({ ...names, eventId: 'event-2' });
    expect(await outcomes(filter)).toEqual(expected);
  },
);

test('pages contain events without a delivery and deliveries of the same time exactly once', async () => {
  const { history, events } = createHistory();
  for (const number of [1, 2, 3]) {
    events.undelivered({ ...unmatched, eventId: `unmatched-${number}` });
    events.queued({ ...names, eventId: `queued-${number}` });
  }
  const seen: (string | undefined)[] = [];
  for (let after: string | undefined; ; ) {
    const page = await history.list(region, {}, { limit: 1, ...(after !== undefined && { after }) });
    seen.push(...page.deliveries.map(({ eventId }) => eventId));
    after = page.next;
    if (after === undefined) break;
  }
  expect(seen.toSorted()).toEqual(['queued-1', 'queued-2', 'queued-3', 'unmatched-1', 'unmatched-2', 'unmatched-3']);
});

test('many unmatched events push out the oldest unmatched events, and no delivery', async () => {
  const { events, log, listed } = createHistory({ deliveries: 2, undelivered: 2 });
  log.record({ ...delivered, eventId: 'a' });
  for (const eventId of ['b', 'c', 'd']) events.undelivered({ ...unmatched, eventId });
  expect((await listed()).map(({ eventId }) => eventId)).toEqual(['a', 'd', 'c']);
});

test('many deliveries push out the oldest deliveries, and no unmatched event', async () => {
  const { events, log, listed } = createHistory({ deliveries: 1, undelivered: 1 });
  events.undelivered({ ...unmatched, eventId: 'a' });
  for (const eventId of ['b', 'c']) log.record({ ...delivered, eventId });
  expect((await listed()).map(({ eventId }) => eventId)).toEqual(['c', 'a']);
});

test('an unmatched event leaves the history when its age passes the limit', async () => {
  const { clock, events, outcomes } = createHistory({ ageMs: 1000 });
  events.undelivered(unmatched);
  await clock.advance(1001);
  expect(await outcomes()).toEqual([]);
  events.undelivered({ ...unmatched, eventId: 'event-2' });
  expect(await outcomes()).toEqual(['unmatched']);
});

test('long names of a refused entry are shortened', async () => {
  const { events, listed } = createHistory();
  events.undelivered({ ...refused, source: 's'.repeat(1000), detailType: 't'.repeat(1000) });
  expect(await listed()).toMatchObject([{ source: 's'.repeat(256), detailType: 't'.repeat(256) }]);
});

test('a delivery of an input without API destination is not taken for the unmatched event of the same id', async () => {
  const { events, log, outcomes } = createHistory();
  events.undelivered(unmatched);
  expect(await outcomes()).toEqual(['unmatched']);
  log.record({ settlement: { kind: 'dead-lettered' }, eventId: 'event-1', attempts: 0, durationMs: 1 });
  expect((await outcomes()).toSorted()).toEqual(['dead-lettered', 'unmatched']);
});

test('an unmatched event is in the database before the code that waits for its PutEvents goes on, without a read', async () => {
  const { database, events } = createHistory();
  events.undelivered(unmatched);
  await Promise.resolve();
  expect(database.prepare('SELECT eventId FROM history_deliveries').all()).toEqual([{ eventId: 'event-1' }]);
});

test('of a flood of unmatched events within a second, the history has the first one and the last 1,000', async () => {
  const { clock, database, events, history, listed } = createHistory();
  const count = () => database.prepare('SELECT count(*) AS count FROM history_deliveries').get()?.['count'];
  events.undelivered({ ...unmatched, eventId: 'first' });
  await Promise.resolve();
  for (let number = 0; number < 1100; number += 1) events.undelivered({ ...unmatched, eventId: `${number}` });
  await Promise.resolve();
  expect(count()).toBe(1);
  expect((await listed())[0]).toMatchObject({ eventId: '1099' });
  expect(count()).toBe(1001);
  expect((await history.list(region, { eventId: '99' }, { limit: 1 })).deliveries).toEqual([]);
  expect((await history.list(region, { eventId: '100' }, { limit: 1 })).deliveries).toHaveLength(1);
  await clock.advance(1000);
  events.undelivered({ ...unmatched, eventId: 'later' });
  await Promise.resolve();
  expect(count()).toBe(1002);
});

test('closing the history writes the unmatched events that wait, and none after it', async () => {
  const { database, events, history } = createHistory();
  for (const eventId of ['a', 'b']) {
    events.undelivered({ ...unmatched, eventId });
    await Promise.resolve();
  }
  history.close();
  events.undelivered({ ...unmatched, eventId: 'late' });
  await Promise.resolve();
  expect(database.prepare('SELECT eventId FROM history_deliveries ORDER BY number').all()).toEqual([
    { eventId: 'a' },
    { eventId: 'b' },
  ]);
});
