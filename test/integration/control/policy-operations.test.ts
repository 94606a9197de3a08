import { execFile } from 'node:child_process';
import { join } from 'node:path';
import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  type EventBridgeClient,
  ListConnectionsCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import type { Clients } from '../../fixtures/clients.ts';
import { ownClients, sharedStack } from '../../fixtures/stack.ts';

/* Calls the policy operations of a stack that requires API keys: signed, with a key in a header, and by direct invocation. */

const lastmile = join(import.meta.dirname, '..', '..', '..', 'lib', 'commands', 'lastmile.ts');
const secretArn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:tls-AbCdEf';
const sink = { ApiDestinationName: 'sink' };
let stack: Stack;
let clients: Clients;
let keys: { readonly control: string; readonly events: string };
let events: EventBridgeClient;

sharedStack.override('stackOptions', { auth: true });

sharedStack.beforeAll(async ({ stack: startedStack, clientsWith }) => {
  [stack, clients] = [startedStack, clientsWith({ isOwner: true })];
  const [control = '', forEvents = ''] = await Promise.all(
    ['control', 'events'].map(async (api) => (await run('keys', 'create', '--api', api)).stdout.trim()),
  );
  keys = { control, events: forEvents };
  events = clientsWith({ apiKey: control }).events;
  const { ConnectionArn } = await events.send(
    new CreateConnectionCommand({
      Name: 'orders',
      AuthorizationType: 'BASIC',
      AuthParameters: { BasicAuthParameters: { Username: 'someone', Password: 'password-canary' } },
    }),
  );
  const InvocationEndpoint = 'https://example.com/';
  await events.send(
    new CreateApiDestinationCommand({ Name: 'sink', ConnectionArn, InvocationEndpoint, HttpMethod: 'POST' }),
  );
});

/** Calls an operation that the SDK does not have; the SDK only signs the request. */
async function signedCall(client: EventBridgeClient, operation: string, input: object) {
  const send = new ListConnectionsCommand({});
  send.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { headers: Record<string, string>; body: string };
      request.headers['x-amz-target'] = `Lastmile.${operation}`;
      request.body = JSON.stringify(input);
      request.headers['content-length'] = String(Buffer.byteLength(request.body));
      return next(args);
    },
    { step: 'build', priority: 'low' },
  );
  return await client.send(send);
}

/** Calls with the API key in a header and without a signature. */
async function keyedCall(key: string, operation: string, input: unknown) {
  const headers = { 'x-api-key': key, 'x-amz-target': `Lastmile.${operation}` };
  const answer = await fetch(stack.url, { method: 'POST', headers, body: JSON.stringify(input) });
  return { status: answer.status, json: (await answer.json()) as Readonly<Record<string, unknown>> };
}

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, ...args: readonly string[]): Promise<Ended> {
  return runWith({ ...process.env, AWS_ENDPOINT_URL: stack.url, AWS_REGION: 'us-east-1' }, command, ...args);
}

function runWith(env: NodeJS.ProcessEnv, command: string, ...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [lastmile, command, ...args], { env }, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

describe('a delivery policy', () => {
  test('a delivery policy can be put by a signed request, read with a key in a header, and deleted by lastmile policy', async () => {
    const policy = {
      TimeoutSeconds: 20.5,
      MaximumConcurrency: 10_000,
      Burst: 3,
      ClientCertificateSecretArn: secretArn,
    };
    await signedCall(events, 'PutDeliveryPolicy', { ...sink, ...policy });
    const shown = await keyedCall(keys.control, 'GetDeliveryPolicy', sink);
    expect(shown).toMatchObject({ status: 200, json: { ...sink, ...policy } });
    const taken = await run('policy', 'DeleteDeliveryPolicy', JSON.stringify(sink));
    expect(taken).toEqual({ status: 0, stdout: '{}\n', stderr: '' });
    expect((await keyedCall(keys.control, 'GetDeliveryPolicy', sink)).json).toMatchObject({
      __type: 'ResourceNotFoundException',
    });
  });

  test('a delivery policy cannot be accessed without a key or with a key for the `events` API', async () => {
    const denied = { name: 'AccessDeniedException', message: expect.stringContaining('PutDeliveryPolicy') };
    const client = ownClients(stack, { apiKey: keys.events }).events;
    await expect(signedCall(client, 'PutDeliveryPolicy', { ...sink, Burst: 2 })).rejects.toMatchObject(denied);
    expect((await keyedCall('', 'PutDeliveryPolicy', { ...sink, Burst: 2 })).json).toMatchObject({
      __type: 'MissingAuthenticationTokenException',
    });
  });

  const refused: readonly (readonly [when: string, input: unknown, message: string])[] = [
    [
      'ApiDestinationName is missing',
      { Burst: 2 },
      "Value null at 'apiDestinationName' failed to satisfy constraint: Member must not be null",
    ],
    [
      'TimeoutSeconds is 0.05',
      { ...sink, TimeoutSeconds: 0.05 },
      "Value '0.05' at 'timeoutSeconds' failed to satisfy constraint: Member must have value greater than or equal to 0.1",
    ],
    ['TimeoutSeconds is a billion', { ...sink, TimeoutSeconds: 1e9 }, "at 'timeoutSeconds' failed"],
    [
      'TimeoutSeconds is a string',
      { ...sink, TimeoutSeconds: '20' },
      "'timeoutSeconds' must be a number, not a string.",
    ],
    ['MaximumConcurrency is 0', { ...sink, MaximumConcurrency: 0 }, "at 'maximumConcurrency' failed"],
    ['MaximumConcurrency is 10001', { ...sink, MaximumConcurrency: 10_001 }, "at 'maximumConcurrency' failed"],
    [
      'MaximumConcurrencyPerWorker is 0',
      { ...sink, MaximumConcurrencyPerWorker: 0 },
      "at 'maximumConcurrencyPerWorker' failed",
    ],
    [
      'MaximumConcurrencyPerWorker is 1.5',
      { ...sink, MaximumConcurrencyPerWorker: 1.5 },
      "'maximumConcurrencyPerWorker' must be an integer",
    ],
    ['Burst is 1001', { ...sink, Burst: 1001 }, "at 'burst' failed"],
    [
      'InvocationRateLimit is none in lower case',
      { ...sink, InvocationRateLimit: 'none' },
      "at 'invocationRateLimit' failed to satisfy constraint: Member must satisfy enum value set: [NONE]",
    ],
    [
      'MaximumRetryAttempts is 186',
      { ...sink, RetryPolicy: { MaximumRetryAttempts: 186 } },
      "at 'retryPolicy.maximumRetryAttempts' failed",
    ],
    [
      'MaximumEventAgeInSeconds is 59',
      { ...sink, RetryPolicy: { MaximumEventAgeInSeconds: 59 } },
      "at 'retryPolicy.maximumEventAgeInSeconds' failed",
    ],
    [
      'RetryableStatuses contains 600',
      { ...sink, RetryableStatuses: [404, 600] },
      "Value '[404, 600]' at 'retryableStatuses' failed",
    ],
    [
      'RetryableStatuses has 51 entries',
      { ...sink, RetryableStatuses: Array.from({ length: 51 }, () => 404) },
      "at 'retryableStatuses' failed",
    ],
    [
      'RetryableStatuses contains 204',
      { ...sink, RetryableStatuses: [204] },
      'Parameter RetryableStatuses is not valid.',
    ],
    ['Signing has no SecretArn', { ...sink, Signing: {} }, "at 'signing.secretArn' failed"],
    [
      'ClientCertificateSecretArn is not an ARN',
      { ...sink, ClientCertificateSecretArn: 'tls' },
      "at 'clientCertificateSecretArn' failed",
    ],
    [
      'CaCertificateSecretArn ends with a blank',
      { ...sink, CaCertificateSecretArn: `${secretArn} ` },
      "at 'caCertificateSecretArn' failed",
    ],
    ['ServerName contains a blank', { ...sink, ServerName: 'a b' }, "at 'serverName' failed"],
    ['ProxyUrl has the scheme socks', { ...sink, ProxyUrl: 'socks://proxy.example' }, "at 'proxyUrl' failed"],
    [
      'ApiDestinationName has 65 characters',
      { ...sink, ApiDestinationName: 'x'.repeat(65) },
      "at 'apiDestinationName' failed",
    ],
    [
      'the API destination does not exist',
      { ApiDestinationName: 'nowhere' },
      "An api-destination 'nowhere' does not exist.",
    ],
    ['the input is a string', 'text', 'The request body must be an object'],
  ];

  test.each(refused)(
    'PutDeliveryPolicy is refused with a message that names the cause when %s',
    async (_when, input, message) => {
      const { status, json } = await keyedCall(keys.control, 'PutDeliveryPolicy', input);
      expect([status, String(json['message'])]).toEqual([400, expect.stringContaining(message)]);
    },
  );

  test('PutDeliveryPolicy refuses a proxy URL with a password, and the error does not show the password', async () => {
    const ProxyUrl = 'http://jo:proxy-canary@proxy.example:3128';
    const { json } = await keyedCall(keys.control, 'PutDeliveryPolicy', { ...sink, ProxyUrl });
    expect(json['message']).toContain("Value 'http://***@proxy.example:3128' at 'proxyUrl' failed");
    expect(JSON.stringify(json)).not.toContain('proxy-canary');
  });
});

test('a connection policy can be put, read and deleted', async () => {
  const orders = { ConnectionName: 'orders' };
  const SecretString = '{"username":"someone","password":"password-canary"}';
  const { ARN } = await clients.secrets.send(new CreateSecretCommand({ Name: 'team/orders', SecretString }));
  const policy = { AllowedHosts: ['api.example.com', '*.example.org'], SecretArn: ARN };
  await keyedCall(keys.control, 'PutConnectionPolicy', { ...orders, ...policy });
  const { status, stdout } = await run('policy', 'GetConnectionPolicy', JSON.stringify(orders));
  expect([status, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ ...orders, ...policy })]);
  expect((await keyedCall(keys.control, 'DeleteConnectionPolicy', orders)).json).toEqual({});
  for (const AllowedHosts of [[], Array.from({ length: 51 }, (_, index) => `${index}.example`)]) {
    const { json } = await keyedCall(keys.control, 'PutConnectionPolicy', { ...orders, AllowedHosts });
    expect(json['message']).toContain("at 'allowedHosts' failed");
  }
});

test('an operation of EventBridge is unknown under the target prefix of Lastmile', async () => {
  const { status, json } = await keyedCall(keys.control, 'ListConnections', {});
  expect([status, json['__type']]).toEqual([400, 'UnknownOperationException']);
});

test('the history of deliveries can be read with a key for the `control` API, and not with one for the `events` API', async () => {
  const { status, json } = await keyedCall(keys.control, 'ListDeliveries', {});
  expect([status, json]).toEqual([200, { Deliveries: [] }]);
  const asked = { EventId: 'event-1', ApiDestinationName: 'sink' };
  expect((await keyedCall(keys.control, 'GetDelivery', asked)).json['__type']).toBe('ResourceNotFoundException');
  const client = ownClients(stack, { apiKey: keys.events }).events;
  const denied = (operation: string) => ({
    name: 'AccessDeniedException',
    message: expect.stringContaining(`events:${operation}`),
  });
  await expect(signedCall(client, 'ListDeliveries', {})).rejects.toMatchObject(denied('ListDeliveries'));
  await expect(signedCall(client, 'GetDelivery', asked)).rejects.toMatchObject(denied('GetDelivery'));
});

describe('lastmile policy', () => {
  const unusable: readonly (readonly [args: readonly string[], status: number, line: string])[] = [
    [['PutEverything', '{}'], 2, 'Start with pause, resume or the name of an operation. See npm run policy -- --help.'],
    [[], 2, 'npm run policy -- pause <destination>'],
    [['getDeliveryPolicy', '{}'], 2, 'Did you mean GetDeliveryPolicy?'],
    [['pause'], 2, 'Name one API destination after pause.'],
    [['resume', 'sink', 'orders'], 2, 'Name one API destination after resume.'],
    [['UpdateDeliveryPolicy'], 2, 'Name one API destination after UpdateDeliveryPolicy.'],
    [['UpdateConnectionPolicy', 'shop', 'sink'], 2, 'Name one connection after UpdateConnectionPolicy.'],
    [['GetConnectionPolicy', 'shop'], 2, `Write it in single quotes: GetConnectionPolicy '{"ConnectionName": "..."}'.`],
    [['health', 'sink'], 2, 'The health of endpoints has a command of its own: npm run health.'],
    [['pause', 'sink', '--until', '2099-12-24T18:00:00'], 2, '--until must be a time such as 2026-12-24T18:00:00Z.'],
    [['pause', 'sink', '--until', '2099-13-24T18:00:00Z'], 2, '--until must be a time'],
    [['resume', 'sink', '--until', '2099-12-24T18:00:00Z'], 2, 'Only pause takes --until.'],
    [['pause', 'sink', '--until', '2020-12-24T18:00:00+01:00'], 1, 'Parameter Until is not valid.'],
    [['pause', 'nowhere'], 1, 'ResourceNotFoundException: Failed to update the api-destination(s).'],
    [['GetDeliveryPolicy'], 2, 'Give the input of GetDeliveryPolicy as one JSON object.'],
    [['GetDeliveryPolicy', '{"ApiDestinationName": argument-canary'], 2, 'The input is not a JSON object.'],
    [['GetDeliveryPolicy', '{}', '--nonsense'], 2, "Unknown option '--nonsense'. See npm run policy -- --help.\n"],
    [['GetDeliveryPolicy', '{}'], 1, 'ValidationException: 1 validation error detected'],
    [['GetDeliveryPolicy', '{}', '--endpoint-url', 'http://127.0.0.1:1'], 1, 'No local stack answers at'],
  ];

  test.each(unusable.map(([args, ...expected]) => [args.join(' '), ...expected, args] as const))(
    '"lastmile policy %s" ends with status %d and prints the reason',
    async (_text, status, line, args) => {
      const ended = await run('policy', ...args);
      expect([ended.status, ended.stdout]).toEqual([status, '']);
      expect(ended.stderr).toContain(line);
      expect(ended.stderr).not.toContain('canary');
    },
  );

  test('lastmile policy pauses and resumes a destination, and lastmile health shows its state', async () => {
    const paused = await run('policy', 'pause', 'sink', '--until', '2099-12-24T18:00:00Z');
    expect(paused).toMatchObject({ status: 0, stderr: '' });
    expect(paused.stdout).toMatch(/^sink  PAUSED until 2099-12-24T18:00:00Z\nNo event is lost\. [^\n]+\n$/);
    expect((await run('policy', 'pause', 'sink')).stdout).toContain('sink  PAUSED until resumed\n');
    expect((await run('health')).stdout).toContain('\nPAUSED until resumed  sink');
    const resumed = { status: 0, stdout: 'sink  HEALTHY\n', stderr: '' };
    expect(await run('policy', 'resume', 'sink')).toEqual(resumed);
    const paused1 = await run('policy', 'pause', 'sink', '--json');
    expect(JSON.parse(paused1.stdout)).toMatchObject({ Name: 'sink', State: 'PAUSED' });
  });

  test('lastmile policy calls the local stack, never AWS, when AWS_ENDPOINT_URL is empty', async () => {
    const env = { ...process.env, AWS_ENDPOINT_URL: '', AWS_REGION: 'us-east-1' };
    const { stderr } = await runWith(env, 'policy', 'GetDeliveryPolicy', '{}');
    expect(stderr).not.toContain('amazonaws.com');
  });

  test('lastmile policy prints its usage', async () => {
    expect(await run('policy', '--help')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('PutConnectionPolicy'),
    });
  });
});
