import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { AppSyncClient, DeleteApiKeyCommand, ListApiKeysCommand } from '@aws-sdk/client-appsync';
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateConnectionCommand,
  EventBridgeClient,
  ListConnectionsCommand,
  ListRulesCommand,
  PutEventsCommand,
  PutRuleCommand,
} from '@aws-sdk/client-eventbridge';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createEventBridgeEventBus } from '../../../lib/adapters/aws/event-bus.ts';
import { putEvents } from '../../../lib/control/put-events.ts';
import type { JsonObject } from '../../../lib/core/input/json.ts';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import { type Clients, clientConfig } from '../../fixtures/clients.ts';
import { ownClients, ownStack, sharedStack } from '../../fixtures/stack.ts';

const lastmile = join(import.meta.dirname, '..', '..', '..', 'lib', 'commands', 'lastmile.ts');
const region = 'us-east-1';
const written: string[] = [];
let stack: Stack;
let clients: Clients;

const say = (text: string): void => void written.push(text);
sharedStack.override('stackOptions', {
  auth: true,
  environment: { CACHE_SECONDS: '0' },
  output: { line: say, error: say },
});

sharedStack.beforeAll(({ stack: startedStack, clientsWith }) => {
  [stack, clients] = [startedStack, clientsWith({ isOwner: true })];
});

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function keys(args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  const env = { ...process.env, AWS_ENDPOINT_URL: stack.url, ...environment };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [lastmile, 'keys', ...args], { env }, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

async function createKey(api: 'control' | 'events'): Promise<string> {
  return (await keys(['create', '--api', api])).stdout.trim();
}

/** Clients that sign with this key, until the test ends. */
function clientsWith(apiKey: string) {
  const appsync = new AppSyncClient(clientConfig(stack.url, { apiKey }));
  onTestFinished(() => appsync.destroy());
  return { ...ownClients(stack, { apiKey }), appsync };
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'none');
const entry = { Source: 'shop', DetailType: 'Order Placed', Detail: '{"order":7}' };

describe('lastmile keys', () => {
  test('lastmile keys shows a whole key only when it creates the key', async () => {
    const created = await keys(['create', '--api', 'events', '--description', 'the shop', '--days', '1']);
    expect(created).toMatchObject({ status: 0, stdout: expect.stringMatching(/^da2-[a-z2-7]{42}\n$/) });
    const id = created.stdout.slice(0, 14);
    const updated = await keys(['update', id, '--api', 'events', '--days', '365']);
    expect(updated.stdout).toMatch(new RegExp(`^${id}  expires \\S+:00:00Z  kept until \\S+:00:00Z  the shop\n$`));
    const listed = await keys(['list', '--api', 'events']);
    expect(listed.stdout).toContain(updated.stdout);
    expect(listed.stdout).not.toContain(created.stdout.slice(14).trim());
    const asJson = (await keys(['list', '--api', 'events', '--json'])).stdout.trimEnd().split('\n');
    expect(asJson.map((line) => JSON.parse(line) as unknown)).toContainEqual(
      expect.objectContaining({ id, description: 'the shop', expires: expect.any(Number) }),
    );
    expect(await keys(['delete', created.stdout.trim(), '--api', 'events'])).toMatchObject({
      status: 0,
      stdout: `deleted  ${id}\n`,
    });
    expect((await keys(['list', '--api', 'events'])).stdout).not.toContain(id);
  });

  test.each([
    ['a missing API', ['create'], 2, '--api'],
    ['an unknown action', ['make', '--api', 'control'], 2, 'create, list, update or delete'],
    ['a missing key', ['delete', '--api', 'control'], 2, 'Name one key'],
    ['a flag of another action', ['list', '--api', 'control', '--days', '3'], 2, '--days'],
    ['a part of a day', ['create', '--api', 'control', '--days', '3.5'], 2, '--days'],
    [
      'a validity of 366 days',
      ['create', '--api', 'control', '--days', '366'],
      1,
      'ApiKeyValidityOutOfBoundsException',
    ],
    ['an unknown API', ['create', '--api', 'orders'], 1, 'NotFoundException'],
    ['an unknown key', ['update', 'da2-aaaaaaaaaa', '--api', 'control'], 1, 'NotFoundException'],
  ])('lastmile keys refuses %s and prints the reason', async (_what, args, status, text) => {
    const ended = await keys(args);
    expect([ended.status, ended.stdout]).toEqual([status, '']);
    expect(ended.stderr).toContain(text);
  });

  test('lastmile keys names the address when it cannot reach the function', async () => {
    const ended = await keys(['list', '--api', 'control'], { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' });
    expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining('http://127.0.0.1:9') });
  });
});

describe('with --auth', () => {
  test('a stack with --auth accepts a key for the `control` API for EventBridge and AppSync', async () => {
    const key = await createKey('control');
    const { events, appsync } = clientsWith(key);
    const AuthParameters = { ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue: 'value' } };
    await events.send(new CreateConnectionCommand({ Name: 'shop', AuthorizationType: 'API_KEY', AuthParameters }));
    expect((await events.send(new ListConnectionsCommand({}))).Connections).toMatchObject([{ Name: 'shop' }]);
    await events.send(new PutRuleCommand({ Name: 'orders', EventPattern: '{"source":["nobody"]}' }));
    expect((await events.send(new PutEventsCommand({ Entries: [entry] }))).FailedEntryCount).toBe(0);
    const { apiKeys = [] } = await appsync.send(new ListApiKeysCommand({ apiId: 'control' }));
    expect(apiKeys.map(({ id }) => id)).toContain(key.slice(0, 14));
  });

  test('a stack with --auth accepts a key for the `events` API only for PutEvents', async () => {
    const key = await createKey('events');
    const { events, appsync } = clientsWith(key);
    expect((await events.send(new PutEventsCommand({ Entries: [entry] }))).FailedEntryCount).toBe(0);
    const denied = await Promise.all([
      events.send(new ListRulesCommand({})).catch(nameOf),
      events.send(new ListConnectionsCommand({})).catch(nameOf),
      appsync.send(new ListApiKeysCommand({ apiId: 'events' })).catch(nameOf),
    ]);
    expect(new Set(denied)).toEqual(new Set(['AccessDeniedException']));
    await expect(events.send(new ListRulesCommand({}))).rejects.toThrow('events:ListRules');
  });

  test('only a stack with --auth refuses credentials that are not an API key', async () => {
    const open = await ownStack();
    for (const command of [
      new ListConnectionsCommand({}),
      new ListRulesCommand({}),
      new PutEventsCommand({ Entries: [entry] }),
    ]) {
      const send = (to: Stack) =>
        ownClients(to, { apiKey: 'local' })
          .events.send(command as ListRulesCommand)
          .then(() => 'done', nameOf);
      expect([await send(stack), await send(open)]).toEqual(['UnrecognizedClientException', 'done']);
    }
    const unsigned = await fetch(stack.url, {
      method: 'POST',
      headers: { 'x-amz-target': 'AWSEvents.PutEvents' },
      body: JSON.stringify({ Entries: [entry] }),
    });
    expect([unsigned.status, await unsigned.json()]).toMatchObject([
      400,
      { __type: 'MissingAuthenticationTokenException' },
    ]);
  });

  test('a request without a signature is accepted with an API key in the header x-api-key', async () => {
    const key = await createKey('events');
    const headers = { 'x-amz-target': 'AWSEvents.PutEvents', 'x-api-key': key };
    const answer = await fetch(stack.url, { method: 'POST', headers, body: JSON.stringify({ Entries: [entry] }) });
    expect([answer.status, await answer.json()]).toMatchObject([200, { FailedEntryCount: 0 }]);
  });

  test('a stack with --auth refuses a deleted key and an expired key', async () => {
    const [deleted, expired] = [await createKey('control'), await createKey('control')];
    const list = async (key: string) =>
      await clientsWith(key)
        .events.send(new ListConnectionsCommand({}))
        .then(() => 'done', nameOf);
    expect([await list(deleted), await list(expired)]).toEqual(['done', 'done']);
    await clientsWith(deleted).appsync.send(new DeleteApiKeyCommand({ apiId: 'control', id: deleted }));
    await clients.dynamoDb.send(
      new UpdateItemCommand({
        TableName: 'lastmile-local',
        Key: { pk: { S: 'API_KEY#control' }, sk: { S: expired.slice(0, 14) } },
        UpdateExpression: 'SET expiresAtSeconds = :then',
        ExpressionAttributeValues: { ':then': { N: '1700000000' } },
      }),
    );
    expect([await list(deleted), await list(expired)]).toEqual([
      'UnrecognizedClientException',
      'UnrecognizedClientException',
    ]);
  });

  test('the stack prints no part of a key except its public id', async () => {
    const key = await createKey('control');
    await clientsWith(key).events.send(new ListConnectionsCommand({}));
    await fetch(`${stack.url}/v1/apis/control/apikeys/${key}`, { method: 'DELETE', headers: { 'x-api-key': key } });
    expect(written.join('\n')).not.toContain(key.slice(14, 30));
  });
});

describe('PutEvents of a deployed stack', () => {
  let open: Stack;

  beforeEach(async () => {
    open = await ownStack();
  });

  const put = (eventBusName: string, input: JsonObject) => {
    const eventBus = createEventBridgeEventBus(clientConfig(open.url), eventBusName);
    const caller = { region, account: '123456789012', partition: 'aws', requestId: 'r' };
    return putEvents({ eventBus, eventBusName })(input, caller);
  };
  const accepted = { EventId: expect.any(String) };

  test('PutEvents returns a result for each entry in order, also for failed entries', async () => {
    const Entries = [
      { ...entry, Time: 1_767_225_600.5, Resources: ['a'] },
      { ...entry, EventBusName: 'another' },
      { ...entry, Detail: '[]' },
      { Source: 's', Detail: '{}' },
      { ...entry, EventBusName: 'default' },
    ];
    expect(await put('default', { Entries })).toEqual({
      FailedEntryCount: 3,
      Entries: [
        accepted,
        { ErrorCode: 'InvalidArgument', ErrorMessage: expect.stringContaining('EventBusName') },
        { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' },
        { ErrorCode: 'InvalidArgument', ErrorMessage: expect.stringContaining('DetailType') },
        accepted,
      ],
    });
  });

  test('PutEvents refuses an entry that names a bus other than the configured one', async () => {
    const arn = (name: string, account = '123456789012') => `arn:aws:events:us-east-1:${account}:event-bus/${name}`;
    const Entries = [
      { ...entry, EventBusName: arn('default') },
      { ...entry, EventBusName: arn('default', '999999999999') },
    ];
    expect(await put(arn('default'), { Entries })).toMatchObject({ FailedEntryCount: 1, Entries: [accepted, {}] });
    expect(await put('orders', { Entries: [entry, { ...entry, EventBusName: 'default' }] })).toMatchObject({
      FailedEntryCount: 1,
      Entries: [accepted, { ErrorCode: 'InvalidArgument' }],
    });
  });

  test('PutEvents returns the error of EventBridge when EventBridge refuses the whole request', async () => {
    const Entries = [{ ...entry, Detail: JSON.stringify({ text: 'x'.repeat(1_048_576) }) }];
    await expect(put('default', { Entries })).rejects.toMatchObject({ code: 'ValidationException' });
    await expect(put('default', { Entries: [entry], EndpointId: 'abc.def' })).rejects.toThrow('EndpointId');
  });
});

describe('events put through IAM, by invoking control-api', () => {
  const payload = JSON.stringify({
    operation: 'PutEvents',
    input: { Entries: [{ Source: 'shop', DetailType: 'Order Placed', Detail: '{}' }] },
  });

  test('events that are put by invoking control-api reach the bus of a stack with --auth', async () => {
    const { Payload } = await clients.lambda.send(new InvokeCommand({ FunctionName: 'control-api', Payload: payload }));
    expect(JSON.parse(Payload?.transformToString() ?? '')).toMatchObject({ output: { FailedEntryCount: 0 } });
  });

  test('a caller that uses the function name control-api as access key id cannot put events', async () => {
    const credentials = { accessKeyId: 'control-api', secretAccessKey: 'local' };
    const events = new EventBridgeClient({ region, endpoint: stack.url, credentials });
    const Entries = [{ Source: 'shop', DetailType: 'Order Placed', Detail: '{}' }];
    await expect(events.send(new PutEventsCommand({ Entries }))).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    });
  });
});
