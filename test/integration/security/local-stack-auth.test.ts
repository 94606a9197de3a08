import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  ListConnectionsCommand,
  PutEventsCommand,
} from '@aws-sdk/client-eventbridge';
import { GetItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { GetSecretValueCommand, ListSecretsCommand } from '@aws-sdk/client-secrets-manager';
import { GetQueueUrlCommand, ListQueuesCommand, PurgeQueueCommand } from '@aws-sdk/client-sqs';
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import type { Clients } from '../../fixtures/clients.ts';
import { ownClients, ownStack, sharedStack } from '../../fixtures/stack.ts';
import type { RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';

const lastmile = join(import.meta.dirname, '..', '..', '..', 'lib', 'commands', 'lastmile.ts');
let stack: Stack;
let endpoint: RecordingEndpoint;
let strangers: Clients;
let owners: Clients;
let publishers: Clients;
let controlKey: string;

sharedStack.override('stackOptions', { auth: true, environment: { CACHE_SECONDS: '0' } });

function newKey(api: 'control' | 'events'): Promise<string> {
  const env = { ...process.env, AWS_ENDPOINT_URL: stack.url };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [lastmile, 'keys', 'create', '--api', api], { env }, (error, stdout, stderr) =>
      error === null ? resolve(stdout.trim()) : reject(new Error(stderr)),
    );
  });
}

sharedStack.beforeAll(async ({ stack: started, clientsWith, endpoint: opened }) => {
  [stack, endpoint] = [started, opened];
  const [control, publishing] = await Promise.all([newKey('control'), newKey('events')]);
  controlKey = control;
  strangers = clientsWith({});
  owners = clientsWith({ apiKey: controlKey });
  publishers = clientsWith({ apiKey: publishing });
});

const queueUrl = () => `${stack.url}/123456789012/lastmile-local-deliveries`;
const item = { TableName: 'lastmile-local', Key: { pk: { S: 'CONNECTION' }, sk: { S: 'shop' } } };
const listing = { FunctionName: 'control-api', Payload: '{"operation":"ListConnections"}' };

const calls: readonly (readonly [string, (clients: Clients) => Promise<unknown>])[] = [
  ['Invoke', ({ lambda }) => lambda.send(new InvokeCommand(listing))],
  ['Invoke, asynchronous', ({ lambda }) => lambda.send(new InvokeCommand({ ...listing, InvocationType: 'Event' }))],
  [
    'GetSecretValue of the root secret',
    ({ secrets }) => secrets.send(new GetSecretValueCommand({ SecretId: 'lastmile/local/root' })),
  ],
  ['ListSecrets', ({ secrets }) => secrets.send(new ListSecretsCommand({}))],
  ['ListQueues', ({ sqs }) => sqs.send(new ListQueuesCommand({}))],
  ['PurgeQueue', ({ sqs }) => sqs.send(new PurgeQueueCommand({ QueueUrl: queueUrl() }))],
  ['GetItem', ({ dynamoDb }) => dynamoDb.send(new GetItemCommand(item))],
  ['Scan', ({ dynamoDb }) => dynamoDb.send(new ScanCommand({ TableName: item.TableName }))],
];

describe('with --auth', () => {
  test.each(calls)('%s without a key of the stack is refused, and is performed with one', async (_name, call) => {
    await expect(call(strangers)).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
    await expect(call(publishers)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(call(owners)).resolves.toBeDefined();
  });

  test.each([
    ['POST', '/2015-03-31/functions/control-api/invocations', {}],
    ['POST', '/', { 'x-amz-target': 'secretsmanager.GetSecretValue' }],
    ['POST', '/', { 'x-amz-target': 'AmazonSQS.PurgeQueue' }],
    ['POST', '/', { 'x-amz-target': 'DynamoDB_20120810.Scan' }],
    ['POST', '/123456789012/lastmile-local-deliveries', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['GET', '/123456789012/lastmile-local-deliveries?Action=PurgeQueue', {}],
    ['POST', '/_lastmile/reset', {}],
    ['POST', '/', { 'x-amz-target': 'Lastmile.GetDeliveryPolicy' }],
    ['GET', '/v1/apis/control/apikeys', {}],
  ] as const)('an unsigned %s %s with the headers %j is refused', async (method, path, headers) => {
    const answer = await fetch(`${stack.url}${path}`, { method, headers, ...(method === 'POST' && { body: '{}' }) });
    expect([400, 401, 403]).toContain(answer.status);
    const text = `${answer.headers.get('x-amzn-errortype')} ${await answer.text()}`;
    expect(text).toMatch(/MissingAuthenticationToken|Unauthorized/);
  });

  test.each(['deliver', 'control-api', 'owner'])(
    'the name %s without its secret opens nothing',
    async (accessKeyId) => {
      const credential = `Credential=${accessKeyId}/20260101/us-east-1/secretsmanager/aws4_request`;
      const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=${'0'.repeat(64)}`;
      const headers = { authorization, 'x-amz-target': 'secretsmanager.GetSecretValue' };
      const answer = await fetch(stack.url, { method: 'POST', headers, body: '{"SecretId":"lastmile/local/root"}' });
      expect(answer.status).toBe(403);
      expect(await answer.text()).toContain('UnrecognizedClientException');
    },
  );

  test("the functions sign for themselves: an event of a publisher arrives with the connection's key", async () => {
    const AuthParameters = { ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue: 'opensesame' } };
    const connection = { Name: 'shop', AuthorizationType: 'API_KEY', AuthParameters } as const;
    const { ConnectionArn } = await owners.events.send(new CreateConnectionCommand(connection));
    const destination = {
      Name: 'orders',
      ConnectionArn,
      InvocationEndpoint: `${endpoint.origin}/`,
      HttpMethod: 'POST',
    } as const;
    await owners.events.send(new CreateApiDestinationCommand(destination));
    const entry = { Source: 'shop', DetailType: 'Order Placed', Detail: '{}' };
    expect(await publishers.events.send(new PutEventsCommand({ Entries: [entry] }))).toMatchObject({
      FailedEntryCount: 0,
    });
    const Payload = JSON.stringify({ apiDestination: 'orders', event: { id: 'e-1' } });
    const { Payload: answer } = await owners.lambda.send(new InvokeCommand({ FunctionName: 'deliver', Payload }));
    expect(JSON.parse(Buffer.from(answer ?? []).toString())).toMatchObject({ outcome: 'delivered' });
    expect(endpoint.requests.at(-1)?.headers).toMatchObject({ 'x-key': 'opensesame' });
    const { QueueUrl } = await owners.sqs.send(new GetQueueUrlCommand({ QueueName: 'lastmile-local-deliveries' }));
    expect(QueueUrl).toBe(queueUrl());
  });

  test('the health is shown to everybody', async () => {
    expect((await fetch(`${stack.url}/_lastmile/health`)).status).toBe(200);
  });
});

test.each([
  [
    'a header that is no API key',
    async (url: string) => {
      const headers = { 'x-amz-target': 'AWSEvents.ListConnections', 'x-api-key': 'nonsense' };
      expect((await fetch(url, { method: 'POST', headers })).status).toBe(400);
    },
    'The last one named no key.',
  ],
  [
    'an unknown access key',
    async (url: string) => {
      await expect(ownClients({ url }).events.send(new ListConnectionsCommand({}))).rejects.toThrow();
    },
    'The last one named the key any.',
  ],
])('the terminal says in whole sentences that a request with %s was refused', async (_which, ask, sentence) => {
  const errors: string[] = [];
  const output = { line: () => undefined, error: (text: string) => void errors.push(text) };
  const own = await ownStack({ auth: true, output });
  await ask(own.url);
  await own.stop();
  expect(errors).toEqual([`1 request had no valid key. ${sentence}`]);
});

describe('the console of a stack with --auth', () => {
  /** Opens the first URL as a browser does, and returns the headers of a call of the page. */
  async function openConsole(): Promise<Record<string, string>> {
    const opened = await fetch(stack.consoleUrl, { redirect: 'manual', headers: { accept: 'text/html' } });
    const [cookie = ''] = opened.headers.getSetCookie()[0]?.split(';') ?? [];
    return { cookie, origin: stack.url, 'content-type': 'application/json' };
  }

  async function call(operation: string, headers: Record<string, string>): Promise<Response> {
    const body = JSON.stringify({ operation, input: {}, region: 'eu-west-1' });
    return await fetch(`${stack.url}/_console/api`, { method: 'POST', headers, body });
  }

  test('the console performs operations of the control API and of the bus without an API key, because its link holds a token', async () => {
    const headers = await openConsole();
    expect(await (await call('ListConnections', headers)).json()).toEqual({ Connections: [] });
    expect(await (await call('ListRules', headers)).json()).toEqual({ Rules: [] });
  });

  test('the console shows a refusal of the bus and of the control API with the code of the service', async () => {
    const headers = await openConsole();
    for (const operation of ['DescribeConnection', 'DescribeRule'])
      expect(await (await call(operation, headers)).json()).toMatchObject({ __type: 'ValidationException' });
  });

  test('without the cookie the console of a stack performs nothing', async () => {
    const { cookie: _, ...headers } = await openConsole();
    expect((await call('ListConnections', headers)).status).toBe(401);
  });
});

test('a reset of a stack with --auth needs a key, and ends all keys but that of its owner', async () => {
  const own = await ownStack({ auth: true });
  const file = join(homedir(), '.lastmile', `${own.port}.key`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const reset = (headers: Record<string, string> = {}) =>
    fetch(`${own.url}/_lastmile/reset`, { method: 'POST', headers });
  stack = own;
  const key = await newKey('control');
  expect((await reset()).status).toBe(403);
  expect((await reset({ 'x-api-key': controlKey })).status).toBe(403);
  expect((await reset({ 'x-api-key': key })).status).toBe(200);
  expect((await reset({ 'x-api-key': key })).status).toBe(403);
  expect(await newKey('control')).toMatch(/^da2-/);
  await own.stop();
  expect(() => statSync(file)).toThrow('ENOENT');
});
