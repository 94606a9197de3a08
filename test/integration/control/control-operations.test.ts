import { GetSecretValueCommand, ListSecretsCommand } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../lib/core/input/json.ts';
import { useControlStack } from './control-stack.ts';

/*
 * The expected answers are recorded answers of EventBridge, in which placeholders replace ARNs, times and ids. DynamoDB and
 * Secrets Manager are embedded servers.
 */

const stack = useControlStack();

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
  test(`the answers about a ${type} connection and its secret are those of EventBridge`, async () => {
    const { call, secrets } = await stack.create();
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

  test(`the answers about an API destination of a ${type} connection are those of EventBridge`, async () => {
    const { call } = await stack.create();
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

test('an update of a BASIC connection adds a version to its secret', async () => {
  const { call, secrets } = await stack.create();
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

test('the deletion of a connection removes its item and its secret', async () => {
  const { call, secrets } = await stack.create();
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

test('DeauthorizeConnection removes the secret of a connection, and an update creates a new one', async () => {
  const { call, secrets } = await stack.create();
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
