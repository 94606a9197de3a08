import { GetSecretValueCommand, ListSecretsCommand } from '@aws-sdk/client-secrets-manager';
import { expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../lib/core/input/json.ts';
import { useControlStack } from './control-stack.ts';

const stack = useControlStack();

test('exactly one of twelve simultaneous updates of a connection succeeds, and its credentials are stored', async () => {
  const { call, secrets, connections } = await stack.create();
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

test('exactly one of twelve simultaneous updates of an API destination succeeds', async () => {
  const { call, apiDestinations } = await stack.create();
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

test('twelve simultaneous creates of a connection leave one connection and one secret', async () => {
  const { call, secrets, connections } = await stack.create();
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

test('a list in pages contains every API destination that exists the whole time while others are created and deleted', async () => {
  const { call } = await stack.create();
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
    await call('DeleteApiDestination', { Name: String(names.at(-1)) });
    await create(`a-1${page}-before`, arns[0]);
    await create(`a-29-${page}`, arns[0]);
  }
  const even = Array.from({ length: 10 }, (_, index) => `a-${10 + 2 * index}`);
  expect(names.filter((name) => even.includes(String(name)))).toEqual(even);
  expect(new Set(names).size).toBe(names.length);
});
