import { mkdtempSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateApiDestinationCommand, CreateConnectionCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { CreateSecretCommand, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, expect, test } from 'vitest';
import { createLambdaClient, createSecretsManagerClient } from '../../../lib/adapters/aws/clients.ts';
import { createSqsClient } from '../../../lib/adapters/aws/sqs-client.ts';
import { type StackProcess, startStackProcess } from '../../servers/aws/stack-process.ts';

const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** Settings of a shell that the stack must ignore. */
const shell = { AWS_PROFILE: 'production', AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_REGION: 'eu-west-3' };

function start(folder: string): StackProcess {
  const stack = startStackProcess(['--port', '0', '--data-dir', folder], shell);
  ends.push(() => stack.process.kill('SIGKILL'));
  return stack;
}

async function kill(stack: StackProcess): Promise<void> {
  stack.process.kill('SIGKILL');
  await stack.ended;
}

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'lastmile-kept-'));
}

const aws = (endpoint: string, region = 'us-east-1') => ({
  region,
  endpoint,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

test('secrets and messages of every region survive a kill, and queue URLs have the new port', async () => {
  const folder = newFolder();
  const first = start(folder);
  const before = await first.url;
  for (const region of ['us-east-1', 'eu-west-1']) {
    const create = new CreateSecretCommand({ Name: 'kept', SecretString: region });
    await createSecretsManagerClient(aws(before, region)).send(create);
    const sqs = createSqsClient(aws(before, region));
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'kept' }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: region }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    const ReceiptHandle = Messages?.[0]?.ReceiptHandle;
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
  }
  await kill(first);
  const after = await start(folder).url;
  for (const region of ['us-east-1', 'eu-west-1']) {
    const get = new GetSecretValueCommand({ SecretId: 'kept' });
    expect((await createSecretsManagerClient(aws(after, region)).send(get)).SecretString).toBe(region);
    const QueueUrl = `${after}/123456789012/kept`;
    const receive = { QueueUrl, MessageSystemAttributeNames: ['ApproximateReceiveCount' as const] };
    const { Messages } = await createSqsClient(aws(after, region)).send(new ReceiveMessageCommand(receive));
    expect(Messages).toMatchObject([{ Body: region, Attributes: { ApproximateReceiveCount: '2' } }]);
  }
});

test('the root secret of a region stays the same across restarts', async () => {
  const folder = newFolder();
  const read = async (stack: StackProcess): Promise<string | undefined> => {
    const client = createSecretsManagerClient(aws(await stack.url));
    return (await client.send(new GetSecretValueCommand({ SecretId: 'lastmile/local/root' }))).SecretString;
  };
  const first = start(folder);
  const before = await read(first);
  first.process.kill('SIGTERM');
  await first.ended;
  expect(await read(start(folder))).toBe(before);
});

test('a second stack cannot use a data folder before the first stack has ended', async () => {
  const folder = newFolder();
  const first = start(folder);
  await first.url;
  const second = start(folder);
  expect(await second.ended).toBe(2);
  expect(second.stderr()).toMatch(/^Another stack is using the data folder [^\n]+\n$/);
  await kill(first);
  await expect(start(folder).url).resolves.toMatch(/^http/);
});

/** Leaves its first request unanswered and answers every later one. */
async function startStumblingEndpoint(): Promise<{ url: string; bodies: string[]; first: Promise<void> }> {
  const bodies: string[] = [];
  let arrived: () => void = () => undefined;
  const first = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const server: Server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    if (bodies.push(body) > 1) response.end();
    else arrived();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, bodies, first };
}

test('an asynchronous invocation that a kill interrupted runs again in the next process', async () => {
  const endpoint = await startStumblingEndpoint();
  const folder = newFolder();
  const stack = start(folder);
  const url = await stack.url;
  const events = new EventBridgeClient(aws(url));
  const AuthParameters = { ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue: 'canary' } };
  const { ConnectionArn } = await events.send(
    new CreateConnectionCommand({ Name: 'kept', AuthorizationType: 'API_KEY', AuthParameters }),
  );
  await events.send(
    new CreateApiDestinationCommand({
      Name: 'kept',
      ConnectionArn,
      InvocationEndpoint: endpoint.url,
      HttpMethod: 'POST',
    }),
  );
  const Payload = JSON.stringify({ apiDestination: 'kept', event: { id: 'e-1', detail: { n: 1 } } });
  const invoke = new InvokeCommand({ FunctionName: 'deliver', InvocationType: 'Event', Payload });
  expect((await createLambdaClient(aws(url)).send(invoke)).StatusCode).toBe(202);
  await endpoint.first;
  await kill(stack);
  const next = start(folder);
  expect(await next.line(/delivered/)).toMatch(
    /^[0-9:.]{12} {2}delivered {2}kept {2}event e-1 {2}HTTP 200 {2}attempt 1 {2}[0-9]+ ms$/,
  );
  expect(endpoint.bodies.map((body) => JSON.parse(body).id)).toEqual(['e-1', 'e-1']);
  expect(`${stack.stdout()}${stack.stderr()}${next.stdout()}${next.stderr()}`).not.toContain('canary');
});
