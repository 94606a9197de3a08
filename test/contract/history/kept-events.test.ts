import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { Failure } from '../../../lib/core/failure/failure.ts';
import type { KeptEventsLimits } from '../../../lib/local/history/sqlite-kept-events.ts';
import { SqliteKeptEvents, keptEventsLimits } from '../../../lib/local/history/sqlite-kept-events.ts';
import { openDataFolder } from '../../../lib/local/stack/data-folder.ts';
import { createInMemoryKeptEvents } from '../../fakes/in-memory-kept-events.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { ownFolder } from '../../fixtures/stack.ts';
import { describeKeptEvents, everything } from './kept-events.ts';

const region = 'us-east-1';
const never = new AbortController().signal;

function inSqlite(database: DatabaseSync, limits: Partial<KeptEventsLimits> = {}) {
  const clock = createManualClock();
  const all = { ...keptEventsLimits.inMemory, ...limits };
  const kept = new SqliteKeptEvents({ database, nowMs: clock.nowMs, limits: all });
  const sides = kept.of(region);
  return { clock, kept, ...sides, keep: async () => (await sides.keep([everything], never))[0] ?? '' };
}

function inMemory(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  onTestFinished(() => database.close());
  return database;
}

describeKeptEvents('in SQLite', async () => {
  const database = inMemory();
  const { kept, clock } = inSqlite(database);
  return {
    keeper: kept.of(region),
    events: kept.of(region),
    nowMs: clock.nowMs,
    forget: () => database.exec('DELETE FROM kept_events'),
    breakDown: () => database.exec('DROP TABLE kept_events'),
  };
});

describeKeptEvents('in the fake', async () => {
  const { nowMs } = createManualClock();
  const events = createInMemoryKeptEvents(nowMs);
  return {
    keeper: events,
    events,
    nowMs,
    forget: () => events.objects.clear(),
    breakDown: () => events.failWith(new Failure('StoreUnavailable', 'injected')),
  };
});

const foundOf = async ({ read }: ReturnType<typeof inSqlite>, locations: readonly string[]) =>
  (await Promise.all(locations.map(read))).map((delivery) => delivery !== undefined);

test('the local stack reads kept events after a restart with a data folder, and counts them towards its limits', async () => {
  const path = join(ownFolder(), 'data');
  const before = openDataFolder(path, '123456789012');
  const first = await inSqlite(before.database).keep();
  before.close();
  const after = openDataFolder(path, '123456789012');
  onTestFinished(() => after.close());
  const subject = inSqlite(after.database, { deliveries: 1 });
  expect(await foundOf(subject, [first])).toEqual([true]);
  const second = await subject.keep();
  expect(await foundOf(subject, [first, second])).toEqual([false, true]);
});

test('the oldest kept events leave the local stack when it has more deliveries than its limit', async () => {
  const subject = inSqlite(inMemory(), { deliveries: 2 });
  const locations = [await subject.keep(), await subject.keep(), await subject.keep()];
  expect(await foundOf(subject, locations)).toEqual([false, true, true]);
});

test('the oldest kept events leave the local stack when their texts have more bytes than its limit', async () => {
  const database = inMemory();
  await inSqlite(database).keep();
  const bytes = Number(
    database.prepare('SELECT length(CAST(text AS BLOB)) AS bytes FROM kept_events').get()?.['bytes'],
  );
  const subject = inSqlite(database, { bytes: 2 * bytes });
  const locations = [await subject.keep(), await subject.keep(), await subject.keep()];
  expect(await foundOf(subject, locations)).toEqual([false, true, true]);
  expect(database.prepare('SELECT count(*) AS count FROM kept_events').get()).toEqual({ count: 2 });
});

test('a kept event leaves the local stack when its age passes the limit, also when nothing is kept', async () => {
  const database = inMemory();
  const subject = inSqlite(database, { ageMs: 1000 });
  const location = await subject.keep();
  await subject.clock.advance(1000);
  expect(await foundOf(subject, [location])).toEqual([true]);
  await subject.clock.advance(1);
  expect(await foundOf(subject, [location])).toEqual([false]);
  await subject.keep();
  expect(database.prepare('SELECT count(*) AS count FROM kept_events').get()).toEqual({ count: 1 });
});

test('a write that fails does not count towards the limits of the local stack', async () => {
  const database = inMemory();
  const subject = inSqlite(database, { deliveries: 2 });
  const first = await subject.keep();
  database.exec('PRAGMA query_only = ON');
  await expect(subject.keep()).rejects.toMatchObject({ code: 'StoreUnavailable' });
  database.exec('PRAGMA query_only = OFF');
  const second = await subject.keep();
  expect(await foundOf(subject, [first, second])).toEqual([true, true]);
});

test('the events that one region has kept are not read in another region', async () => {
  const subject = inSqlite(inMemory());
  const location = await subject.keep();
  expect(await subject.kept.of('eu-west-1').read(location)).toBeUndefined();
});

test('a stack that was reset keeps no more events of functions that still run', async () => {
  const database = inMemory();
  const subject = inSqlite(database);
  await subject.keep();
  subject.kept.close();
  await expect(subject.keep()).rejects.toMatchObject({ code: 'StoreUnavailable' });
  expect(database.prepare('SELECT count(*) AS count FROM kept_events').get()).toEqual({ count: 1 });
});
