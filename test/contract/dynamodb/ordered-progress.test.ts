import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createDynamoDbProgressStore } from '../../../lib/adapters/dynamodb/ordered-progress.ts';
import { readItemBy } from '../../../lib/adapters/dynamodb/table-calls.ts';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import type { OrderedProgress } from '../../../lib/core/order/progress.ts';
import { createInMemoryProgress } from '../../fakes/order/in-memory-order.ts';
import { tableCallsNames, useDynalite } from './subjects.ts';

const dynalite = useDynalite();

const subjects = [
  ...tableCallsNames.map((by) => ({
    subject: `in DynamoDB, by ${by}`,
    create: () => createDynamoDbProgressStore(dynalite.tableCalls()[by], dynalite.server.tableName, systemClock),
  })),
  { subject: 'in memory', create: () => createInMemoryProgress() },
];

const first: OrderedProgress = {
  finishedReceives: 2,
  unfinishedAttempts: 0,
  settledEvents: 1,
  attempts: 3,
  postponements: 4,
  attemptTimes: { firstMs: 1000, lastMs: 2000 },
  notBeforeMs: 3000,
  turnGeneration: 5,
};

describe.each(subjects)('the progress of ordered events $subject', ({ create }) => {
  test('a message without a saved progress has none', async () => {
    expect(await create().read(randomUUID())).toBeUndefined();
  });

  test('the progress that was saved last is read, and members of the one before are gone', async () => {
    const [store, id] = [create(), randomUUID()];
    await store.save(id, first);
    expect(await store.read(id)).toEqual(first);
    const { attemptTimes: _times, notBeforeMs: _notBefore, turnGeneration: _turn, ...counts } = first;
    await store.save(id, { ...counts, finishedReceives: 3 });
    expect(await store.read(id)).toEqual({ ...counts, finishedReceives: 3 });
  });

  test('a worker that was frozen does not replace the progress of a later receive', async () => {
    const [store, id] = [create(), randomUUID()];
    await store.save(id, { ...first, finishedReceives: 5 });
    await store.save(id, { ...first, finishedReceives: 4, attempts: 99 });
    expect(await store.read(id)).toMatchObject({ finishedReceives: 5, attempts: 3 });
    await store.save(id, { ...first, finishedReceives: 5, attempts: 4 });
    expect(await store.read(id)).toMatchObject({ attempts: 4 });
  });
});

describe('the item of an ordered event', () => {
  const store = (nowMs: number) =>
    createDynamoDbProgressStore(dynalite.tableCalls()['signed calls'], dynalite.server.tableName, {
      nowMs: () => nowMs,
    });

  test('the item expires an hour after the longest age of an event', async () => {
    const id = randomUUID();
    await store(1_000_000).save(id, first);
    const key = { pk: `ORDERED#${id}`, sk: 'progress' };
    const calls = dynalite.tableCalls()['signed calls'];
    const item = await readItemBy(calls, dynalite.server.tableName, key, 'read the item');
    expect(item?.['ttl']).toEqual({ N: String(1000 + 86_400 + 3600) });
  });

  test('a table that cannot be reached makes reading and saving fail with StoreUnavailable', async () => {
    const calls = {
      getItem: () => Promise.reject(Object.assign(new Error('injected'), { name: 'TimeoutError' })),
      updateItem: () => Promise.reject(Object.assign(new Error('injected'), { name: 'TimeoutError' })),
    };
    const broken = createDynamoDbProgressStore(calls, 'table', systemClock);
    await expect(broken.read('id')).rejects.toMatchObject({ code: 'StoreUnavailable' });
    await expect(broken.save('id', first)).rejects.toMatchObject({ code: 'StoreUnavailable' });
  });
});
