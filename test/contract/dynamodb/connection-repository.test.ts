import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import { createDynamoDbConnectionRepository } from '../../../lib/adapters/dynamodb/connections.ts';
import type { ConnectionRepository } from '../../../lib/ports/control.ts';
import { createInMemoryConnections } from '../../fakes/in-memory-connections.ts';
import { connectionOf, useDynalite } from './subjects.ts';

const dynalite = useDynalite();

const subjects: readonly { subject: string; create: () => Promise<ConnectionRepository> }[] = [
  {
    subject: 'in DynamoDB',
    create: async () => createDynamoDbConnectionRepository(dynalite.client(), await dynalite.server.newTable()),
  },
  { subject: 'in memory', create: async () => createInMemoryConnections() },
];

describe.each(subjects)('connections $subject', ({ create }) => {
  test('a connection with every member is read back as it was created', async () => {
    const repository = await create();
    const connection = connectionOf('orders', {
      description: 'The order system',
      stateReason: 'refused',
      lastAuthorizedTimeMs: 3_000,
      authorizingSinceMs: 4_000,
      policy: { allowedHosts: ['api.example.com', '*.example.org'], secretArn: 'arn:own' },
      visibleAuthParameters: {
        BasicAuthParameters: { Username: 'someone' },
        InvocationHttpParameters: { HeaderParameters: [{ Key: 'x', Value: '', IsValueSecret: false }] },
      },
    });
    expect(await repository.create(connection)).toBe('written');
    expect(await repository.read('orders')).toEqual(connection);
  });

  test('a connection without optional members is read back without them', async () => {
    const repository = await create();
    const { secretArn: _arn, secretVersion: _version, ...connection } = connectionOf('orders', { state: 'CREATING' });
    await repository.create(connection);
    expect(Object.keys((await repository.read('orders')) ?? {}).toSorted()).toEqual(Object.keys(connection).toSorted());
  });

  test('an unknown connection name reads as undefined', async () => {
    expect(await (await create()).read('nobody')).toBeUndefined();
  });

  test('a second create of a connection name is refused and changes nothing', async () => {
    const repository = await create();
    const first = connectionOf('orders');
    await repository.create(first);
    expect(await repository.create(connectionOf('orders', { incarnation: 'other' }))).toBe('exists');
    expect(await repository.read('orders')).toEqual(first);
  });

  test('an update of a connection sets the changed members, removes the absent ones and raises the revision', async () => {
    const repository = await create();
    const before = connectionOf('orders', { description: 'old', stateReason: 'refused' });
    await repository.create(before);
    const { stateReason: _reason, secretArn: _arn, ...rest } = before;
    const after = { ...rest, description: 'new', state: 'DEAUTHORIZED' as const, revision: 2 };
    expect(await repository.update(before, after)).toBe('written');
    expect(await repository.read('orders')).toEqual(after);
  });

  test('an update of a connection is refused and changes nothing when the caller read an older revision', async () => {
    const repository = await create();
    const before = connectionOf('orders');
    await repository.create(before);
    const winner = { ...before, description: 'winner', revision: 2 };
    await repository.update(before, winner);
    expect(await repository.update(before, { ...before, description: 'loser', revision: 2 })).toBe('changed');
    expect(await repository.read('orders')).toEqual(winner);
  });

  test('an update of a connection is refused when the caller read another incarnation', async () => {
    const repository = await create();
    const before = connectionOf('orders');
    await repository.create(connectionOf('orders', { incarnation: 'anew' }));
    expect(await repository.update(before, { ...before, description: 'late', revision: 2 })).toBe('changed');
  });

  test('an update of a connection that does not exist does not create the connection', async () => {
    const repository = await create();
    const before = connectionOf('orders');
    expect(await repository.update(before, { ...before, revision: 2 })).toBe('absent');
    expect(await repository.read('orders')).toBeUndefined();
  });

  test('exactly one of twenty simultaneous updates is written', async () => {
    const repository = await create();
    const before = connectionOf('orders');
    await repository.create(before);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        repository.update(before, { ...before, description: `update ${index}`, revision: 2 }),
      ),
    );
    expect(answers.filter((answer) => answer === 'written')).toHaveLength(1);
    expect(answers.filter((answer) => answer === 'changed')).toHaveLength(19);
    const winner = answers.indexOf('written');
    expect(await repository.read('orders')).toMatchObject({ description: `update ${winner}`, revision: 2 });
  });

  test('a removed connection cannot be read or removed again', async () => {
    const repository = await create();
    const connection = connectionOf('orders');
    await repository.create(connection);
    expect(await repository.remove(connection)).toBe('written');
    expect(await repository.read('orders')).toBeUndefined();
    expect(await repository.remove(connection)).toBe('absent');
  });

  test('removing a connection is refused when the caller read an older revision or incarnation', async () => {
    const repository = await create();
    const before = connectionOf('orders');
    await repository.create(before);
    await repository.update(before, { ...before, description: 'new', revision: 2 });
    expect(await repository.remove(before)).toBe('changed');
    expect(await repository.remove({ ...before, incarnation: 'older' })).toBe('absent');
    expect(await repository.read('orders')).toMatchObject({ description: 'new' });
  });

  test('several connections are read in the requested order, with undefined for an unknown name', async () => {
    const repository = await create();
    for (const name of ['a', 'b', 'c']) await repository.create(connectionOf(name));
    const found = await repository.readMany(['c', 'nobody', 'a', 'c']);
    expect(found.map((connection) => connection?.name)).toEqual(['c', undefined, 'a', 'c']);
    expect(await repository.readMany([])).toEqual([]);
  });

  test('connections are listed in pages in the order of their names', async () => {
    const repository = await create();
    for (const name of ['b', 'a.1', 'B', 'a-1', 'a_1']) await repository.create(connectionOf(name));
    const first = await repository.list({ limit: 3 });
    expect(first.items.map(({ name }) => name)).toEqual(['B', 'a-1', 'a.1']);
    expect(first.nextAfterName).toBe('a.1');
    const second = await repository.list({ limit: 2, afterName: 'a.1' });
    expect(second.items.map(({ name }) => name)).toEqual(['a_1', 'b']);
    expect(second).not.toHaveProperty('nextAfterName');
  });

  test('a list of connections that is filtered by prefix and state has full pages', async () => {
    const repository = await create();
    for (let index = 10; index < 30; index += 1) {
      const state = index % 2 === 0 ? 'AUTHORIZED' : 'DEAUTHORIZED';
      await repository.create(connectionOf(`team-${index}`, { state }));
      await repository.create(connectionOf(`other-${index}`, { state }));
    }
    const page = { namePrefix: 'team-', state: 'DEAUTHORIZED' as const, limit: 6 };
    const first = await repository.list(page);
    expect(first.items.map(({ name }) => name)).toEqual([11, 13, 15, 17, 19, 21].map((index) => `team-${index}`));
    const second = await repository.list({ ...page, afterName: 'team-21' });
    expect(second.items.map(({ name }) => name)).toEqual(['team-23', 'team-25', 'team-27', 'team-29']);
    expect(second.nextAfterName).toBeUndefined();
  });

  test('a page of connections begins after a given name even when no connection has that name any more', async () => {
    const repository = await create();
    for (const name of ['p-a', 'p-b', 'p-c']) await repository.create(connectionOf(name));
    await repository.remove(connectionOf('p-b'));
    const { items } = await repository.list({ namePrefix: 'p-', afterName: 'p-b', limit: 10 });
    expect(items.map(({ name }) => name)).toEqual(['p-c']);
  });

  test('the count of connections is correct after connections were created and removed', async () => {
    const repository = await create();
    expect(await repository.count()).toBe(0);
    for (const name of ['a', 'b']) await repository.create(connectionOf(name));
    await repository.remove(connectionOf('a'));
    expect(await repository.count()).toBe(1);
  });
});

describe('connections in DynamoDB only', () => {
  async function createWithItem() {
    const client = dynalite.client();
    const tableName = await dynalite.server.newTable();
    const repository = createDynamoDbConnectionRepository(client, tableName);
    const connection = connectionOf('orders');
    await repository.create(connection);
    const Key = { pk: { S: 'CONNECTION' }, sk: { S: 'orders' } };
    return { client, tableName, repository, connection, Key };
  }

  test('an update of a connection keeps members that only a newer version knows', async () => {
    const { client, tableName, repository, connection, Key } = await createWithItem();
    await client.send(
      new UpdateItemCommand({
        TableName: tableName,
        Key,
        UpdateExpression: 'SET connectivity = :c, visibleAuthParameters.Later = :c',
        ExpressionAttributeValues: { ':c': { S: 'private' } },
      }),
    );
    expect(await repository.update(connection, { ...connection, description: 'new', revision: 2 })).toBe('written');
    const { Item } = await client.send(new GetItemCommand({ TableName: tableName, Key, ConsistentRead: true }));
    expect(Item).toMatchObject({ connectivity: { S: 'private' }, description: { S: 'new' }, v: { N: '1' } });
    expect(Item?.['visibleAuthParameters']?.M).toHaveProperty('Later');
  });

  test('a connection state that only a newer version knows reads as UPDATING', async () => {
    const { client, tableName, repository, Key } = await createWithItem();
    await client.send(
      new UpdateItemCommand({
        TableName: tableName,
        Key,
        UpdateExpression: 'SET #state = :s',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':s': { S: 'HIBERNATING' } },
      }),
    );
    expect((await repository.read('orders'))?.state).toBe('UPDATING');
  });

  test('lists and counts continue when the database ends an answer at its limit of 1 MB', async () => {
    const repository = createDynamoDbConnectionRepository(dynalite.client(), await dynalite.server.newTable());
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const description = 'x'.repeat(300_000);
    for (const name of names) await repository.create(connectionOf(name, { description }));
    expect(await repository.count()).toBe(8);
    const { items, nextAfterName } = await repository.list({ limit: 100 });
    expect(items.map(({ name }) => name)).toEqual(names);
    expect(nextAfterName).toBeUndefined();
    expect((await repository.readMany(names)).map((connection) => connection?.name)).toEqual(names);
  });

  test('reading an item without a required member fails with an error that names the member', async () => {
    const { client, tableName, repository, Key } = await createWithItem();
    await client.send(new UpdateItemCommand({ TableName: tableName, Key, UpdateExpression: 'REMOVE arn' }));
    await expect(repository.read('orders')).rejects.toThrow("no text 'arn'");
  });
});
