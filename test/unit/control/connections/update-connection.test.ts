import { expect, test } from 'vitest';
import type { JsonObject } from '../../../../lib/core/input/json.ts';
import type { World } from '../world.ts';
import { apiKeyInput, basicInput, createWorld, oauthInput } from '../world.ts';

async function worldWith(input: JsonObject): Promise<World> {
  const world = createWorld();
  await world.call('CreateConnection', input);
  await world.clock.advance(10_000);
  return world;
}

const update = (world: World, members: JsonObject) => world.call('UpdateConnection', { Name: 'orders', ...members });
const describeOrders = (world: World) => world.call('DescribeConnection', { Name: 'orders' });

test('an update stores new credentials as a new version of the same secret and uses them at once', async () => {
  const world = await worldWith(basicInput);
  const before = await world.connections.read('orders');
  const AuthParameters = {
    BasicAuthParameters: { Username: 'other', Password: 'canary-2' },
    InvocationHttpParameters: {},
  };
  const answer = await update(world, { AuthorizationType: 'BASIC', AuthParameters });
  expect(Object.keys(answer).toSorted()).toEqual([
    'ConnectionArn',
    'ConnectionState',
    'CreationTime',
    'LastAuthorizedTime',
    'LastModifiedTime',
  ]);
  expect(answer).toMatchObject({ ConnectionArn: before?.arn, ConnectionState: 'AUTHORIZED' });
  expect(Number(answer['LastModifiedTime'])).toBe(Number(answer['CreationTime']) + 10);
  expect(Number(answer['LastAuthorizedTime'])).toBe(Number(answer['CreationTime']) + 10);
  const after = await world.connections.read('orders');
  expect(after?.secretArn).toBe(before?.secretArn);
  expect(after?.secretVersion).not.toBe(before?.secretVersion);
  const text = { username: 'other', password: 'canary-2', invocation_http_parameters: {} };
  expect(await world.secretInForce('orders')).toEqual(text);
  const current = await world.secrets.read(after?.secretArn ?? '', 'AWSCURRENT');
  expect(current?.version).toBe(after?.secretVersion);
  expect(await describeOrders(world)).toMatchObject({
    AuthParameters: { BasicAuthParameters: { Username: 'other' }, InvocationHttpParameters: {} },
  });
});

test('a new description changes neither state nor credentials, and an empty one removes the description', async () => {
  const world = await worldWith(oauthInput);
  const before = await world.connections.read('orders');
  await update(world, { Description: 'The order system' });
  expect(await describeOrders(world)).toMatchObject({
    Description: 'The order system',
    ConnectionState: 'AUTHORIZING',
  });
  expect((await world.connections.read('orders'))?.secretVersion).toBe(before?.secretVersion);
  expect(world.started).toHaveLength(1);
  expect((await world.connections.read('orders'))?.authorizingSinceMs).toBe(before?.authorizingSinceMs ?? 'never');
  await update(world, { Description: '' });
  expect(await describeOrders(world)).not.toHaveProperty('Description');
});

test('credentials that an update leaves out keep their values while the authorization type stays the same', async () => {
  const world = await worldWith(basicInput);
  await update(world, { AuthParameters: { BasicAuthParameters: { Password: 'canary-2' } } });
  expect(await world.secretInForce('orders')).toEqual({ username: 'someone', password: 'canary-2' });
  const oauth = await worldWith({
    ...oauthInput,
    AuthParameters: {
      OAuthParameters: {
        ...oauthInput.AuthParameters.OAuthParameters,
        OAuthHttpParameters: { BodyParameters: [{ Key: 'scope', Value: 'all' }] },
      },
    },
  });
  await update(oauth, { AuthParameters: { OAuthParameters: { ClientParameters: { ClientSecret: 'canary-3' } } } });
  expect(await oauth.secretInForce('orders')).toEqual({
    client_id: 'client',
    client_secret: 'canary-3',
    authorization_endpoint: 'https://login.example.com/token',
    http_method: 'POST',
    oauth_http_parameters: { body_parameters: [{ key: 'scope', value: 'all', is_value_secret: true }] },
  });
});

test('a stored client secret or OAuth parameter is never sent to a token endpoint on another host', async () => {
  const OAuthHttpParameters = { BodyParameters: [{ Key: 'token', Value: 'canary-parameter', IsValueSecret: true }] };
  const { OAuthParameters } = oauthInput.AuthParameters;
  const input = { ...oauthInput, AuthParameters: { OAuthParameters: { ...OAuthParameters, OAuthHttpParameters } } };
  const world = await worldWith(input);
  const before = await world.connections.read('orders');
  const move = (AuthorizationEndpoint: string, members: JsonObject = {}) =>
    update(world, { AuthParameters: { OAuthParameters: { AuthorizationEndpoint, ...members } } });
  const refusal = (member: string) => ({
    code: 'ValidationException',
    message:
      `Failed to update the connection(s). Parameter AuthParameters.OAuthParameters.${member} is not valid. Reason: It is ` +
      'required when AuthorizationEndpoint changes to another host.',
  });
  const evil = 'https://evil.example/token';
  const client = { ClientParameters: { ClientSecret: 'canary-2' } };
  await expect(move(evil)).rejects.toMatchObject(refusal('ClientParameters.ClientSecret'));
  await expect(move(evil, { OAuthHttpParameters })).rejects.toMatchObject(refusal('ClientParameters.ClientSecret'));
  await expect(move(evil, client)).rejects.toMatchObject(refusal('OAuthHttpParameters'));
  expect(await world.connections.read('orders')).toEqual(before);
  await move('https://LOGIN.example.com:8443/other');
  expect(await world.secretInForce('orders')).toMatchObject({ client_secret: 'canary-secret' });
  await move('https://login.example.org/token', { ...client, OAuthHttpParameters });
  expect(await world.secretInForce('orders')).toMatchObject({ client_id: 'client', client_secret: 'canary-2' });
});

const team = { HeaderParameters: [{ Key: 'X-Team', Value: 'one', IsValueSecret: false }] };

const withTeam = {
  ...basicInput,
  AuthParameters: { ...basicInput.AuthParameters, InvocationHttpParameters: team },
};

test('an update of the credentials alone keeps the invocation parameters, also with another authorization type', async () => {
  const world = await worldWith(withTeam);
  const kept = { header_parameters: [{ key: 'X-Team', value: 'one', is_value_secret: false }] };
  await update(world, { AuthParameters: { BasicAuthParameters: { Username: 'other' } } });
  expect(await describeOrders(world)).toMatchObject({
    AuthParameters: { BasicAuthParameters: { Username: 'other' }, InvocationHttpParameters: team },
  });
  expect(await world.secretInForce('orders')).toMatchObject({ invocation_http_parameters: kept });
  await update(world, apiKeyInput);
  expect(await world.secretInForce('orders')).toEqual({
    api_key_name: 'X-Api-Key',
    api_key_value: 'canary-key',
    invocation_http_parameters: kept,
  });
  expect(await describeOrders(world)).toMatchObject({ AuthParameters: { InvocationHttpParameters: team } });
});

test('an update that sends invocation parameters replaces all of them and keeps the credentials', async () => {
  const world = await worldWith(withTeam);
  const InvocationHttpParameters = { BodyParameters: [{ Key: 'b', Value: 'canary-body' }] };
  await update(world, { AuthParameters: { InvocationHttpParameters } });
  expect(await world.secretInForce('orders')).toEqual({
    username: 'someone',
    password: 'canary-password',
    invocation_http_parameters: { body_parameters: [{ key: 'b', value: 'canary-body', is_value_secret: true }] },
  });
  await update(world, { AuthParameters: { InvocationHttpParameters: {} } });
  expect(await world.secretInForce('orders')).toMatchObject({ invocation_http_parameters: {} });
});

test('a change of the authorization type requires all credentials, and the error names the missing one', async () => {
  const world = await worldWith(basicInput);
  await expect(update(world, { AuthorizationType: 'API_KEY' })).rejects.toMatchObject({
    code: 'ValidationException',
    message:
      'Failed to update the connection(s). Parameter ApiKeyAuthParameters is not valid. Reason: Missing required field(s)',
  });
  const half = { ApiKeyAuthParameters: { ApiKeyName: 'X-Api-Key' } };
  await expect(update(world, { AuthorizationType: 'API_KEY', AuthParameters: half })).rejects.toThrow(
    'AuthParameters.ApiKeyAuthParameters.ApiKeyValue is not valid',
  );
  await update(world, apiKeyInput);
  expect(await world.secretInForce('orders')).toEqual({ api_key_name: 'X-Api-Key', api_key_value: 'canary-key' });
  const shown = await describeOrders(world);
  expect(shown).toMatchObject({ AuthorizationType: 'API_KEY', ConnectionState: 'AUTHORIZED' });
  expect(shown['AuthParameters']).toEqual({ ApiKeyAuthParameters: { ApiKeyName: 'X-Api-Key' } });
});

test('new OAuth credentials make a connection AUTHORIZING, request a token and keep LastAuthorizedTime', async () => {
  const world = await worldWith(basicInput);
  const answer = await update(world, oauthInput);
  expect(answer).toMatchObject({ ConnectionState: 'AUTHORIZING', LastAuthorizedTime: answer['CreationTime'] ?? -1 });
  expect(world.started).toHaveLength(1);
  expect((await world.connections.read('orders'))?.authorizingSinceMs).toBe(world.clock.nowMs());
  await update(world, basicInput);
  expect(await world.connections.read('orders')).not.toHaveProperty('authorizingSinceMs');
});

test('an update of a connection with a damaged secret requires every credential, and repairs the secret', async () => {
  const world = await worldWith(basicInput);
  const before = await world.connections.read('orders');
  const { version } = await world.secrets.addVersion(before?.secretArn ?? '', 'not JSON');
  if (before !== undefined) {
    await world.connections.update(before, { ...before, secretVersion: version, revision: before.revision + 1 });
  }
  await expect(update(world, { AuthParameters: { BasicAuthParameters: { Password: 'canary' } } })).rejects.toThrow(
    'AuthParameters.BasicAuthParameters.Username',
  );
  await update(world, { AuthParameters: basicInput.AuthParameters });
  expect(await world.secretInForce('orders')).toEqual({ username: 'someone', password: 'canary-password' });
});

test('exactly one of several simultaneous updates succeeds, and the connection uses its credentials', async () => {
  const world = await worldWith(basicInput);
  const outcomes = await Promise.allSettled(
    ['a', 'b', 'c'].map((Username) => update(world, { AuthParameters: { BasicAuthParameters: { Username } } })),
  );
  const winners = outcomes.filter(({ status }) => status === 'fulfilled');
  expect(winners).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue;
    expect(outcome.reason).toMatchObject({
      code: 'ConcurrentModificationException',
      message: "Failed to update the connection(s). Connection 'orders' has been modified concurrently. Try again.",
    });
  }
  const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
  expect(await world.secretInForce('orders')).toMatchObject({ username: ['a', 'b', 'c'][winner] });
  const stored = await world.connections.read('orders');
  expect((await world.secrets.read(stored?.secretArn ?? '', 'AWSCURRENT'))?.version).toBe(stored?.secretVersion);
});

test.each(['CREATING', 'DELETING', 'DEAUTHORIZING'] as const)(
  'a connection that is %s cannot be updated',
  async (state) => {
    const world = await worldWith(basicInput);
    const before = await world.connections.read('orders');
    if (before !== undefined) await world.connections.update(before, { ...before, state, revision: 2 });
    await expect(update(world, { Description: 'new' })).rejects.toMatchObject({
      code: 'ConcurrentModificationException',
    });
  },
);

test('an unknown connection cannot be updated', async () => {
  await expect(update(createWorld(), { Description: 'new' })).rejects.toMatchObject({
    code: 'ResourceNotFoundException',
    message: "Failed to update the connection(s). Connection 'orders' does not exist.",
  });
});
