import { expect, test } from 'vitest';
import { publicOnly } from '../../../../lib/core/address/address.ts';
import type { JsonObject } from '../../../../lib/core/input/json.ts';
import { apiKeyInput, basicInput, createWorld, oauthInput } from '../world.ts';
import { loopback } from '../../../servers/endpoints/loopback.ts';

const create = (input: JsonObject, allowlist = publicOnly) =>
  createWorld({ allowlist }).call('CreateConnection', { Name: 'orders', ...input });

const parameters = {
  HeaderParameters: [
    { Key: 'X-Team', Value: 'one', IsValueSecret: false },
    { Key: 'X-Token', Value: 'canary-header', IsValueSecret: true },
    { Key: 'X-Unsaid', Value: 'canary-unsaid' },
    { Key: 'User-Agent', Value: 'never forwarded', IsValueSecret: false },
  ],
  QueryStringParameters: [{ Key: 'q', Value: 'canary-query', IsValueSecret: true }],
  BodyParameters: [{ Key: 'b', Value: 'canary-body', IsValueSecret: true }],
};

const shownParameters = {
  HeaderParameters: [
    { Key: 'X-Team', Value: 'one', IsValueSecret: false },
    { Key: 'X-Token', IsValueSecret: true },
    { Key: 'X-Unsaid', IsValueSecret: true },
    { Key: 'User-Agent', Value: 'never forwarded', IsValueSecret: false },
  ],
  QueryStringParameters: [{ Key: 'q', IsValueSecret: true }],
  BodyParameters: [{ Key: 'b', IsValueSecret: true }],
};

test.each([
  ['BASIC', basicInput, { BasicAuthParameters: { Username: 'someone' } }],
  ['API_KEY', apiKeyInput, { ApiKeyAuthParameters: { ApiKeyName: 'X-Api-Key' } }],
  [
    'OAUTH_CLIENT_CREDENTIALS',
    {
      ...oauthInput,
      AuthParameters: {
        OAuthParameters: { ...oauthInput.AuthParameters.OAuthParameters, OAuthHttpParameters: parameters },
      },
    },
    {
      OAuthParameters: {
        ClientParameters: { ClientID: 'client' },
        AuthorizationEndpoint: 'https://login.example.com/token',
        HttpMethod: 'POST',
        OAuthHttpParameters: shownParameters,
      },
    },
  ],
])('the table and the control API show a connection of type %s without its secrets', async (_type, input, shown) => {
  const world = createWorld();
  const AuthParameters = { ...input.AuthParameters, InvocationHttpParameters: parameters };
  const created = await world.call('CreateConnection', { ...input, AuthParameters });
  const described = await world.call('DescribeConnection', { Name: 'orders' });
  expect(described['AuthParameters']).toEqual({ ...shown, InvocationHttpParameters: shownParameters });
  const listed = await world.call('ListConnections', {});
  const deleted = await world.call('DeleteConnection', { Name: 'orders' });
  const everything = JSON.stringify([created, described, listed, deleted, world.connections.all()]);
  expect(everything).not.toContain('canary');
});

test('empty invocation parameters are stored and shown as they were sent', async () => {
  const world = createWorld();
  const InvocationHttpParameters = { HeaderParameters: [], BodyParameters: [] };
  await world.call('CreateConnection', {
    ...basicInput,
    AuthParameters: { ...basicInput.AuthParameters, InvocationHttpParameters },
  });
  const described = await world.call('DescribeConnection', { Name: 'orders' });
  expect(described).toMatchObject({ AuthParameters: { InvocationHttpParameters } });
  expect(await world.secretInForce('orders')).toMatchObject({
    invocation_http_parameters: { header_parameters: [], body_parameters: [] },
  });
});

test.each([
  ['no parameters for its type', { AuthorizationType: 'BASIC', AuthParameters: {} }, 'BasicAuthParameters'],
  [
    'the parameters of another type',
    { AuthorizationType: 'BASIC', AuthParameters: apiKeyInput.AuthParameters },
    'BasicAuthParameters',
  ],
  [
    'the parameters of two types',
    { AuthorizationType: 'BASIC', AuthParameters: { ...apiKeyInput.AuthParameters, ...basicInput.AuthParameters } },
    'AuthParameters.ApiKeyAuthParameters',
  ],
  [
    'InvocationHttpParameters alone',
    { AuthorizationType: 'API_KEY', AuthParameters: { InvocationHttpParameters: {} } },
    'ApiKeyAuthParameters',
  ],
  [
    'an API key name that is not a valid header name',
    {
      AuthorizationType: 'API_KEY',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'my key', ApiKeyValue: 'canary' } },
    },
    'AuthParameters.ApiKeyAuthParameters.ApiKeyName',
  ],
  [
    'an API key name that is a header never forwarded',
    {
      AuthorizationType: 'API_KEY',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'Host', ApiKeyValue: 'canary' } },
    },
    'AuthParameters.ApiKeyAuthParameters.ApiKeyName',
  ],
  [
    'an API key value that no header can carry',
    {
      AuthorizationType: 'API_KEY',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'key', ApiKeyValue: 'canary \u{1F600}' } },
    },
    'AuthParameters.ApiKeyAuthParameters.ApiKeyValue',
  ],
])('a connection with %s is refused, and the error names the field', async (_which, input, field) => {
  const refused = await create(input).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'ValidationException' });
  expect(String(refused)).toContain(`Failed to create the connection(s). Parameter ${field} is not valid. Reason: `);
  expect(String(refused)).not.toContain('canary');
});

test.each([
  ['HeaderParameters', 'without a key', [{ Value: 'canary' }], '[0].Key'],
  ['HeaderParameters', 'with an empty key', [{ Key: '', Value: 'canary' }], '[0].Key'],
  ['BodyParameters', 'without a value', [{ Key: 'a', Value: 'x' }, { Key: 'b' }], '[1].Value'],
  [
    'HeaderParameters',
    'with the same key in two cases',
    [
      { Key: 'X-A', Value: 'canary' },
      { Key: 'x-a', Value: 'canary' },
    ],
    '[1].Key',
  ],
  [
    'QueryStringParameters',
    'with the same key twice',
    [
      { Key: 'a', Value: 'canary' },
      { Key: 'a', Value: 'canary' },
    ],
    '[1].Key',
  ],
  [
    'BodyParameters',
    'with the same key twice',
    [
      { Key: 'a', Value: 'canary' },
      { Key: 'a', Value: 'canary' },
    ],
    '[1].Key',
  ],
  ['HeaderParameters', 'with a comma in a key', [{ Key: 'X-A,X-B', Value: 'canary' }], '[0].Key'],
])('%s %s are refused, and the error names the field by its path', async (list, _fault, entries, place) => {
  const AuthParameters = { ...basicInput.AuthParameters, InvocationHttpParameters: { [list]: entries } };
  const refused = await create({ ...basicInput, AuthParameters }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'ValidationException' });
  expect(String(refused)).toContain(`Parameter AuthParameters.InvocationHttpParameters.${list}${place} is not valid`);
  expect(String(refused)).not.toContain('canary');
});

test('two query string or body parameters whose keys differ only in case are accepted', async () => {
  const entries = [
    { Key: 'a', Value: '1' },
    { Key: 'A', Value: '2' },
  ];
  const InvocationHttpParameters = { QueryStringParameters: entries, BodyParameters: entries };
  const AuthParameters = { ...basicInput.AuthParameters, InvocationHttpParameters };
  expect(await create({ ...basicInput, AuthParameters })).toMatchObject({ ConnectionState: 'AUTHORIZED' });
});

test('a parameter with the key __proto__ is kept like any other', async () => {
  const world = createWorld();
  const InvocationHttpParameters = { BodyParameters: [{ Key: '__proto__', Value: 'x', IsValueSecret: false }] };
  const AuthParameters = { ...basicInput.AuthParameters, InvocationHttpParameters };
  await world.call('CreateConnection', { ...basicInput, AuthParameters });
  expect(await world.call('DescribeConnection', { Name: 'orders' })).toMatchObject({
    AuthParameters: { InvocationHttpParameters: { BodyParameters: [{ Key: '__proto__', Value: 'x' }] } },
  });
});

test('parameters that are too large for a secret are refused before anything is written', async () => {
  const world = createWorld();
  const BodyParameters = [{ Key: 'a', Value: 'ä'.repeat(33_000) }];
  const AuthParameters = { ...basicInput.AuthParameters, InvocationHttpParameters: { BodyParameters } };
  await expect(world.call('CreateConnection', { ...basicInput, AuthParameters })).rejects.toThrow(
    /Parameter AuthParameters is not valid\. Reason: It takes 66\d{3} bytes, and a secret can hold at most 65536\./,
  );
  expect(world.faults.calls).toEqual([]);
});

test('an authorization endpoint must be https, or http on a loopback host of the local stack', async () => {
  const withEndpoint = (AuthorizationEndpoint: string) => ({
    ...oauthInput,
    AuthParameters: {
      OAuthParameters: { ...oauthInput.AuthParameters.OAuthParameters, AuthorizationEndpoint },
    },
  });
  await expect(create(withEndpoint('http://login.example.com/token'), loopback)).rejects.toMatchObject({
    code: 'ValidationException',
    message:
      "Failed to create the connection(s). Parameter AuthorizationEndpoint is not valid. Reason: Endpoint 'http://login.example.com/token' is invalid, please provide a valid HTTPS endpoint URL.",
  });
  await expect(create(withEndpoint('http://127.0.0.1:4012/token'))).rejects.toThrow('AuthorizationEndpoint');
  expect(await create(withEndpoint('http://127.0.0.1:4012/token'), loopback)).toHaveProperty('ConnectionArn');
});
