import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, test } from 'vitest';
import { createDynamoDbApiDestinationRepository } from '../../../lib/adapters/dynamodb/api-destinations.ts';
import { createDynamoDbApiKeyRepository } from '../../../lib/adapters/dynamodb/api-keys.ts';
import { createDynamoDbConnectionRepository } from '../../../lib/adapters/dynamodb/connections.ts';
import { createDynamoDbConnectionStates } from '../../../lib/adapters/dynamodb/connection-states.ts';
import { createDynamoDbDeliveryConfiguration } from '../../../lib/adapters/dynamodb/delivery-configuration.ts';
import { createDynamoDbRateBuckets } from '../../../lib/adapters/dynamodb/rate-buckets.ts';
import { createDynamoDbTokenStore } from '../../../lib/adapters/dynamodb/token-store.ts';
import { createDynamoDbUnauthorizedRuns } from '../../../lib/adapters/dynamodb/unauthorized-runs.ts';
import type { ApiKey } from '../../../lib/core/api-key/api-key.ts';
import type { BucketWrite } from '../../../lib/core/rate/bucket.ts';
import { apiDestinationOf, connectionOf, useDynalite } from './subjects.ts';

const dynalite = useDynalite();
let tableName: string;

beforeEach(async () => {
  tableName = await dynalite.server.newTable();
});

const nowMs = Date.UTC(2026, 0, 1);
const connection = connectionOf('orders');
const destination = apiDestinationOf('orders');
const key: ApiKey = {
  apiId: 'control',
  publicId: 'k-1',
  incarnation: 'i-1',
  expiresAtSeconds: 2_000_000_000,
  deletesAtSeconds: 2_100_000_000,
  revision: 1,
};
const token = { generation: 1, secretVersion: 'version-1', sealed: Uint8Array.of(1), obtainedAtMs: nowMs };
const bucketKey = { destinationIncarnation: 'orders-1', shard: 0 };
const idle: BucketWrite = {
  slots: { from: nowMs * 1000, byUs: 1000 },
  where: [{ of: 'slots', is: 'below', than: nowMs * 1000 }],
  orAbsent: true,
  revision: 1,
  expiresAtSeconds: 1_800_000_000,
};
const whenever: BucketWrite = { ...idle, where: [{ of: 'slots', is: 'atLeast', than: 0 }] };

function subjects() {
  const client = dynalite.client();
  return {
    connections: createDynamoDbConnectionRepository(client, tableName),
    destinations: createDynamoDbApiDestinationRepository(client, tableName),
    configuration: createDynamoDbDeliveryConfiguration(dynalite.tableCalls()['signed calls'], tableName),
    states: createDynamoDbConnectionStates(client, tableName),
    runs: createDynamoDbUnauthorizedRuns(client, tableName),
    keys: createDynamoDbApiKeyRepository(client, tableName),
    tokens: createDynamoDbTokenStore(client, tableName),
    buckets: createDynamoDbRateBuckets(dynalite.tableCalls()['signed calls'], tableName),
  };
}

type Subjects = ReturnType<typeof subjects>;

interface Kind {
  readonly name: string;
  readonly pk: string;
  readonly sk: string;
  readonly create: (by: Subjects) => Promise<unknown>;
  /** Each of these reads fails with NewerVersion. A key follows "cannot be" in a test's name. */
  readonly reads: Readonly<Record<string, (by: Subjects) => Promise<unknown>>>;
  /** Writes that must not change the item, and their result or the code of their failure. */
  readonly writes: Readonly<Record<string, readonly [write: (by: Subjects) => Promise<unknown>, answer: unknown]>>;
}

const change = { name: 'orders', incarnation: 'orders-1', secretVersion: 'version-1', nowMs };
const refused = { connection, secretVersion: 'version-1', requestedAtMs: nowMs, nowMs };
const lease = { connectionIncarnation: 'orders-1', generation: 1, holder: 'b', nowMs, untilMs: nowMs + 1000 };

const kinds: readonly Kind[] = [
  {
    name: 'a connection',
    pk: 'CONNECTION',
    sk: 'orders',
    create: async ({ connections, runs }) => {
      await connections.create(connection);
      await runs.add({ ...refused, requestedAtMs: nowMs });
    },
    reads: {
      'read by name': ({ connections }) => connections.read('orders'),
      'read by several names': ({ connections }) => connections.readMany(['orders']),
      listed: ({ connections }) => connections.list({ limit: 10 }),
      'read for a delivery': ({ configuration }) => configuration.readConnection('orders'),
    },
    writes: {
      'a create of the same name': [
        ({ connections }) => connections.create(connectionOf('orders', { incarnation: 'other' })),
        'exists',
      ],
      'a change of state': [({ states }) => states.change({ ...change, state: 'DEAUTHORIZED' }), false],
      'a later refusal of its credentials': [
        ({ runs }) => runs.add({ ...refused, lastSeen: { count: 1, sinceMs: nowMs } }),
        'NewerVersion',
      ],
      'the first refusal of its credentials': [({ runs }) => runs.add(refused), 'NewerVersion'],
      'the end of a run of refusals': [({ runs }) => runs.end(connection, nowMs), undefined],
    },
  },
  {
    name: 'an API destination',
    pk: 'API_DESTINATION',
    sk: 'orders',
    create: ({ destinations }) => destinations.create(destination),
    reads: {
      'read by name': ({ destinations }) => destinations.read('orders'),
      listed: ({ destinations }) => destinations.list({ limit: 10 }),
      'listed by connection': ({ destinations }) =>
        destinations.list({ limit: 10, connectionArn: destination.connectionArn }),
      'read for a delivery': ({ configuration }) => configuration.readApiDestination('orders'),
    },
    writes: {
      'a create of the same name': [
        ({ destinations }) => destinations.create(apiDestinationOf('orders', { incarnation: 'o' })),
        'exists',
      ],
    },
  },
  {
    name: 'an API key',
    pk: 'API_KEY#control',
    sk: 'k-1',
    create: ({ keys }) => keys.create(key),
    reads: {
      read: ({ keys }) => keys.read('control', 'k-1'),
      listed: ({ keys }) => keys.list('control', { limit: 10 }),
    },
    writes: { 'a create of the same key': [({ keys }) => keys.create({ ...key, incarnation: 'i-2' }), 'exists'] },
  },
  {
    name: 'a token',
    pk: 'TOKEN#orders-1',
    sk: 'TOKEN',
    create: async ({ tokens }) => {
      await tokens.takeLease({ ...lease, generation: 0, holder: 'a' });
      await tokens.save('orders-1', 'a', token);
    },
    reads: { read: ({ tokens }) => tokens.read('orders-1') },
    writes: { 'a request for its lease': [({ tokens }) => tokens.takeLease(lease), false] },
  },
  {
    name: 'a rate bucket',
    pk: 'RATE#orders-1',
    sk: '0',
    create: ({ buckets }) => buckets.write(bucketKey, idle),
    reads: { read: ({ buckets }) => buckets.read(bucketKey) },
    writes: {
      'a reservation of slots': [
        ({ buckets }) => buckets.write(bucketKey, { ...whenever, orAbsent: false }),
        'NewerVersion',
      ],
      'a reservation that may create a bucket': [({ buckets }) => buckets.write(bucketKey, whenever), 'NewerVersion'],
    },
  },
];

async function itemOf({ pk, sk }: Kind) {
  const Key = { pk: { S: pk }, sk: { S: sk } };
  return (await dynalite.client().send(new GetItemCommand({ TableName: tableName, Key, ConsistentRead: true }))).Item;
}

async function raiseVersion({ pk, sk }: Kind, version: number): Promise<void> {
  await dynalite.client().send(
    new UpdateItemCommand({
      TableName: tableName,
      Key: { pk: { S: pk }, sk: { S: sk } },
      UpdateExpression: 'SET v = :v',
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeValues: { ':v': { N: String(version) } },
    }),
  );
}

const answerOf = (work: Promise<unknown>): Promise<unknown> =>
  work.catch((error: unknown) => (error as { readonly code?: string }).code ?? error);

describe.each(kinds)('$name of a newer version', (kind) => {
  test.each(Object.entries(kind.reads))(
    `${kind.name} of a newer version cannot be %s, and the retryable error names the version`,
    async (_name, read) => {
      const by = subjects();
      await kind.create(by);
      await expect(read(by)).resolves.toBeDefined();
      await raiseVersion(kind, 2);
      await expect(read(by)).rejects.toMatchObject({
        code: 'NewerVersion',
        kind: 'retryable',
        message: expect.stringContaining('has version 2, and this worker reads up to 1.'),
      });
    },
  );

  test.each(Object.entries(kind.writes))(
    `%s does not change ${kind.name} of a newer version`,
    async (_name, [write, answer]) => {
      const by = subjects();
      await kind.create(by);
      await raiseVersion(kind, 2);
      const before = await itemOf(kind);
      expect(await answerOf(write(by))).toEqual(answer);
      expect(await itemOf(kind)).toEqual(before);
    },
  );
});
