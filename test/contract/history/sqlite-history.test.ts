import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { openDataFolder } from '../../../lib/local/stack/data-folder.ts';
import { SqliteDeliveryHistory } from '../../../lib/local/history/sqlite-history.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { ownFolder } from '../../fixtures/stack.ts';
import type { HistorySubject } from './delivery-history.ts';
import { delivered, describeDeliveryHistory } from './delivery-history.ts';
import { describeNewRecords } from './new-records.ts';

const account = '123456789012';
const region = 'us-east-1';

function createSubject(
  database: DatabaseSync,
  limits: { readonly deliveries?: number; readonly records?: number; readonly ageMs?: number } = {},
) {
  const clock = createManualClock();
  const faults: unknown[] = [];
  const reportFault = (error: unknown): void => void faults.push(error);
  const history = new SqliteDeliveryHistory({ database, nowMs: clock.nowMs, reportFault, limits });
  const logOf = (name: string) => history.logOf(name);
  const subject: HistorySubject = { history, logOf, advance: (ms) => clock.advance(ms), nowMs: clock.nowMs };
  return { ...subject, history, faults };
}

function inMemory(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  onTestFinished(() => database.close());
  return database;
}

describeDeliveryHistory('in memory', async () => createSubject(inMemory()));
describeNewRecords('in memory', async () => createSubject(inMemory()));

describeDeliveryHistory('in a data folder', async () => {
  const folder = openDataFolder(join(ownFolder(), 'data'), account);
  onTestFinished(() => folder.close());
  return createSubject(folder.database);
});

const listed = async ({ history }: Pick<HistorySubject, 'history'>) =>
  (await history.list(region, {}, { limit: 100 })).deliveries.map(({ eventId }) => eventId);

test('conclusions are in the database before the code that waits for their delivery goes on, without a read', async () => {
  const database = inMemory();
  const { logOf } = createSubject(database);
  const count = () => database.prepare('SELECT count(*) AS count FROM history_records').get()?.['count'];
  for (const eventId of ['a', 'b']) logOf(region).record({ ...delivered, eventId });
  await Promise.resolve();
  expect(count()).toBe(2);
});

test('the history begins again when a data folder has its tables with the columns of an earlier version', async () => {
  const database = inMemory();
  database.exec('CREATE TABLE history_deliveries (number INTEGER PRIMARY KEY, lastRecord INTEGER NOT NULL)');
  database.exec('CREATE TABLE history_records (number INTEGER PRIMARY KEY, delivery INTEGER NOT NULL)');
  database.exec('INSERT INTO history_deliveries (lastRecord) VALUES (1)');
  const subject = createSubject(database);
  subject.logOf(region).record({ ...delivered, eventId: 'event-1' });
  expect(await listed(subject)).toEqual(['event-1']);
  expect(subject.faults).toEqual([]);
});

test('the history goes on after a restart with a data folder', async () => {
  const path = join(ownFolder(), 'data');
  const before = openDataFolder(path, account);
  const first = createSubject(before.database);
  first.logOf(region).record({ ...delivered, attempts: 1 });
  first.history.close();
  before.close();
  const after = openDataFolder(path, account);
  onTestFinished(() => after.close());
  const second = createSubject(after.database);
  second.logOf(region).record({ ...delivered, attempts: 2 });
  second.logOf(region).record({ ...delivered, eventId: 'event-2' });
  expect(await listed(second)).toEqual(['event-2', 'event-1']);
  expect((await second.history.get(region, 'event-1', 'orders'))[0]?.records).toHaveLength(2);
});

test('the oldest deliveries leave the history with their records when it has more deliveries than its limit', async () => {
  const database = inMemory();
  const subject = createSubject(database, { deliveries: 2 });
  for (const eventId of ['a', 'b', 'c', 'd']) subject.logOf(region).record({ ...delivered, eventId });
  expect(await listed(subject)).toEqual(['d', 'c']);
  const again = createSubject(database, { deliveries: 2 });
  again.logOf(region).record({ ...delivered, eventId: 'e' });
  expect(await listed(again)).toEqual(['e', 'd']);
  expect(database.prepare('SELECT count(*) AS count FROM history_records').get()).toEqual({ count: 2 });
});

test('the oldest deliveries leave the history when it has more records than its limit', async () => {
  const subject = createSubject(inMemory(), { records: 3 });
  subject.logOf(region).record({ ...delivered, eventId: 'a' });
  for (const attempts of [1, 2, 3]) subject.logOf(region).record({ ...delivered, eventId: 'b', attempts });
  expect(await listed(subject)).toEqual(['b']);
});

test('a delivery leaves the history when its age passes the limit, also when nothing is recorded', async () => {
  const database = inMemory();
  const subject = createSubject(database, { ageMs: 1000 });
  subject.logOf(region).record(delivered);
  await subject.advance(1000);
  expect(await listed(subject)).toEqual(['event-1']);
  await subject.advance(1);
  expect(await listed(subject)).toEqual([]);
  expect(await subject.history.list(region, { afterMs: 0 }, { limit: 100 })).toEqual({ deliveries: [] });
  expect(await subject.history.get(region, 'event-1', 'orders')).toEqual([]);
  subject.logOf(region).record({ ...delivered, eventId: 'event-2' });
  expect(await listed(subject)).toEqual(['event-2']);
  expect(database.prepare('SELECT count(*) AS count FROM history_records').get()).toEqual({ count: 1 });
});

test('conclusions that could not be written do not count towards the limits of the history', async () => {
  const subject = createSubject(inMemory(), { deliveries: 2 });
  subject.logOf(region).record({ ...delivered, eventId: 'a' });
  subject.logOf(region).record({ ...delivered, eventId: 'b', attempts: Number.NaN });
  expect(await listed(subject)).toEqual([]);
  for (const eventId of ['c', 'd']) subject.logOf(region).record({ ...delivered, eventId });
  expect(await listed(subject)).toEqual(['d', 'c']);
  expect(subject.faults).toHaveLength(1);
});

test('a history that cannot be written reports it once, and records again when it can', async () => {
  const database = inMemory();
  const subject = createSubject(database);
  await listed(subject);
  database.exec('PRAGMA query_only = ON');
  for (const eventId of ['a', 'b']) {
    subject.logOf(region).record({ ...delivered, eventId });
    await Promise.resolve();
  }
  expect(subject.faults).toEqual([expect.objectContaining({ code: 'ERR_SQLITE_ERROR' })]);
  database.exec('PRAGMA query_only = OFF');
  subject.logOf(region).record({ ...delivered, eventId: 'c' });
  expect(await listed(subject)).toEqual(['c']);
  expect(subject.faults).toHaveLength(1);
});

test('a conclusion that comes after the history was closed is not recorded, and closing writes what waits', async () => {
  const database = inMemory();
  const { history, logOf } = createSubject(database);
  logOf(region).record(delivered);
  history.close();
  logOf(region).record({ ...delivered, eventId: 'late' });
  await Promise.resolve();
  expect(database.prepare('SELECT eventId FROM history_deliveries').all()).toEqual([{ eventId: 'event-1' }]);
});

test('a search for a text that only the oldest of many failures has goes on from page to page and finds it', async () => {
  const { history, logOf } = createSubject(inMemory());
  const failed = { ...delivered, settlement: { kind: 'dead-lettered' } } as const;
  logOf(region).record({ ...failed, eventId: 'oldest', reason: 'out of stock' });
  for (let number = 0; number < 2600; number += 1)
    logOf(region).record({ ...failed, eventId: `${number}`, reason: 'x' });
  const first = await history.list(region, { text: 'stock' }, { limit: 100 });
  expect(first.deliveries).toEqual([]);
  const second = await history.list(region, { text: 'stock' }, { limit: 100, after: first.next ?? '' });
  expect([second.deliveries.map(({ eventId }) => eventId), second.next]).toEqual([['oldest'], undefined]);
});

test('a search for a text gives whole deliveries, also where a page ends, and its last page has no continuation', async () => {
  const { history, logOf } = createSubject(inMemory());
  const failed = { ...delivered, settlement: { kind: 'dead-lettered' }, reason: 'out of stock' } as const;
  for (const eventId of ['a', 'b', 'c', 'd']) {
    for (const attempts of [1, 2]) logOf(region).record({ ...failed, eventId, attempts });
  }
  const pageAfter = async (after?: string) => {
    const page = await history.list(region, { text: 'STOCK' }, { limit: 2, ...(after !== undefined && { after }) });
    return { ids: page.deliveries.map(({ eventId, last }) => `${eventId} ${last.attempts}`), next: page.next };
  };
  const first = await pageAfter();
  expect(first.ids).toEqual(['d 2', 'c 2']);
  expect(await pageAfter(first.next)).toEqual({ ids: ['b 2', 'a 2'], next: undefined });
});

test('after a reset, all records are new, and a call that finds nothing new repeats its position', async () => {
  const database = inMemory();
  const { history, logOf } = createSubject(database);
  for (const eventId of ['a', 'b', 'c']) logOf(region).record({ ...delivered, eventId });
  const { position } = await history.recordsAfter(region, {}, { limit: 10 });
  expect(await history.recordsAfter(region, {}, { limit: 10, after: position })).toEqual({ conclusions: [], position });
  database.exec('DELETE FROM history_deliveries; DELETE FROM history_records');
  logOf(region).record({ ...delivered, eventId: 'd' });
  const { conclusions } = await history.recordsAfter(region, {}, { limit: 10, after: position });
  expect(conclusions.map(({ eventId }) => eventId)).toEqual(['d']);
});
