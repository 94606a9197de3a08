import { randomUUID } from 'node:crypto';
import { GetSecretValueCommand, ListSecretsCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDynamoDbClient, createSecretsManagerClient } from '../../lib/adapters/aws-clients.ts';
import { createDynamoDbApiDestinationRepository } from '../../lib/adapters/dynamodb-api-destination-repository.ts';
import { createDynamoDbConnectionRepository } from '../../lib/adapters/dynamodb-connection-repository.ts';
import { createSecretsManagerSecretReader } from '../../lib/adapters/secrets-manager-secret-reader.ts';
import { createSecretsManagerSecretWriter } from '../../lib/adapters/secrets-manager-secret-writer.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { createOperations } from '../../lib/control/operations.ts';
import type { JsonObject, JsonValue } from '../../lib/core/json.ts';
import { withReadBarrier } from '../fakes/read-barrier.ts';
import type { DynaliteServer } from '../servers/dynalite-server.ts';
import { startDynaliteServer } from '../servers/dynalite-server.ts';
import type { SecretsManagerServer } from '../servers/secrets-manager-server.ts';
import { startSecretsManagerServer } from '../servers/secrets-manager-server.ts';

/*
 * The operations over an embedded DynamoDB and the local Secrets Manager, each over its wire. Answers are compared member
 * by member with what EventBridge was recorded to answer; ARNs, times and ids stand as placeholders.
 */

const started: { dynalite?: DynaliteServer; secretsManager?: SecretsManagerServer } = {};
beforeAll(async () => {
  started.dynalite = await startDynaliteServer();
  started.secretsManager = await startSecretsManagerServer();
});
afterAll(async () => {
  await started.dynalite?.stop();
  await started.secretsManager?.stop();
});

async function createStack() {
  const { dynalite, secretsManager } = started;
  if (dynalite === undefined || secretsManager === undefined) throw new Error('The servers have not been started.');
  const tableName = await dynalite.newTable();
  const dynamoDb = createDynamoDbClient(dynalite.clientConfig);
  const secrets = createSecretsManagerClient(secretsManager.clientConfig);
  const connections = withReadBarrier(createDynamoDbConnectionRepository(dynamoDb, tableName));
  const apiDestinations = withReadBarrier(createDynamoDbApiDestinationRepository(dynamoDb, tableName));
  const operations = createOperations({
    connections: connections.port,
    apiDestinations: apiDestinations.port,
    secretWriter: createSecretsManagerSecretWriter(secrets),
    secretReader: createSecretsManagerSecretReader(secrets),
    authorizer: { start: async () => {} },
    clock: systemClock,
    newUuid: randomUUID,
    secretPrefix: 'events!connection/',
    allowLoopbackHttp: true,
  });
  const caller = { region: 'us-east-1', account: '123456789012', partition: 'aws', requestId: 'request' };
  async function call(name: string, input: JsonObject): Promise<JsonObject> {
    const operation = operations[name];
    if (operation === undefined) throw new Error(`There is no operation ${name}.`);
    return operation(input, caller);
  }
  return { call, secrets, connections, apiDestinations };
}

const placeholders: readonly (readonly [RegExp, string])[] = [
  [/^arn:aws:events:us-east-1:123456789012:(connection|api-destination)\/([\w-]+)\/[\da-f-]{36}$/, '$1 $2'],
  [
    /^arn:aws:secretsmanager:us-east-1:123456789012:secret:events!connection\/([\w-]+)\/[\da-f-]{36}-\w{6}$/,
    'secret of $1',
  ],
];

function masked(value: JsonValue, key = ''): JsonValue {
  if (typeof value === 'number' && key.endsWith('Time')) return 'time';
  if (typeof value === 'string') return placeholders.reduce((text, [from, to]) => text.replace(from, to), value);
  if (Array.isArray(value)) return value.map((member: JsonValue) => masked(member));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, masked(member, name)]));
}

const times = { CreationTime: 'time', LastModifiedTime: 'time' };
const allTimes = { ...times, LastAuthorizedTime: 'time' };

const kinds = [
  {
    type: 'BASIC',
    state: 'AUTHORIZED',
    destinationState: 'ACTIVE',
    sent: { BasicAuthParameters: { Username: 'someone', Password: 'canary' } },
    shown: { BasicAuthParameters: { Username: 'someone' } },
    secret: { username: 'someone', password: 'canary' },
  },
  {
    type: 'API_KEY',
    state: 'AUTHORIZED',
    destinationState: 'ACTIVE',
    sent: { ApiKeyAuthParameters: { ApiKeyName: 'X-Key', ApiKeyValue: 'canary' } },
    shown: { ApiKeyAuthParameters: { ApiKeyName: 'X-Key' } },
    secret: { api_key_name: 'X-Key', api_key_value: 'canary' },
  },
  {
    type: 'OAUTH_CLIENT_CREDENTIALS',
    state: 'AUTHORIZING',
    destinationState: 'INACTIVE',
    sent: {
      OAuthParameters: {
        AuthorizationEndpoint: 'https://login.example.com/token',
        ClientParameters: { ClientID: 'client', ClientSecret: 'canary' },
        HttpMethod: 'POST',
      },
    },
    shown: {
      OAuthParameters: {
        AuthorizationEndpoint: 'https://login.example.com/token',
        ClientParameters: { ClientID: 'client' },
        HttpMethod: 'POST',
      },
    },
    secret: {
      client_id: 'client',
      client_secret: 'canary',
      authorization_endpoint: 'https://login.example.com/token',
      http_method: 'POST',
    },
  },
] as const;

describe.each(kinds)('a $type connection', ({ type, state, destinationState, sent, shown, secret }) => {
  test('is created, described, listed and kept in its secret as recorded', async () => {
    const { call, secrets } = await createStack();
    const input = { Name: 'orders', AuthorizationType: type, AuthParameters: sent };
    const summary = { ConnectionArn: 'connection orders', ConnectionState: state };
    expect(masked(await call('CreateConnection', input))).toEqual({ ...summary, ...times });
    const described = await call('DescribeConnection', { Name: 'orders' });
    const listed = { ...summary, ...allTimes, Name: 'orders', AuthorizationType: type };
    expect(masked(described)).toEqual({ ...listed, AuthParameters: shown, SecretArn: 'secret of orders' });
    expect(masked(await call('ListConnections', {}))).toEqual({ Connections: [listed] });
    const stored = await secrets.send(new GetSecretValueCommand({ SecretId: String(described['SecretArn']) }));
    expect(stored.VersionStages).toEqual(['AWSCURRENT']);
    expect(stored.Name).toMatch(/^events!connection\/orders\/[\da-f-]{36}$/);
    expect(JSON.parse(stored.SecretString ?? '')).toEqual(secret);
  });

  test('carries a destination whose every answer is as recorded', async () => {
    const { call } = await createStack();
    const { ConnectionArn = '' } = await call('CreateConnection', {
      Name: 'orders',
      AuthorizationType: type,
      AuthParameters: sent,
    });
    const members = { InvocationEndpoint: 'https://example.com/v1', HttpMethod: 'POST' };
    const written = { ApiDestinationArn: 'api-destination sink', ApiDestinationState: destinationState, ...times };
    const created = await call('CreateApiDestination', { Name: 'sink', ConnectionArn, Description: 'one', ...members });
    expect(masked(created)).toEqual(written);
    const listed = {
      ...written,
      ...members,
      Name: 'sink',
      ConnectionArn: 'connection orders',
      InvocationRateLimitPerSecond: 300,
    };
    const described = await call('DescribeApiDestination', { Name: 'sink' });
    expect(masked(described)).toEqual({ ...listed, Description: 'one' });
    expect(masked(await call('ListApiDestinations', { NamePrefix: 'sink' }))).toEqual({ ApiDestinations: [listed] });
    const changes = { Description: 'two', HttpMethod: 'PUT', InvocationEndpoint: 'https://example.com/v2' };
    const updated = await call('UpdateApiDestination', { Name: 'sink', ...changes });
    expect(masked(updated)).toEqual(written);
    const after = await call('DescribeApiDestination', { Name: 'sink' });
    expect(masked(after)).toEqual({ ...listed, ...changes });
    expect(await call('DeleteApiDestination', { Name: 'sink' })).toEqual({});
    await expect(call('DescribeApiDestination', { Name: 'sink' })).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
      message: "Failed to describe the api-destination(s). An api-destination 'sink' does not exist.",
    });
  });
});

test('an update of a BASIC connection keeps ARN and secret and makes a new version, as recorded', async () => {
  const { call, secrets } = await createStack();
  const AuthParameters = {
    BasicAuthParameters: { Username: 'someone', Password: 'canary' },
    InvocationHttpParameters: {},
  };
  await call('CreateConnection', { Name: 'orders', AuthorizationType: 'BASIC', AuthParameters });
  const before = await call('DescribeConnection', { Name: 'orders' });
  const secretId = { SecretId: String(before['SecretArn']) };
  const first = await secrets.send(new GetSecretValueCommand(secretId));
  const updated = await call('UpdateConnection', {
    Name: 'orders',
    AuthorizationType: 'BASIC',
    AuthParameters: { ...AuthParameters, BasicAuthParameters: { Username: 'other', Password: 'canary-2' } },
  });
  const summary = { ConnectionArn: 'connection orders', ConnectionState: 'AUTHORIZED', ...allTimes };
  expect(masked(updated)).toEqual(summary);
  const after = await call('DescribeConnection', { Name: 'orders' });
  expect(masked(after)).toEqual({
    ...summary,
    Name: 'orders',
    AuthorizationType: 'BASIC',
    AuthParameters: { BasicAuthParameters: { Username: 'other' }, InvocationHttpParameters: {} },
    SecretArn: 'secret of orders',
  });
  expect(after['ConnectionArn']).toBe(before['ConnectionArn']);
  expect(after['SecretArn']).toBe(before['SecretArn']);
  const second = await secrets.send(new GetSecretValueCommand(secretId));
  expect(second.VersionId).not.toBe(first.VersionId);
  expect(second.VersionStages).toEqual(['AWSCURRENT']);
  expect(JSON.parse(second.SecretString ?? '')).toEqual({
    username: 'other',
    password: 'canary-2',
    invocation_http_parameters: {},
  });
});

test('a deleted connection answers as recorded and leaves neither item nor secret', async () => {
  const { call, secrets } = await createStack();
  const AuthParameters = { BasicAuthParameters: { Username: 'someone', Password: 'canary' } };
  await call('CreateConnection', { Name: 'short-lived', AuthorizationType: 'BASIC', AuthParameters });
  expect(masked(await call('DeleteConnection', { Name: 'short-lived' }))).toEqual({
    ConnectionArn: 'connection short-lived',
    ConnectionState: 'DELETING',
    ...allTimes,
  });
  await expect(call('DescribeConnection', { Name: 'short-lived' })).rejects.toMatchObject({
    code: 'ResourceNotFoundException',
    message: "Failed to describe the connection(s). Connection 'short-lived' does not exist.",
  });
  const { SecretList = [] } = await secrets.send(new ListSecretsCommand({}));
  expect(SecretList.filter(({ Name }) => Name?.includes('short-lived'))).toEqual([]);
});

test('a deauthorized connection loses its secret and comes back with another', async () => {
  const { call, secrets } = await createStack();
  const AuthParameters = { BasicAuthParameters: { Username: 'someone', Password: 'canary' } };
  await call('CreateConnection', { Name: 'resting', AuthorizationType: 'BASIC', AuthParameters });
  const before = await call('DescribeConnection', { Name: 'resting' });
  expect(masked(await call('DeauthorizeConnection', { Name: 'resting' }))).toEqual({
    ConnectionArn: 'connection resting',
    ConnectionState: 'DEAUTHORIZING',
    ...allTimes,
  });
  const resting = await call('DescribeConnection', { Name: 'resting' });
  expect(resting).toMatchObject({ ConnectionState: 'DEAUTHORIZED' });
  expect(resting).not.toHaveProperty('SecretArn');
  await call('UpdateConnection', { Name: 'resting', AuthParameters });
  const after = await call('DescribeConnection', { Name: 'resting' });
  expect(after).toMatchObject({ ConnectionState: 'AUTHORIZED', ConnectionArn: before['ConnectionArn'] ?? '' });
  expect(after['SecretArn']).not.toBe(before['SecretArn']);
  const { SecretList = [] } = await secrets.send(new ListSecretsCommand({}));
  expect(SecretList.filter(({ Name }) => Name?.includes('/resting/'))).toHaveLength(1);
});

test('of twelve simultaneous updates of one connection one wins, and all agree on its credentials', async () => {
  const { call, secrets, connections } = await createStack();
  const authParameters = (Username: string) => ({ BasicAuthParameters: { Username, Password: 'canary' } });
  await call('CreateConnection', {
    Name: 'orders',
    AuthorizationType: 'BASIC',
    AuthParameters: authParameters('first'),
  });
  const names = Array.from({ length: 12 }, (_, index) => `user-${index}`);
  connections.expectReaders(names.length);
  const outcomes = await Promise.allSettled(
    names.map((name) => call('UpdateConnection', { Name: 'orders', AuthParameters: authParameters(name) })),
  );
  const winners = names.filter((_, index) => outcomes[index]?.status === 'fulfilled');
  const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
  expect(winners).toHaveLength(1);
  expect(new Set(refusals)).toEqual(new Set(['ConcurrentModificationException']));
  const { SecretArn, AuthParameters } = await call('DescribeConnection', { Name: 'orders' });
  expect(AuthParameters).toEqual({ BasicAuthParameters: { Username: winners[0] } });
  const { SecretString = '' } = await secrets.send(new GetSecretValueCommand({ SecretId: String(SecretArn) }));
  expect(JSON.parse(SecretString)).toEqual({ username: winners[0], password: 'canary' });
});

test('of twelve simultaneous updates of one destination one wins', async () => {
  const { call, apiDestinations } = await createStack();
  const AuthParameters = { BasicAuthParameters: { Username: 'someone', Password: 'canary' } };
  const { ConnectionArn = '' } = await call('CreateConnection', {
    Name: 'orders',
    AuthorizationType: 'BASIC',
    AuthParameters,
  });
  const InvocationEndpoint = 'https://example.com/';
  await call('CreateApiDestination', { Name: 'sink', ConnectionArn, InvocationEndpoint, HttpMethod: 'POST' });
  const rates = Array.from({ length: 12 }, (_, index) => index + 1);
  apiDestinations.expectReaders(rates.length);
  const outcomes = await Promise.allSettled(
    rates.map((rate) => call('UpdateApiDestination', { Name: 'sink', InvocationRateLimitPerSecond: rate })),
  );
  const winners = rates.filter((_, index) => outcomes[index]?.status === 'fulfilled');
  const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
  expect(winners).toHaveLength(1);
  expect(new Set(refusals)).toEqual(new Set(['ConcurrentModificationException']));
  expect(await call('DescribeApiDestination', { Name: 'sink' })).toMatchObject({
    InvocationRateLimitPerSecond: winners[0] ?? 0,
  });
});

test('of twelve simultaneous creates of one connection one wins and one secret is left', async () => {
  const { call, secrets, connections } = await createStack();
  connections.expectReaders(12);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 12 }, (_, index) =>
      call('CreateConnection', {
        Name: 'contested',
        AuthorizationType: 'BASIC',
        AuthParameters: { BasicAuthParameters: { Username: `user-${index}`, Password: 'canary' } },
      }),
    ),
  );
  const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
  expect(refusals).toEqual(Array.from({ length: 11 }, () => 'ResourceAlreadyExistsException'));
  const { SecretList = [] } = await secrets.send(new ListSecretsCommand({}));
  expect(SecretList.filter(({ Name }) => Name?.includes('/contested/'))).toHaveLength(1);
});

test('destinations are listed by prefix and connection, in pages, while others come and go', async () => {
  const { call } = await createStack();
  const AuthParameters = { BasicAuthParameters: { Username: 'someone', Password: 'canary' } };
  const arns: JsonValue[] = [];
  for (const Name of ['one', 'two']) {
    const created = await call('CreateConnection', { Name, AuthorizationType: 'BASIC', AuthParameters });
    arns.push(created['ConnectionArn'] ?? '');
  }
  const create = (Name: string, ConnectionArn: JsonValue = '') =>
    call('CreateApiDestination', {
      Name,
      ConnectionArn,
      InvocationEndpoint: 'https://example.com/',
      HttpMethod: 'POST',
    });
  for (let index = 10; index < 30; index += 1) await create(`a-${index}`, arns[index % 2]);
  const filters = { NamePrefix: 'a-', ConnectionArn: arns[0] ?? '', Limit: 4 };
  const names: JsonValue[] = [];
  let token: JsonObject = {};
  for (let page = 1; page <= 4; page += 1) {
    const answer = await call('ListApiDestinations', { ...filters, ...token });
    const found = answer['ApiDestinations'] as readonly JsonObject[];
    names.push(...found.map((destination) => destination['Name'] ?? ''));
    const { NextToken } = answer;
    if (NextToken === undefined) break;
    token = { NextToken };
    // The last one read goes, one comes before it and one behind.
    await call('DeleteApiDestination', { Name: String(names.at(-1)) });
    await create(`a-1${page}-before`, arns[0]);
    await create(`a-29-${page}`, arns[0]);
  }
  const even = Array.from({ length: 10 }, (_, index) => `a-${10 + 2 * index}`);
  expect(names.filter((name) => even.includes(String(name)))).toEqual(even);
  expect(new Set(names).size).toBe(names.length);
});
