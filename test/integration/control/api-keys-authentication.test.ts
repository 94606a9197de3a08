import { describe, expect, test } from 'vitest';
import { Failure } from '../../../lib/core/failure/failure.ts';
import { useDynalite } from '../../contract/dynamodb/subjects.ts';
import { awsJson, createKeyWorld, presigned, rest, signed, startMs, withKey } from './api-keys-world.ts';

const dynalite = useDynalite();
const done = { ListConnections: () => Promise.resolve({ Connections: [] }) };
const [hourMs, dayMs] = [3_600_000, 86_400_000];

const list = awsJson('ListConnections');
const listKeys = rest('GET', '/v1/apis/control/apikeys');

const createWorld = () => createKeyWorld(dynalite, done);

describe('a key for the `control` API', () => {
  test('a key for the `control` API works for EventBridge and AppSync, both in a header and as signing key', async () => {
    const world = await createWorld();
    const key = await world.create('control');
    expect(await world.send(withKey(list, key))).toMatchObject({ status: 200, json: { Connections: [] } });
    expect(await world.send(withKey(listKeys, key))).toMatchObject({ status: 200 });
    expect(await world.send(signed(list, key, startMs))).toMatchObject({ status: 200 });
    expect(await world.send(signed(listKeys, key, startMs, { service: 'appsync' }))).toMatchObject({ status: 200 });
  });
});

test('a presigned URL works until the URL or its key expires', async () => {
  const world = await createWorld();
  const [key, other] = [await world.create('control'), await world.create('events')];
  const url = presigned({ ...listKeys, query: 'maxResults=1' }, key, startMs, 3600);
  expect((await world.send(url)).json).toEqual({ apiKeys: [expect.objectContaining({ id: key.slice(0, 14) })] });
  expect((await world.send({ ...url, query: url.query.replace('maxResults=1', 'maxResults=2') })).status).toBe(401);
  expect((await world.send(presigned(listKeys, other, startMs, 60))).status).toBe(403);
  world.clock.set(startMs + 3_600_001);
  expect((await world.send(url)).status).toBe(401);
});

describe('the answer to a refused request', () => {
  test('the answer does not show whether a refused key is unknown, wrong, expired or deleted', async () => {
    const world = await createWorld();
    const [key, expiring, deleted] = [
      await world.create('control', { expires: startMs / 1000 + 10 * 86_400 }),
      await world.create('control', { expires: startMs / 1000 + 86_400 }),
      await world.create('control'),
    ];
    await world.invoke('DeleteApiKey', { apiId: 'control', id: deleted });
    world.clock.set(startMs + dayMs);
    const nowMs = world.clock.nowMs();
    const wrong = key.slice(0, -1) + (key.endsWith('a') ? 'b' : 'a');
    const refused = [
      withKey(list, 'da2-aaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'),
      withKey(list, wrong),
      withKey(list, 'anything'),
      withKey(list, key.slice(0, 14)),
      withKey(list, expiring),
      withKey(list, deleted),
      signed(list, wrong, nowMs),
      signed(list, expiring, nowMs),
      signed(list, deleted, nowMs),
      signed(list, key, nowMs - 300_001),
      signed(list, key, nowMs, { service: 's3' }),
      signed(list, key, nowMs, { region: 'eu-west-1' }),
      { ...signed(list, key, nowMs), body: '{"Limit":1}' },
      signed({ ...list, headers: { 'x-amz-target': 'AWSEvents.ListConnections' } }, key, nowMs),
      { ...list, headers: { ...list.headers, authorization: 'Bearer abc' } },
    ];
    const answers = await Promise.all(refused.map((sent) => world.send(sent)));
    expect(new Set(answers.map((answer) => JSON.stringify([answer.status, answer.json])))).toHaveLength(1);
    expect(answers[0]).toMatchObject({ status: 400, json: { __type: 'UnrecognizedClientException' } });
    expect(await world.send(signed(list, key, nowMs))).toMatchObject({ status: 200 });
  });

  test('a request without credentials is refused in the protocol of its service', async () => {
    const world = await createWorld();
    expect(await world.send(list)).toMatchObject({
      status: 400,
      json: { __type: 'MissingAuthenticationTokenException' },
    });
    expect(await world.send(listKeys)).toMatchObject({ status: 401, json: { __type: 'UnauthorizedException' } });
    expect(await world.send(withKey(listKeys, 'da2-'))).toMatchObject({
      status: 401,
      headers: { 'x-amzn-errortype': 'UnauthorizedException' },
    });
  });
});

test('a request with a wrong key is refused before its body or the table is read', async () => {
  const world = await createWorld();
  const answer = await world.send({ ...withKey(list, `da2-${'a'.repeat(42)}`), body: 'no JSON' });
  expect(answer.json.__type).toBe('UnrecognizedClientException');
  expect(world.faults.calls).toEqual(['rootSecret.read']);
});

test('a request to the function URL cannot look like a direct invocation', async () => {
  const world = await createWorld();
  for (const requestContext of [{}, null, 'none']) {
    const answer = await world.newWorker()({ operation: 'ListApiKeys', input: { apiId: 'control' }, requestContext }, {
      awsRequestId: 'r',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:123456789012:function:f',
    } as never);
    expect(answer).toMatchObject({ statusCode: 400 });
    expect(JSON.stringify(answer)).not.toContain('apiKeys');
  }
});

describe('a key that is', () => {
  test.each(['DeleteApiKey', 'UpdateApiKey'])(
    'a key that %s ends stops working in every worker within a minute',
    async (operation) => {
      const world = await createWorld();
      const key = await world.create('control', { expires: startMs / 1000 + 3 * 86_400 });
      const workers = [world.newWorker(), world.newWorker()];
      const statuses = async () =>
        await Promise.all(workers.map(async (worker) => (await world.send(withKey(list, key), worker)).status));
      world.clock.set(startMs + dayMs);
      expect(await statuses()).toEqual([200, 200]);
      const expires = world.clock.nowMs() / 1000 + 86_400;
      await world.invoke(operation, { apiId: 'control', id: key, expires });
      // The update makes the key valid for one more day.
      if (operation === 'UpdateApiKey') world.clock.set(world.clock.nowMs() + dayMs);
      world.clock.set(world.clock.nowMs() + 60_000);
      expect(await statuses()).toEqual([400, 400]);
    },
  );

  test('an expired key stops working at once, and works again when it is extended', async () => {
    const world = await createWorld();
    const key = await world.create('control', { expires: startMs / 1000 + 86_400 });
    const expiresMs = Math.floor((startMs + dayMs) / hourMs) * hourMs;
    world.clock.set(expiresMs - 1);
    expect((await world.send(withKey(list, key))).status).toBe(200);
    world.clock.set(expiresMs);
    expect((await world.send(withKey(list, key))).status).toBe(400);
    await world.invoke('UpdateApiKey', { apiId: 'control', id: key, expires: expiresMs / 1000 + 86_400 });
    world.clock.set(expiresMs + 60_000);
    expect((await world.send(withKey(list, key))).status).toBe(200);
  });
});

test('a cached key works for a minute while the table cannot be read', async () => {
  const world = await createWorld();
  const key = await world.create('control');
  expect((await world.send(withKey(list, key))).status).toBe(200);
  world.store.reachable = false;
  world.clock.set(startMs + 59_999);
  expect((await world.send(withKey(list, key))).status).toBe(200);
  world.clock.set(startMs + 60_000);
  expect(await world.send(withKey(list, key))).toMatchObject({ status: 500, json: { __type: 'InternalException' } });
  expect(await world.send(withKey(listKeys, key))).toMatchObject({
    status: 500,
    json: { __type: 'InternalFailureException' },
  });
  world.store.reachable = true;
  world.faults.fail('rootSecret.read', 'before', 'always');
  expect((await world.send(withKey(list, key))).status).toBe(500);
  expect(JSON.stringify(world.logged)).not.toContain(key.slice(14));
  expect(world.logged).toHaveLength(3);
});

test('a warm worker reads a key from the table only once a minute', async () => {
  const world = await createWorld();
  const [key, deleted] = [await world.create('control'), await world.create('control')];
  await world.invoke('DeleteApiKey', { apiId: 'control', id: deleted });
  world.faults.heal();
  for (let count = 0; count < 5; count += 1) {
    await world.send(withKey(list, key));
    await world.send(withKey(list, deleted));
  }
  expect(world.faults.calls.filter((call) => call === 'apiKeys.read')).toHaveLength(2);
});

test('the 51st request of a key within a second is throttled, and requests with other keys are not', async () => {
  const world = await createWorld();
  const [busy, other] = [await world.create('control'), await world.create('control')];
  for (let count = 0; count < 50; count += 1) expect((await world.send(withKey(list, busy))).status).toBe(200);
  expect(await world.send(withKey(list, busy))).toMatchObject({
    status: 400,
    headers: { 'retry-after': '1' },
    json: { __type: 'ThrottlingException' },
  });
  expect(await world.send(withKey(listKeys, busy))).toMatchObject({
    status: 429,
    headers: { 'retry-after': '1' },
    json: { __type: 'LimitExceededException' },
  });
  expect((await world.send(withKey(list, other))).status).toBe(200);
  world.clock.set(startMs + 1000);
  expect((await world.send(withKey(list, busy))).status).toBe(200);
});

describe('a key for the `events` API', () => {
  test.each([
    ['CreateConnection', awsJson('CreateConnection'), 400, 'events:CreateConnection'],
    ['ListConnections', list, 400, 'events:ListConnections'],
    ['CreateApiKey', rest('POST', '/v1/apis/events/apikeys', '{}'), 403, 'appsync:CreateApiKey'],
    ['ListApiKeys', rest('GET', '/v1/apis/events/apikeys'), 403, 'appsync:ListApiKeys'],
  ])('a key for the `events` API may not call %s', async (_name, sent, status, named) => {
    const refuse = () => Promise.reject(new Failure('StoreRefused', 'The operation was reached.'));
    const world = await createKeyWorld(dynalite, { CreateConnection: refuse, ListConnections: refuse });
    const key = await world.create('events');
    expect(await world.send(withKey(sent, key))).toMatchObject({
      status,
      json: { __type: 'AccessDeniedException', message: expect.stringContaining(named) },
    });
    expect(world.logged).toEqual([]);
  });

  test('a key for the `events` API may call PutEvents', async () => {
    const world = await createKeyWorld(dynalite, { PutEvents: (input) => Promise.resolve({ echoed: input }) });
    const key = await world.create('events');
    const body = { Entries: [{ Source: 's', DetailType: 't', Detail: '{}' }] };
    expect(await world.send(withKey(awsJson('PutEvents', body), key))).toMatchObject({
      status: 200,
      json: { echoed: body },
    });
  });
});
