import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { createDynamoDbClient } from '../../../lib/adapters/aws/clients.ts';
import { createDynamoDbRateBuckets } from '../../../lib/adapters/dynamodb/rate-buckets.ts';
import type { BucketWrite } from '../../../lib/core/rate/bucket.ts';
import { createInMemoryRateBuckets } from '../../fakes/in-memory-rate-buckets.ts';
import { startAnswerLosingProxy } from '../../servers/aws/answer-losing-proxy.ts';
import { describeRateBuckets } from './rate-buckets.ts';
import { useDynalite } from './subjects.ts';

const dynalite = useDynalite();

describeRateBuckets('DynamoDB', async () =>
  createDynamoDbRateBuckets(dynalite.client(), dynalite.server.tableName, 10_000),
);

const inMemory = createInMemoryRateBuckets();
describeRateBuckets('in memory', async () => inMemory);

const nowUs = Date.UTC(2026, 0, 1) * 1000;
const idle: BucketWrite = {
  slots: { from: nowUs, byUs: 1000 },
  where: [{ of: 'slots', is: 'below', than: nowUs }],
  orAbsent: true,
  revision: 1,
  expiresAtSeconds: 1_800_000_000,
};
const busy: BucketWrite = {
  ...idle,
  slots: { from: 'slots', byUs: 1000 },
  where: [{ of: 'slots', is: 'atLeast', than: nowUs }],
  orAbsent: false,
};

describe('a bucket in the table', () => {
  test('a bucket is one item with a version and a time to live, and a write keeps members that a newer version added', async () => {
    const client = dynalite.client();
    const { tableName } = dynalite.server;
    const item = { TableName: tableName, Key: { pk: { S: 'RATE#item' }, sk: { S: '4' } } };
    const buckets = createDynamoDbRateBuckets(client, tableName);
    const key = { destinationIncarnation: 'item', shard: 4 };
    await buckets.write(key, idle);
    await client.send(
      new UpdateItemCommand({
        ...item,
        UpdateExpression: 'SET newer = :newer',
        ExpressionAttributeValues: { ':newer': { S: 'kept' } },
      }),
    );
    await buckets.write(key, { ...busy, expiresAtSeconds: 1_900_000_000 });
    const answer = await client.send(new GetItemCommand({ ...item, ConsistentRead: true }));
    expect(answer.Item).toEqual({
      ...item.Key,
      v: { N: '1' },
      newer: { S: 'kept' },
      slotsUntilUs: { N: String(nowUs + 2000) },
      returnsUntilUs: { N: '0' },
      generation: { N: '1' },
      revision: { N: '1' },
      ttl: { N: '1900000000' },
    });
  });

  test('no slot is given twice when a write is repeated because its answer was lost', async () => {
    const proxy = await startAnswerLosingProxy(dynalite.server.endpoint);
    try {
      const client = createDynamoDbClient({ ...dynalite.server.clientConfig, endpoint: proxy.endpoint });
      const buckets = createDynamoDbRateBuckets(client, dynalite.server.tableName, 10_000);
      const key = { destinationIncarnation: 'lost', shard: 0 };
      proxy.loseNextAnswerTo('UpdateItem');
      expect(await buckets.write(key, idle)).toMatchObject({ kind: 'refused' });
      proxy.loseNextAnswerTo('UpdateItem');
      expect(await buckets.write(key, busy)).toMatchObject({ bucket: { slotsUntilUs: nowUs + 3000 } });
      expect(proxy.lostAnswers).toBe(2);
    } finally {
      await proxy.stop();
    }
  });

  test('reads and writes of a bucket fail with StoreUnavailable when the database cannot be reached', async () => {
    const client = createDynamoDbClient({ ...dynalite.server.clientConfig, endpoint: 'http://127.0.0.1:1' });
    const buckets = createDynamoDbRateBuckets(client, dynalite.server.tableName);
    const key = { destinationIncarnation: 'gone', shard: 0 };
    await expect(buckets.write(key, idle)).rejects.toMatchObject({ name: 'Failure', code: 'StoreUnavailable' });
    await expect(buckets.read(key)).rejects.toMatchObject({ name: 'Failure', code: 'StoreUnavailable' });
  });

  test('reads and writes of a bucket fail with StoreUnavailable when the database does not answer within the timeout', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const address = server.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      const client = createDynamoDbClient({
        ...dynalite.server.clientConfig,
        endpoint: `http://127.0.0.1:${port}`,
      });
      const buckets = createDynamoDbRateBuckets(client, dynalite.server.tableName, 20);
      const key = { destinationIncarnation: 'slow', shard: 0 };
      await expect(buckets.write(key, idle)).rejects.toMatchObject({ name: 'Failure', code: 'StoreUnavailable' });
      await expect(buckets.read(key)).rejects.toMatchObject({ name: 'Failure', code: 'StoreUnavailable' });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test('a write to a table that does not exist fails with the error of DynamoDB and not with StoreUnavailable', async () => {
    const buckets = createDynamoDbRateBuckets(dynalite.client(), 'no-such-table');
    await expect(buckets.write({ destinationIncarnation: 'x', shard: 0 }, idle)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });
});
