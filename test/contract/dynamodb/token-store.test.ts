import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import { createDynamoDbClient } from '../../../lib/adapters/aws/clients.ts';
import { createDynamoDbTokenStore } from '../../../lib/adapters/dynamodb/token-store.ts';
import { createMemoryTokenStore } from '../../fakes/token-store.ts';
import { useDynalite } from './subjects.ts';
import { describeTokenStore } from './token-store.ts';

const dynalite = useDynalite();

describeTokenStore('DynamoDB', async () => createDynamoDbTokenStore(dynalite.client(), dynalite.server.tableName));

const memory = createMemoryTokenStore();
describeTokenStore('in memory', async () => memory);

describe('a token in the table', () => {
  const token = {
    generation: 1,
    secretVersion: 'v1',
    sealed: Uint8Array.of(1),
    obtainedAtMs: 1_000,
    expiresAtMs: 61_500,
  };
  const lease = { generation: 0, holder: 'a', nowMs: 1_000, untilMs: 11_000 };

  test('a token is one item with a version and a time to live, and a write keeps members that a newer version added', async () => {
    const client = dynalite.client();
    const key = { TableName: dynalite.server.tableName, Key: { pk: { S: 'TOKEN#item' }, sk: { S: 'TOKEN' } } };
    const read = async () => (await client.send(new GetItemCommand({ ...key, ConsistentRead: true }))).Item;
    const store = createDynamoDbTokenStore(client, dynalite.server.tableName);
    await store.takeLease({ ...lease, connectionIncarnation: 'item' });
    expect(await read()).toMatchObject({ v: { N: '1' }, ttl: { N: String(11 + 86_400) } });
    await client.send(
      new UpdateItemCommand({
        ...key,
        UpdateExpression: 'SET newer = :newer, v = :v',
        ExpressionAttributeValues: { ':newer': { S: 'kept' }, ':v': { N: '2' } },
      }),
    );
    await store.save('item', 'a', token);
    expect(await read()).toMatchObject({ v: { N: '2' }, newer: { S: 'kept' }, ttl: { N: String(62 + 86_400) } });
  });

  test('a token counts as saved when the answer to the save was lost and the save is repeated', async () => {
    const client = dynalite.client();
    const store = createDynamoDbTokenStore(client, dynalite.server.tableName);
    await store.takeLease({ ...lease, connectionIncarnation: 'lost' });
    let lost = 0;
    client.middlewareStack.add(
      (next) => async (args) => {
        const answer = await next(args);
        if (lost++ === 0) throw Object.assign(new Error('lost'), { name: 'TimeoutError', $retryable: {} });
        return answer;
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    expect(await store.save('lost', 'a', token)).toBe(true);
    expect(lost).toBeGreaterThan(1);
    expect(await store.read('lost')).toEqual(token);
  });

  test('a pause whose code only a newer version knows is read as TokenUnavailable', async () => {
    const client = dynalite.client();
    const store = createDynamoDbTokenStore(client, dynalite.server.tableName);
    const members = { untilMs: 2_000, failures: 1, reason: 'new', secretVersion: 'v1' };
    await store.takeLease({ ...lease, connectionIncarnation: 'code' });
    await store.endLease('code', 'a', { ...members, code: 'TokenInvalid' });
    await client.send(
      new UpdateItemCommand({
        TableName: dynalite.server.tableName,
        Key: { pk: { S: 'TOKEN#code' }, sk: { S: 'TOKEN' } },
        UpdateExpression: 'SET failureCode = :code',
        ExpressionAttributeValues: { ':code': { S: 'TokenForgotten' } },
      }),
    );
    expect(await store.read('code')).toMatchObject({ pause: { ...members, code: 'TokenUnavailable' } });
  });

  test('reading a token fails with StoreUnavailable while the database does not answer', async () => {
    const client = createDynamoDbClient({ ...dynalite.server.clientConfig, endpoint: 'http://127.0.0.1:1' });
    const store = createDynamoDbTokenStore(client, dynalite.server.tableName);
    await expect(store.read('c')).rejects.toMatchObject({ name: 'Failure', code: 'StoreUnavailable' });
  });
});
