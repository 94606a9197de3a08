import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createDynamoDbClient } from '../../../lib/adapters/aws/clients.ts';
import { createDynamoDbConnectionRepository } from '../../../lib/adapters/dynamodb/connections.ts';
import { connectionRow } from '../../../lib/adapters/dynamodb/connection-item.ts';
import type { Item } from '../../../lib/adapters/dynamodb/items.ts';
import { toItem } from '../../../lib/adapters/dynamodb/items.ts';
import { connectionOf } from './subjects.ts';

const tableName = 'lastmile-test';

/** A DynamoDB that returns at most this many items of each batch, and names the others as unprocessed. */
async function withBatches(perBatch: number, use: (endpoint: string) => Promise<void>): Promise<readonly number[]> {
  const asked: number[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { RequestItems } = JSON.parse(Buffer.concat(chunks).toString()) as {
      RequestItems: Record<string, { Keys: Item[] }>;
    };
    const keys = RequestItems[tableName]?.Keys ?? [];
    asked.push(keys.length);
    const items = keys.slice(0, perBatch).map((key) => {
      const connection = connectionOf(key['sk']?.S ?? '');
      return { ...key, ...toItem({ ...connectionRow(connection).members, revision: connection.revision }) };
    });
    const left = keys.slice(perBatch);
    outgoing.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(
      JSON.stringify({
        Responses: { [tableName]: items },
        UnprocessedKeys: left.length === 0 ? {} : { [tableName]: { Keys: left, ConsistentRead: true } },
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
  return asked;
}

function repositoryAt(endpoint: string) {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  return createDynamoDbConnectionRepository(
    createDynamoDbClient({ region: 'us-east-1', endpoint, credentials }),
    tableName,
  );
}

test('items that DynamoDB leaves out of a batch are requested again', async () => {
  const asked = await withBatches(2, async (endpoint) => {
    const found = await repositoryAt(endpoint).readMany(['c', 'a', 'b', 'a']);
    expect(found.map((connection) => connection?.name)).toEqual(['c', 'a', 'b', 'a']);
  });
  expect(asked).toEqual([3, 1]);
});

test('reading fails with StoreUnavailable when DynamoDB leaves an item out of every batch', async () => {
  const asked = await withBatches(0, async (endpoint) => {
    await expect(repositoryAt(endpoint).readMany(['a'])).rejects.toMatchObject({ code: 'StoreUnavailable' });
  });
  expect(asked).toEqual([1, 1, 1, 1, 1]);
});
