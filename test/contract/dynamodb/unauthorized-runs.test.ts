import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDynamoDbClient } from '../../../lib/adapters/aws/clients.ts';
import { createDynamoDbConnectionRepository } from '../../../lib/adapters/dynamodb/connections.ts';
import { createDynamoDbConnectionStates } from '../../../lib/adapters/dynamodb/connection-states.ts';
import { createDynamoDbUnauthorizedRuns } from '../../../lib/adapters/dynamodb/unauthorized-runs.ts';
import type { RefusedRequest, UnauthorizedRuns } from '../../../lib/ports/delivery.ts';
import { createInMemoryConnections } from '../../fakes/in-memory-connections.ts';
import type { AnswerLosingProxy } from '../../servers/aws/answer-losing-proxy.ts';
import { startAnswerLosingProxy } from '../../servers/aws/answer-losing-proxy.ts';
import { connectionOf, useDynalite } from './subjects.ts';

const dynalite = useDynalite();

async function inDynamoDb(endpoint = dynalite.server.endpoint) {
  const tableName = await dynalite.server.newTable();
  const client = createDynamoDbClient({ ...dynalite.server.clientConfig, endpoint });
  return {
    client,
    tableName,
    runs: createDynamoDbUnauthorizedRuns(client, tableName),
    states: createDynamoDbConnectionStates(client, tableName),
    repository: createDynamoDbConnectionRepository(client, tableName),
  };
}

async function inMemory() {
  const connections = createInMemoryConnections();
  return { runs: connections, states: connections, repository: connections };
}

const orders = connectionOf('orders');
const refusedAt = (nowMs: number, members: Partial<RefusedRequest> = {}): RefusedRequest => ({
  connection: orders,
  secretVersion: 'version-1',
  requestedAtMs: nowMs,
  nowMs,
  ...members,
});

/** Adds two refusals, so that the run began at 10,000 ms and has two refusals. */
async function addTwo(runs: UnauthorizedRuns): Promise<void> {
  await runs.add(refusedAt(10_000));
  await runs.add(refusedAt(11_000));
}

const subjects = [
  { subject: 'in DynamoDB', create: () => inDynamoDb() },
  { subject: 'in memory', create: inMemory },
];

describe.each(subjects)('runs of refused requests $subject', ({ create }) => {
  test('the first refusal of a connection begins a run of 401s at the time of the write', async () => {
    const { runs, repository } = await create();
    await repository.create(orders);
    const run = { count: 1, sinceMs: 10_000 };
    expect(await runs.add(refusedAt(10_000, { requestedAtMs: 9_000 }))).toEqual(run);
    expect(await repository.read('orders')).toEqual({ ...orders, unauthorizedRun: run });
    expect(await repository.readMany(['orders'])).toEqual([{ ...orders, unauthorizedRun: run }]);
    expect((await repository.list({ limit: 10 })).items).toEqual([{ ...orders, unauthorizedRun: run }]);
  });

  test('a refusal adds one to a run of 401s even when the worker has not read that run', async () => {
    const { runs, repository } = await create();
    await repository.create(orders);
    await addTwo(runs);
    expect(await runs.add(refusedAt(12_000, { lastSeen: { count: 1, sinceMs: 10_000 } }))).toEqual({
      count: 3,
      sinceMs: 10_000,
    });
    expect(await runs.add(refusedAt(13_000))).toEqual({ count: 4, sinceMs: 10_000 });
  });

  test('twenty simultaneous refusals make one run of 401s with a count of twenty', async () => {
    const { runs, repository } = await create();
    await repository.create(orders);
    const added = await Promise.all(Array.from({ length: 20 }, () => runs.add(refusedAt(10_000))));
    expect(added.map((run) => run?.count).toSorted((a = 0, b = 0) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
    expect((await repository.read('orders'))?.unauthorizedRun).toEqual({ count: 20, sinceMs: 10_000 });
  });

  test('a refusal begins a new run of 401s when the run that the worker has read has ended meanwhile', async () => {
    const { runs, repository } = await create();
    await repository.create(orders);
    const lastSeen = { count: 7, sinceMs: 5_000 };
    expect(await runs.add(refusedAt(10_000, { lastSeen }))).toEqual({ count: 1, sinceMs: 10_000 });
  });

  test('a refusal does not count in a run of 401s that began after its request was sent', async () => {
    const { runs, repository } = await create();
    await repository.create(orders);
    await addTwo(runs);
    const frozen = refusedAt(3_600_000, { requestedAtMs: 9_999 });
    expect(await runs.add(frozen)).toBeUndefined();
    expect(await runs.add({ ...frozen, lastSeen: { count: 1, sinceMs: 5_000 } })).toBeUndefined();
    expect((await repository.read('orders'))?.unauthorizedRun).toEqual({ count: 2, sinceMs: 10_000 });
  });

  test.each([
    ['credentials that have been replaced', { secretVersion: 'version-0' }, {}],
    ['an older incarnation of the connection', { connection: connectionOf('orders', { incarnation: 'orders-0' }) }, {}],
    ['a deauthorized connection', {}, { state: 'DEAUTHORIZED' as const }],
    ['a connection that is being deleted', {}, { state: 'DELETING' as const }],
  ])('a refusal of %s does not count in the run of 401s', async (_of, refused, members) => {
    const { runs, repository } = await create();
    const stored = connectionOf('orders', members);
    await repository.create(stored);
    expect(await runs.add(refusedAt(10_000, refused))).toBeUndefined();
    expect(await repository.read('orders')).toEqual(stored);
  });

  test('neither a refusal nor the end of a run of 401s creates an item for a connection that does not exist', async () => {
    const { runs, repository } = await create();
    expect(await runs.add(refusedAt(10_000))).toBeUndefined();
    await runs.end(orders, 10_000);
    expect(await repository.read('orders')).toBeUndefined();
  });

  test('an update of a connection does not change the run of 401s of that connection', async () => {
    const { runs, repository } = await create();
    await repository.create(orders);
    await runs.add(refusedAt(10_000));
    const seen = { ...(await repository.read('orders')), ...orders };
    await runs.add(refusedAt(11_000));
    const updates = [
      [orders, orders],
      [{ ...seen, revision: 2 }, seen],
      [{ ...seen, revision: 3 }, orders],
      [{ ...orders, revision: 4 }, seen],
    ] as const;
    for (const [before, after] of updates) {
      const description = `after revision ${before.revision}`;
      expect(await repository.update(before, { ...after, description })).toBe('written');
      expect(await repository.read('orders')).toMatchObject({
        description,
        unauthorizedRun: { count: 2, sinceMs: 10_000 },
      });
    }
  });

  test('the first refusal of new credentials begins a new run of 401s', async () => {
    const { runs, repository } = await create();
    await repository.create(orders);
    await addTwo(runs);
    const rotated = { ...orders, secretVersion: 'version-2', revision: 2 };
    expect(await repository.update(orders, rotated)).toBe('written');
    expect(await repository.read('orders')).toEqual(rotated);
    expect(await runs.add(refusedAt(12_000))).toBeUndefined();
    expect(await runs.add(refusedAt(13_000, { secretVersion: 'version-2' }))).toEqual({ count: 1, sinceMs: 13_000 });
  });

  test('the first refusal after the end of a run of 401s begins a new run', async () => {
    const { runs, repository } = await create();
    await repository.create(orders);
    await addTwo(runs);
    await runs.end(orders, 10_000);
    expect(await repository.read('orders')).toEqual(orders);
    await runs.end(orders, 10_000);
    expect(await runs.add(refusedAt(12_000))).toEqual({ count: 1, sinceMs: 12_000 });
  });

  test.each([
    ['an earlier run', orders, 9_999],
    ['a run of another incarnation', connectionOf('orders', { incarnation: 'orders-0' }), 10_000],
  ])('the end of %s does not change the present run of 401s of a connection', async (_of, connection, sinceMs) => {
    const { runs, repository } = await create();
    await repository.create(orders);
    await addTwo(runs);
    await runs.end(connection, sinceMs);
    expect((await repository.read('orders'))?.unauthorizedRun).toEqual({ count: 2, sinceMs: 10_000 });
  });

  test('a connection is not deauthorized because of a run of 401s that has already ended', async () => {
    const { runs, states, repository } = await create();
    await repository.create(orders);
    await addTwo(runs);
    const change = { name: 'orders', incarnation: 'orders-1', secretVersion: 'version-1', nowMs: 50_000 };
    const deauthorized = { ...change, state: 'DEAUTHORIZED' as const, stateReason: 'refused' };
    expect(await states.change({ ...deauthorized, unauthorizedSinceMs: 9_999 })).toBe(false);
    await runs.end(orders, 10_000);
    expect(await states.change({ ...deauthorized, unauthorizedSinceMs: 10_000 })).toBe(false);
    expect(await repository.read('orders')).toEqual(orders);
    await runs.add(refusedAt(12_000));
    expect(await states.change({ ...deauthorized, unauthorizedSinceMs: 12_000 })).toBe(true);
    expect(await repository.read('orders')).toMatchObject({ state: 'DEAUTHORIZED', stateReason: 'refused' });
  });
});

describe('a run of 401s in the table', () => {
  const started: { proxy?: AnswerLosingProxy } = {};
  beforeAll(async () => {
    started.proxy = await startAnswerLosingProxy(dynalite.server.endpoint);
  });
  afterAll(() => started.proxy?.stop());

  test('a run of 401s is stored in one attribute of the connection, and writing it does not raise the revision', async () => {
    const { client, tableName, runs, repository } = await inDynamoDb();
    await repository.create(orders);
    await addTwo(runs);
    const key = { pk: { S: 'CONNECTION' }, sk: { S: 'orders' } };
    const { Item } = await client.send(new GetItemCommand({ TableName: tableName, Key: key, ConsistentRead: true }));
    expect(Item).toMatchObject({
      revision: { N: '1' },
      unauthorizedRun: {
        M: {
          secretVersion: { S: 'version-1' },
          count: { N: '2' },
          sinceMs: { N: '10000' },
          writeId: { S: expect.any(String) },
        },
      },
    });
  });

  test('a refusal is counted once in the run of 401s even if the answer to the write was lost', async () => {
    const { proxy } = started;
    const { runs, repository } = await inDynamoDb(proxy?.endpoint);
    await repository.create(orders);
    for (const count of [1, 2]) {
      proxy?.loseNextAnswerTo('UpdateItem');
      expect(await runs.add(refusedAt(10_000))).toEqual({ count, sinceMs: 10_000 });
    }
    proxy?.loseNextAnswerTo('UpdateItem');
    const lastSeen = { count: 2, sinceMs: 10_000 };
    expect(await runs.add(refusedAt(11_000, { lastSeen }))).toEqual({ count: 3, sinceMs: 10_000 });
    expect(proxy?.lostAnswers).toBe(3);
  });

  test('counting a refusal fails with StoreUnavailable while the database does not answer', async () => {
    const client = createDynamoDbClient({ ...dynalite.server.clientConfig, endpoint: 'http://127.0.0.1:1' });
    const runs = createDynamoDbUnauthorizedRuns(client, dynalite.server.tableName);
    await expect(runs.add(refusedAt(10_000))).rejects.toMatchObject({ code: 'StoreUnavailable' });
    await expect(runs.end(orders, 10_000)).rejects.toMatchObject({ code: 'StoreUnavailable' });
  });
});
