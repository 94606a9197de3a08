import { afterAll, describe, expect, test } from 'vitest';
import { sharedStack } from '../fixtures/stack.ts';
import { startTokenEndpoint, type TokenEndpoint } from '../servers/oauth/oauth-token-endpoint.ts';
import { type Boto3, type Boto3Client, startBoto3 } from './boto3.ts';

let boto3: Boto3;
let tokenEndpoint: TokenEndpoint;
let events: Boto3Client;
let secrets: Boto3Client;

/** The only client of the provider; the provider refuses any other secret. */
const clientSecret = 'the secret of the client';

sharedStack.beforeAll(async ({ stack }) => {
  tokenEndpoint = await startTokenEndpoint(({ body }) =>
    new URLSearchParams(body).get('client_secret') === clientSecret
      ? { body: { access_token: 'granted', expires_in: 3600 } }
      : { status: 401, body: { error: 'invalid_client' } },
  );
  boto3 = startBoto3(stack.url);
  events = boto3.client('events');
  secrets = boto3.client('secretsmanager');
});

afterAll(async () => {
  await boto3.close();
  await tokenEndpoint.close();
});

interface Described {
  readonly ConnectionArn: string;
  readonly ConnectionState: string;
  readonly SecretArn: string;
  readonly AuthParameters?: object;
}

const time = { time: expect.any(Number) };
const basic = (Username: string, Password: string) => ({ BasicAuthParameters: { Username, Password } });
const describeConnection = (Name: string) => events<Described>('describe_connection', { Name });

function oauth(ClientSecret: string, more: object = {}) {
  return {
    OAuthParameters: {
      ClientParameters: { ClientID: 'client', ClientSecret },
      AuthorizationEndpoint: tokenEndpoint.url,
      HttpMethod: 'POST',
      ...more,
    },
  };
}

async function createConnection(Name: string, AuthorizationType: string, AuthParameters: object): Promise<string> {
  const created = await events<Described>('create_connection', { Name, AuthorizationType, AuthParameters });
  return created.ConnectionArn;
}

/** Polls until the connection is no longer being authorized. */
async function authorized(name: string): Promise<Described> {
  for (;;) {
    const described = await describeConnection(name);
    if (described.ConnectionState !== 'AUTHORIZING') return described;
  }
}

async function secretOf(name: string): Promise<unknown> {
  const { SecretArn } = await describeConnection(name);
  const { SecretString } = await secrets<{ SecretString: string }>('get_secret_value', { SecretId: SecretArn });
  return JSON.parse(SecretString);
}

describe('connections', () => {
  test('a BASIC connection is authorized at once and never returns its password', async () => {
    const AuthParameters = basic('jo', 'sesame');
    const created = await events('create_connection', {
      Name: 'basic',
      Description: 'of the shop',
      AuthorizationType: 'BASIC',
      AuthParameters,
    });
    expect(created).toEqual({
      status: 200,
      ConnectionArn: expect.stringMatching(/^arn:aws:events:us-east-1:123456789012:connection\/basic\/[0-9a-f-]{36}$/),
      ConnectionState: 'AUTHORIZED',
      CreationTime: time,
      LastModifiedTime: time,
    });
    expect(await describeConnection('basic')).toEqual({
      ...created,
      Name: 'basic',
      Description: 'of the shop',
      AuthorizationType: 'BASIC',
      AuthParameters: { BasicAuthParameters: { Username: 'jo' } },
      SecretArn: expect.stringMatching(/:secret:events!connection\/basic\/[0-9a-f-]{36}-[A-Za-z0-9]{6}$/),
      LastAuthorizedTime: time,
    });
    expect(await secretOf('basic')).toEqual({ username: 'jo', password: 'sesame' });
  });

  test('an API_KEY connection returns its parameters without the secret values', async () => {
    const HeaderParameters = [
      { Key: 'x-shown', Value: 'shown', IsValueSecret: false },
      { Key: 'x-hidden', Value: 'hidden', IsValueSecret: true },
    ];
    await createConnection('key', 'API_KEY', {
      ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue: 'opensesame' },
      InvocationHttpParameters: { HeaderParameters },
    });
    expect((await describeConnection('key')).AuthParameters).toEqual({
      ApiKeyAuthParameters: { ApiKeyName: 'x-key' },
      InvocationHttpParameters: { HeaderParameters: [HeaderParameters[0], { Key: 'x-hidden', IsValueSecret: true }] },
    });
    expect(await secretOf('key')).toMatchObject({
      api_key_value: 'opensesame',
      invocation_http_parameters: {
        header_parameters: [{ key: 'x-shown' }, { key: 'x-hidden', value: 'hidden', is_value_secret: true }],
      },
    });
  });

  test('an OAuth connection becomes AUTHORIZED after its token endpoint has issued a token', async () => {
    const OAuthHttpParameters = { BodyParameters: [{ Key: 'scope', Value: 'orders', IsValueSecret: false }] };
    const AuthParameters = oauth(clientSecret, { OAuthHttpParameters });
    const created = await events('create_connection', {
      Name: 'oauth',
      AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
      AuthParameters,
    });
    expect(created).toMatchObject({ ConnectionState: 'AUTHORIZING' });
    expect(await authorized('oauth')).toMatchObject({
      ConnectionState: 'AUTHORIZED',
      AuthParameters: {
        OAuthParameters: {
          ClientParameters: { ClientID: 'client' },
          AuthorizationEndpoint: tokenEndpoint.url,
          HttpMethod: 'POST',
          OAuthHttpParameters,
        },
      },
    });
    expect(tokenEndpoint.requests.at(-1)?.body).toContain('scope=orders');
  });

  test('a connection whose token endpoint refuses the credentials is DEAUTHORIZED until it is updated', async () => {
    await createConnection('refused', 'OAUTH_CLIENT_CREDENTIALS', oauth('wrong'));
    expect(await authorized('refused')).toMatchObject({
      ConnectionState: 'DEAUTHORIZED',
      StateReason: expect.stringContaining('401'),
    });
    await events('update_connection', { Name: 'refused', AuthParameters: oauth(clientSecret) });
    const again = await authorized('refused');
    expect(again.ConnectionState).toBe('AUTHORIZED');
    expect(again).not.toHaveProperty('StateReason');
  });

  test('an update of a connection adds a version to its secret', async () => {
    await createConnection('updated', 'BASIC', { ...basic('old', 'old word'), InvocationHttpParameters: {} });
    const { SecretArn } = await describeConnection('updated');
    await events('update_connection', {
      Name: 'updated',
      Description: 'new',
      AuthParameters: basic('new', 'new word'),
    });
    expect(await describeConnection('updated')).toMatchObject({ SecretArn, Description: 'new' });
    const { VersionId, ...current } = await secrets<{ VersionId: string }>('get_secret_value', { SecretId: SecretArn });
    expect(current).toMatchObject({ VersionStages: ['AWSCURRENT'], CreatedDate: time });
    const previous = await secrets('get_secret_value', { SecretId: SecretArn, VersionStage: 'AWSPREVIOUS' });
    expect(previous).toMatchObject({ SecretString: expect.stringContaining('old word') });
    expect(previous).not.toMatchObject({ VersionId });
  });

  test('DeauthorizeConnection deletes the secret, and UpdateConnection authorizes the connection again', async () => {
    await createConnection('closed', 'BASIC', basic('jo', 'sesame'));
    const { SecretArn } = await describeConnection('closed');
    expect(await events('deauthorize_connection', { Name: 'closed' })).toMatchObject({
      ConnectionState: 'DEAUTHORIZING',
    });
    const closed = await describeConnection('closed');
    expect(closed.ConnectionState).toBe('DEAUTHORIZED');
    expect(closed).not.toHaveProperty('SecretArn');
    await expect(secrets('get_secret_value', { SecretId: SecretArn })).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
    });
    await events('update_connection', { Name: 'closed', AuthParameters: basic('jo', 'open') });
    expect((await describeConnection('closed')).ConnectionState).toBe('AUTHORIZED');
    expect(await secretOf('closed')).toEqual({ username: 'jo', password: 'open' });
  });

  test('deleting a connection removes its secret and makes its destinations INACTIVE', async () => {
    const ConnectionArn = await createConnection('gone', 'BASIC', basic('jo', 'sesame'));
    const { SecretArn } = await describeConnection('gone');
    await createDestination('orphan', ConnectionArn);
    expect(await events('delete_connection', { Name: 'gone' })).toMatchObject({
      ConnectionArn,
      ConnectionState: 'DELETING',
      LastAuthorizedTime: time,
    });
    await expect(describeConnection('gone')).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
      status: 400,
      message: expect.stringContaining("Failed to describe the connection(s). Connection 'gone' does not exist."),
    });
    await expect(secrets('describe_secret', { SecretId: SecretArn })).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
    });
    expect(await events('describe_api_destination', { Name: 'orphan' })).toMatchObject({
      ApiDestinationState: 'INACTIVE',
    });
  });

  test('a connection that reuses a deleted name gets another ARN', async () => {
    const before = await createConnection('reused', 'BASIC', basic('jo', 'sesame'));
    await events('delete_connection', { Name: 'reused' });
    expect(await createConnection('reused', 'BASIC', basic('jo', 'sesame'))).not.toBe(before);
  });
});

function createDestination(Name: string, ConnectionArn: string, more: object = {}) {
  const InvocationEndpoint = 'https://example.com/orders';
  const input = { Name, ConnectionArn, InvocationEndpoint, HttpMethod: 'POST', ...more };
  return events<{ ApiDestinationArn: string }>('create_api_destination', input);
}

describe('API destinations', () => {
  test('DescribeApiDestination returns the settings of the last create or update', async () => {
    const ConnectionArn = await createConnection('of-orders', 'BASIC', basic('jo', 'sesame'));
    const created = await createDestination('orders', ConnectionArn, { Description: 'of orders' });
    expect(created).toEqual({
      status: 200,
      ApiDestinationArn: expect.stringMatching(
        /^arn:aws:events:us-east-1:123456789012:api-destination\/orders\/[0-9a-f-]+$/,
      ),
      ApiDestinationState: 'ACTIVE',
      CreationTime: time,
      LastModifiedTime: time,
    });
    const described = {
      ...created,
      Name: 'orders',
      Description: 'of orders',
      ConnectionArn,
      InvocationEndpoint: 'https://example.com/orders',
      HttpMethod: 'POST',
      InvocationRateLimitPerSecond: 300,
    };
    expect(await events('describe_api_destination', { Name: 'orders' })).toEqual(described);

    const changes = {
      HttpMethod: 'PUT',
      InvocationEndpoint: 'https://example.com/v2/*',
      InvocationRateLimitPerSecond: 7,
    };
    const updated = await events('update_api_destination', { Name: 'orders', ...changes });
    expect(updated).toEqual({ ...created, LastModifiedTime: time });
    expect(await events('describe_api_destination', { Name: 'orders' })).toEqual({
      ...described,
      ...changes,
      LastModifiedTime: time,
    });
    expect(await events('delete_api_destination', { Name: 'orders' })).toEqual({ status: 200 });
    await expect(events('describe_api_destination', { Name: 'orders' })).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
      status: 400,
      message: "Failed to describe the api-destination(s). An api-destination 'orders' does not exist.",
    });
  });

  test('a destination is INACTIVE while its connection is not authorized', async () => {
    const ConnectionArn = await createConnection('switched', 'BASIC', basic('jo', 'sesame'));
    await createDestination('switched', ConnectionArn);
    const state = async () =>
      (await events<{ ApiDestinationState: string }>('describe_api_destination', { Name: 'switched' }))
        .ApiDestinationState;
    expect(await state()).toBe('ACTIVE');
    await events('deauthorize_connection', { Name: 'switched' });
    expect(await state()).toBe('INACTIVE');
    await events('update_connection', { Name: 'switched', AuthParameters: basic('jo', 'again') });
    expect(await state()).toBe('ACTIVE');
  });
});
