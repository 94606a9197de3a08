import { describe, expect, test } from 'vitest';
import { InjectedFault } from '../../../fakes/faults.ts';
import { apiKeyInput, basicInput, createWorld, oauthInput } from '../world.ts';

const arnOfFirst = 'arn:aws:events:us-east-1:123456789012:connection/orders/00000000-0000-0000-0000-000000000001';

test.each([
  ['BASIC', basicInput, 'AUTHORIZED', { username: 'someone', password: 'canary-password' }],
  ['API_KEY', apiKeyInput, 'AUTHORIZED', { api_key_name: 'X-Api-Key', api_key_value: 'canary-key' }],
  [
    'OAUTH_CLIENT_CREDENTIALS',
    oauthInput,
    'AUTHORIZING',
    {
      client_id: 'client',
      client_secret: 'canary-secret',
      authorization_endpoint: 'https://login.example.com/token',
      http_method: 'POST',
    },
  ],
])(
  'CreateConnection with %s stores a secret and answers with ARN, state and times',
  async (_type, input, state, text) => {
    const world = createWorld();
    expect(await world.call('CreateConnection', input)).toEqual({
      ConnectionArn: arnOfFirst,
      ConnectionState: state,
      CreationTime: Date.UTC(2026, 0, 1) / 1000,
      LastModifiedTime: Date.UTC(2026, 0, 1) / 1000,
    });
    expect(world.secrets.names()).toEqual(['lastmile/test/connection/orders/00000000-0000-0000-0000-000000000002']);
    expect(await world.secretInForce('orders')).toEqual(text);
  },
);

test('CreateConnection requests a first token for an OAuth connection only', async () => {
  const world = createWorld();
  await world.call('CreateConnection', basicInput);
  expect(world.started).toEqual([]);
  await world.call('CreateConnection', { ...oauthInput, Name: 'other' });
  expect(world.started).toEqual(['00000000-0000-0000-0000-000000000003']);
});

test('an OAuth HTTP method in lower case is accepted and shown in upper case', async () => {
  const world = createWorld();
  const { OAuthParameters } = oauthInput.AuthParameters;
  const AuthParameters = { OAuthParameters: { ...OAuthParameters, HttpMethod: 'put' } };
  await world.call('CreateConnection', { ...oauthInput, AuthParameters });
  expect(await world.call('DescribeConnection', { Name: 'orders' })).toMatchObject({
    AuthParameters: { OAuthParameters: { HttpMethod: 'PUT' } },
  });
});

test('a second connection with the same name is refused and does not change the first', async () => {
  const world = createWorld();
  await world.call('CreateConnection', basicInput);
  await expect(world.call('CreateConnection', apiKeyInput)).rejects.toMatchObject({
    code: 'ResourceAlreadyExistsException',
    message: "Failed to create the connection(s). Connection 'orders' already exists.",
  });
  expect(await world.secretInForce('orders')).toMatchObject({ username: 'someone' });
  await world.expectConsistent();
});

test('exactly one of several simultaneous creates with the same name succeeds, with its own secret', async () => {
  const world = createWorld();
  const outcomes = await Promise.allSettled(
    ['a', 'b', 'c'].map((Username) =>
      world.call('CreateConnection', {
        ...basicInput,
        AuthParameters: { BasicAuthParameters: { Username, Password: 'canary' } },
      }),
    ),
  );
  const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(await world.secretInForce('orders')).toMatchObject({ username: ['a', 'b', 'c'][winner] });
  expect(world.secrets.names()).toHaveLength(1);
});

test('the connection that reaches the quota is created, and the next one is refused', async () => {
  const world = createWorld();
  for (let index = 0; index < 2999; index += 1) {
    await world.connections.create({ ...stored, name: `c-${index}`, incarnation: `i-${index}` });
  }
  await world.call('CreateConnection', basicInput);
  await expect(world.call('CreateConnection', { ...basicInput, Name: 'one-more' })).rejects.toMatchObject({
    code: 'LimitExceededException',
    message: 'Failed to create the connection(s). The quota of 3000 connections has been reached.',
  });
});

const stored = {
  name: 'orders',
  incarnation: 'older',
  arn: 'arn:older',
  state: 'CREATING' as const,
  authorizationType: 'BASIC' as const,
  secretName: 'lastmile/test/connection/orders/older',
  visibleAuthParameters: {},
  creationTimeMs: 0,
  lastModifiedTimeMs: 0,
  revision: 1,
};

describe('a create that fails half-way', () => {
  test.each([
    ['connections.create', 'before', basicInput],
    ['connections.create', 'after', basicInput],
    ['secrets.create', 'before', basicInput],
    ['secrets.create', 'after', basicInput],
    ['connections.update', 'before', basicInput],
    ['connections.update', 'after', basicInput],
    ['authorizer.start', 'before', oauthInput],
    ['authorizer.start', 'after', oauthInput],
  ] as const)('CreateConnection leaves nothing behind when %s fails %s it takes effect', async (call, time, input) => {
    const world = createWorld();
    world.faults.fail(call, time);
    await expect(world.call('CreateConnection', input)).rejects.toThrow(InjectedFault);
    expect(world.connections.all()).toEqual([]);
    expect(world.secrets.names()).toEqual([]);
    await world.call('CreateConnection', input);
    await world.expectConsistent();
  });

  test('CreateConnection that cannot start the authorization leaves nothing behind, even if a worker has obtained a token', async () => {
    const world = createWorld({
      onStart: (incarnation, connections) =>
        connections.change({
          name: 'orders',
          incarnation,
          secretVersion: 'version-1',
          state: 'AUTHORIZED',
          nowMs: 1,
        }),
    });
    world.faults.fail('authorizer.start', 'after');
    await expect(world.call('CreateConnection', oauthInput)).rejects.toThrow(InjectedFault);
    expect(world.connections.all()).toEqual([]);
    expect(world.secrets.names()).toEqual([]);
  });

  test('DeleteConnection removes what a failed create could not undo', async () => {
    const world = createWorld();
    world.faults.fail('connections.update', 'before', 'always');
    await expect(world.call('CreateConnection', basicInput)).rejects.toThrow(InjectedFault);
    expect(world.connections.all()).toMatchObject([{ state: 'CREATING' }]);
    expect(world.secrets.names()).toHaveLength(1);
    world.faults.heal();
    await world.call('DeleteConnection', { Name: 'orders' });
    expect(world.connections.all()).toEqual([]);
    expect(world.secrets.names()).toEqual([]);
  });
});

describe('a connection whose creation was abandoned', () => {
  async function abandoned() {
    const world = createWorld();
    await world.connections.create({ ...stored, lastModifiedTimeMs: world.clock.nowMs() });
    await world.secrets.create(stored.secretName, 'half-made');
    return world;
  }

  test('a create whose process died half-way reserves the name of its connection for a minute', async () => {
    const world = await abandoned();
    await world.clock.advance(60_000);
    await expect(world.call('CreateConnection', basicInput)).rejects.toMatchObject({
      code: 'ResourceAlreadyExistsException',
    });
    expect(world.secrets.names()).toEqual([stored.secretName]);
  });

  test('a minute after a create has died, another create takes the name and removes the earlier secret', async () => {
    const world = await abandoned();
    await world.clock.advance(60_001);
    expect(await world.call('CreateConnection', basicInput)).toMatchObject({ ConnectionArn: arnOfFirst });
    expect(world.secrets.names()).not.toContain(stored.secretName);
    await world.expectConsistent();
  });

  test('a create whose process was suspended for more than a minute does not overwrite a later create', async () => {
    const world = createWorld();
    const held = world.faults.hold('secrets.create');
    const late = world.call('CreateConnection', basicInput);
    await held.reached;
    await world.clock.advance(60_001);
    await world.call('CreateConnection', apiKeyInput);
    held.release();
    await expect(late).rejects.toMatchObject({ code: 'ConcurrentModificationException' });
    expect(await world.secretInForce('orders')).toEqual({ api_key_name: 'X-Api-Key', api_key_value: 'canary-key' });
    expect(world.secrets.names()).toHaveLength(1);
  });

  test('a create whose connection is deleted meanwhile is refused, and leaves no secret behind', async () => {
    const world = createWorld();
    const held = world.faults.hold('connections.update');
    const late = world.call('CreateConnection', basicInput);
    await held.reached;
    await world.call('DeleteConnection', { Name: 'orders' });
    held.release();
    await expect(late).rejects.toMatchObject({ code: 'ConcurrentModificationException' });
    expect(world.connections.all()).toEqual([]);
    expect(world.secrets.names()).toEqual([]);
  });
});
