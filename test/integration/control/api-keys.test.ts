import {
  AppSyncClient,
  CreateApiKeyCommand,
  DeleteApiKeyCommand,
  ListApiKeysCommand,
  paginateListApiKeys,
  UpdateApiKeyCommand,
} from '@aws-sdk/client-appsync';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, describe, expect, test } from 'vitest';
import { useDynalite } from '../../contract/dynamodb/subjects.ts';
import { startFunctionUrlServer } from '../../servers/aws/function-url-server.ts';
import { createKeyWorld, rest, startMs } from './api-keys-world.ts';

const dynalite = useDynalite();
const now = startMs / 1000;
const [hour, day] = [3600, 86_400];
const floor = (seconds: number): number => Math.floor(seconds / hour) * hour;

const opened: (() => Promise<void>)[] = [];
afterEach(async () => void (await Promise.all(opened.splice(0).map((close) => close()))));

/** The AWS SDK for JavaScript, which calls a function that requires no API key. */
async function createClient() {
  const world = await createKeyWorld(dynalite);
  const server = await startFunctionUrlServer(world.open);
  const credentials = { accessKeyId: 'any', secretAccessKey: 'thing' };
  const client = new AppSyncClient({ endpoint: server.url, region: 'us-east-1', credentials, maxAttempts: 1 });
  opened.push(async () => {
    client.destroy();
    await server.close();
  });
  const create = async (input: { description?: string; expires?: number } = {}) =>
    (await client.send(new CreateApiKeyCommand({ apiId: 'control', ...input }))).apiKey;
  const list = async () => (await client.send(new ListApiKeysCommand({ apiId: 'control' }))).apiKeys ?? [];
  return { ...world, client, createKey: create, list };
}

async function refusalOf(sent: Promise<unknown>): Promise<object> {
  return await sent.then(
    () => ({}),
    (error: unknown) => (error instanceof Error ? error : {}),
  );
}

describe('the AWS SDK for JavaScript', () => {
  test('CreateApiKey creates a key that is valid for seven days, and no other operation shows the whole key', async () => {
    const { createKey, list } = await createClient();
    const key = await createKey();
    expect(key).toEqual({
      id: expect.stringMatching(/^da2-[a-z2-7]{42}$/),
      expires: floor(now + 7 * day),
      deletes: floor(now + 7 * day) + 60 * day,
    });
    expect(await list()).toEqual([{ ...key, id: key?.id?.slice(0, 14) }]);
  });

  test('UpdateApiKey keeps the members that the request leaves out', async () => {
    const { client, createKey, list, clock } = await createClient();
    const key = await createKey({ description: 'deployments', expires: now + 30 * day });
    clock.set(startMs + 20 * day * 1000);
    const id = key?.id?.slice(0, 14);
    const update = new UpdateApiKeyCommand({ apiId: 'control', id, expires: now + 385 * day });
    const expected = {
      id,
      description: 'deployments',
      expires: floor(now + 385 * day),
      deletes: floor(now + 445 * day),
    };
    expect((await client.send(update)).apiKey).toEqual(expected);
    const described = new UpdateApiKeyCommand({ apiId: 'control', id: key?.id, description: 'other' });
    expect((await client.send(described)).apiKey).toEqual({ ...expected, description: 'other' });
    const emptied = new UpdateApiKeyCommand({ apiId: 'control', id, description: '' });
    expect((await client.send(emptied)).apiKey).not.toHaveProperty('description');
    expect(await list()).toMatchObject([{ id, expires: expected.expires }]);
    const late = new UpdateApiKeyCommand({ apiId: 'control', id, expires: now + 386 * day });
    expect(await refusalOf(client.send(late))).toMatchObject({
      name: 'ApiKeyValidityOutOfBoundsException',
      message: 'API key must be valid for a maximum of 365 days.',
      $metadata: { httpStatusCode: 400 },
    });
  });

  test('DeleteApiKey accepts the public id or the whole key', async () => {
    const { client, createKey, list } = await createClient();
    const [one, other] = [await createKey(), await createKey()];
    await client.send(new DeleteApiKeyCommand({ apiId: 'control', id: one?.id }));
    const remove = new DeleteApiKeyCommand({ apiId: 'control', id: other?.id?.slice(0, 14) });
    expect(await client.send(remove)).toMatchObject({ $metadata: { httpStatusCode: 200 } });
    expect(await list()).toEqual([]);
    expect(await refusalOf(client.send(remove))).toMatchObject({
      name: 'NotFoundException',
      $metadata: { httpStatusCode: 404 },
    });
  });

  test('an expired key is listed and can be extended until it is deleted', async () => {
    const { client, createKey, list, clock } = await createClient();
    const key = await createKey();
    const id = key?.id?.slice(0, 14);
    const deletesMs = (key?.deletes ?? 0) * 1000;
    clock.set(deletesMs - 1);
    expect(await list()).toHaveLength(1);
    const extend = (expires: number) => client.send(new UpdateApiKeyCommand({ apiId: 'control', id, expires }));
    expect((await extend(deletesMs / 1000 + 2 * day)).apiKey?.expires).toBe(deletesMs / 1000 + 2 * day);
    clock.set(deletesMs + 62 * day * 1000);
    expect(await list()).toEqual([]);
    expect(await refusalOf(extend(deletesMs / 1000 + 65 * day))).toMatchObject({ name: 'NotFoundException' });
  });

  test('the 51st key of an API is refused until another key is deleted', async () => {
    const { client, createKey, clock } = await createClient();
    for (let count = 0; count < 50; count += 1) await createKey();
    expect(await refusalOf(createKey())).toMatchObject({
      name: 'ApiKeyLimitExceededException',
      $metadata: { httpStatusCode: 400 },
    });
    const sizes: number[] = [];
    const ids = new Set<string | undefined>();
    for await (const page of paginateListApiKeys({ client, pageSize: 20 }, { apiId: 'control' })) {
      sizes.push(page.apiKeys?.length ?? 0);
      for (const { id } of page.apiKeys ?? []) ids.add(id);
    }
    expect(sizes).toEqual([20, 20, 10]);
    expect(ids.size).toBe(50);
    const { apiKeys = [], nextToken } = await client.send(new ListApiKeysCommand({ apiId: 'control', maxResults: 0 }));
    expect([apiKeys.length, nextToken]).toEqual([25, expect.any(String)]);
    await client.send(new DeleteApiKeyCommand({ apiId: 'control', id: apiKeys[0]?.id }));
    const created = await Promise.all([refusalOf(createKey()), refusalOf(createKey()), refusalOf(createKey())]);
    expect(created.filter((refusal) => !('name' in refusal)).length).toBeLessThanOrEqual(1);
    clock.set(startMs + 100 * day * 1000);
    expect(await createKey()).toBeDefined();
  });

  test.each([
    ['ListApiKeys for an unknown API', new ListApiKeysCommand({ apiId: 'orders' }), 'NotFoundException', 404],
    [
      'DeleteApiKey for an unknown key',
      new DeleteApiKeyCommand({ apiId: 'control', id: 'da2-aaaaaaaaaa' }),
      'NotFoundException',
      404,
    ],
    [
      'DeleteApiKey with an invalid key',
      new DeleteApiKeyCommand({ apiId: 'control', id: 'x' }),
      'NotFoundException',
      404,
    ],
    [
      'ListApiKeys with a page size of 26',
      new ListApiKeysCommand({ apiId: 'control', maxResults: 26 }),
      'BadRequestException',
      400,
    ],
    [
      'ListApiKeys with a page size of -1',
      new ListApiKeysCommand({ apiId: 'control', maxResults: -1 }),
      'BadRequestException',
      400,
    ],
    [
      'ListApiKeys with an invalid token',
      new ListApiKeysCommand({ apiId: 'control', nextToken: 'abc' }),
      'BadRequestException',
      400,
    ],
    [
      'CreateApiKey with a fraction of a second',
      new CreateApiKeyCommand({ apiId: 'control', expires: now + 2.5 * day + 0.5 }),
      'BadRequestException',
      400,
    ],
    [
      'CreateApiKey with a description of 1025 characters',
      new CreateApiKeyCommand({ apiId: 'events', description: 'x'.repeat(1025) }),
      'BadRequestException',
      400,
    ],
  ])('%s throws the error of the AppSync service model', async (_what, command, name, httpStatusCode) => {
    const { client } = await createClient();
    const refusal = await refusalOf(client.send(command as ListApiKeysCommand));
    expect(refusal).toMatchObject({ name, $metadata: { httpStatusCode } });
  });
});

test('a key with a wrong secret part is not found, and the error does not show the key', async () => {
  const { create, invoke } = await createKeyWorld(dynalite);
  const key = await create('control');
  const wrong = key.slice(0, 14) + 'a'.repeat(32);
  const { error } = await invoke('DeleteApiKey', { apiId: 'control', id: wrong });
  expect(error).toMatchObject({ code: 'NotFoundException' });
  expect(JSON.stringify(error)).not.toContain('aaaa');
  expect((await invoke('UpdateApiKey', { apiId: 'events', id: key })).error?.code).toBe('NotFoundException');
});

test('the table does not contain the secret part of an API key', async () => {
  const { create, dynamoDb } = await createKeyWorld(dynalite);
  const key = await create('control', { description: 'deployments' });
  const { Items } = await dynamoDb.client.send(new ScanCommand({ TableName: dynamoDb.tableName }));
  expect(Items).toMatchObject([{ pk: { S: 'API_KEY#control' }, sk: { S: key.slice(0, 14) }, v: { N: '1' } }]);
  expect(Items?.[0]?.['ttl']).toEqual(Items?.[0]?.['deletesAtSeconds']);
  const text = JSON.stringify(Items);
  for (let at = 14; at + 6 <= key.length; at += 1) expect(text).not.toContain(key.slice(at, at + 6));
});

test('two simultaneous updates of one key both take effect', async () => {
  const { create, invoke } = await createKeyWorld(dynalite);
  const id = await create('events');
  const answers = await Promise.all([
    invoke('UpdateApiKey', { apiId: 'events', id, description: 'other' }),
    invoke('UpdateApiKey', { apiId: 'events', id, expires: now + 99 * day }),
  ]);
  expect(answers.map(({ error }) => error)).toEqual([undefined, undefined]);
  const { output } = await invoke('ListApiKeys', { apiId: 'events' });
  expect(output?.['apiKeys']).toMatchObject([{ description: 'other', expires: floor(now + 99 * day) }]);
});

describe('restJson answers', () => {
  test.each([
    ['an unknown path', rest('GET', '/v1/apis/control/keys'), 404, 'UnknownOperationException'],
    ['an unsupported method', rest('PUT', '/v1/apis/control/apikeys'), 404, 'UnknownOperationException'],
    ['a body that is not JSON', rest('POST', '/v1/apis/control/apikeys', '{'), 400, 'BadRequestException'],
    ['a body that is a list', rest('POST', '/v1/apis/control/apikeys', '[]'), 400, 'BadRequestException'],
    ['a string as expiry', rest('POST', '/v1/apis/control/apikeys', '{"expires":"soon"}'), 400, 'BadRequestException'],
    [
      'a page size that is not a number',
      rest('GET', '/v1/apis/control/apikeys', '', 'maxResults=x'),
      400,
      'BadRequestException',
    ],
    ['an empty part of the path', rest('GET', '/v1/apis//apikeys'), 404, 'UnknownOperationException'],
  ])('an AppSync request with %s is refused with an error code', async (_what, sent, status, code) => {
    const { open, send } = await createKeyWorld(dynalite);
    const answer = await send(sent, open);
    expect(answer).toMatchObject({ status, headers: { 'x-amzn-errortype': code }, json: { __type: code, code } });
  });

  test('an AppSync request ignores null and unknown members, and the path has precedence over the body', async () => {
    const { open, send } = await createKeyWorld(dynalite);
    const body = '{"apiId":"events","description":null,"expires":null,"colour":1}';
    expect(await send(rest('POST', '/v1/apis/control/apikeys', body), open)).toMatchObject({ status: 200 });
    const answer = await send(rest('GET', '/v1/apis/control/apikeys'), open);
    expect(answer.json['apiKeys']).toHaveLength(1);
  });
});
