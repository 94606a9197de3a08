import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { createDynamoDbRateBuckets } from '../../../lib/adapters/dynamodb/rate-buckets.ts';
import type { BucketWrite } from '../../../lib/core/rate/bucket.ts';
import { createInMemoryRateBuckets } from '../../fakes/in-memory-rate-buckets.ts';
import { startAnswerLosingProxy } from '../../servers/aws/answer-losing-proxy.ts';
import { describeRateBuckets } from './rate-buckets.ts';
import { tableCallsNames, tableCallsOf, useDynalite } from './subjects.ts';

const dynalite = useDynalite();

for (const name of tableCallsNames) {
  describeRateBuckets(`DynamoDB, ${name}`, async () =>
    createDynamoDbRateBuckets(dynalite.tableCalls()[name], dynalite.server.tableName, 10_000),
  );
}

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

describe.each(tableCallsNames)('a bucket in the table, by %s', (name) => {
  function callsTo(endpoint: string) {
    const { clientConfig, tableName } = dynalite.server;
    return tableCallsOf({ ...clientConfig, endpoint }, tableName)[name];
  }

  test('a bucket is one item with a version and a time to live, and a write keeps members that a newer version added', async () => {
    const client = dynalite.client();
    const { tableName } = dynalite.server;
    const item = { TableName: tableName, Key: { pk: { S: `RATE#item ${name}` }, sk: { S: '4' } } };
    const buckets = createDynamoDbRateBuckets(dynalite.tableCalls()[name], tableName);
    const key = { destinationIncarnation: `item ${name}`, shard: 4 };
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
      const buckets = createDynamoDbRateBuckets(callsTo(proxy.endpoint), dynalite.server.tableName, 10_000);
      const key = { destinationIncarnation: `lost ${name}`, shard: 0 };
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
    const buckets = createDynamoDbRateBuckets(callsTo('http://127.0.0.1:1'), dynalite.server.tableName);
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
      const buckets = createDynamoDbRateBuckets(callsTo(`http://127.0.0.1:${port}`), dynalite.server.tableName, 20);
      const key = { destinationIncarnation: 'slow', shard: 0 };
      await expect(buckets.write(key, idle)).rejects.toMatchObject({ name: 'Failure', code: 'StoreUnavailable' });
      await expect(buckets.read(key)).rejects.toMatchObject({ name: 'Failure', code: 'StoreUnavailable' });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test('a write to a table that does not exist fails with the error of DynamoDB and not with StoreUnavailable', async () => {
    const buckets = createDynamoDbRateBuckets(dynalite.tableCalls()[name], 'no-such-table');
    await expect(buckets.write({ destinationIncarnation: 'x', shard: 0 }, idle)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });
});
