import { CreateTableCommand, ListTablesCommand, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  ListApiDestinationsCommand,
  ListConnectionsCommand,
} from '@aws-sdk/client-eventbridge';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { ListSecretsCommand } from '@aws-sdk/client-secrets-manager';
import {
  CreateQueueCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { beforeEach, expect, test } from 'vitest';
import type { Stack, StackOptions } from '../../../lib/local/stack/stack.ts';
import { createSqsClient } from '../../../lib/adapters/aws/sqs-client.ts';
import type { Clients } from '../../fixtures/clients.ts';
import { ownClients as clients, ownEndpoint, ownFolder, ownStack } from '../../fixtures/stack.ts';
import { startMisbehavingEndpoint } from '../../servers/endpoints/misbehaving-endpoint.ts';
import type { RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';

let endpoint: RecordingEndpoint;
let folder: string;
const errors: string[] = [];

beforeEach(async () => {
  errors.length = 0;
  folder = ownFolder();
  endpoint = await ownEndpoint();
});

function start(options: StackOptions = {}): Promise<Stack> {
  const output = { line: () => undefined, error: (text: string) => void errors.push(text) };
  return ownStack({ output, ...options });
}

const reset = (stack: Stack, init: RequestInit = { method: 'POST' }) => fetch(`${stack.url}/_lastmile/reset`, init);

async function createDestination({ events }: Clients, origin = endpoint.origin): Promise<void> {
  const AuthParameters = { ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue: 'opensesame' } };
  const connection = { Name: 'shop', AuthorizationType: 'API_KEY', AuthParameters } as const;
  const { ConnectionArn } = await events.send(new CreateConnectionCommand(connection));
  const destination = { ConnectionArn, InvocationEndpoint: `${origin}/`, HttpMethod: 'POST' } as const;
  await events.send(new CreateApiDestinationCommand({ Name: 'orders', ...destination }));
}

async function deliver({ lambda }: Clients, id: string): Promise<unknown> {
  const Payload = JSON.stringify({ apiDestination: 'orders', event: { id } });
  const { Payload: answer } = await lambda.send(new InvokeCommand({ FunctionName: 'deliver', Payload }));
  return JSON.parse(Buffer.from(answer ?? []).toString());
}

async function createAll(of: Clients): Promise<void> {
  await createDestination(of);
  const { QueueUrl } = await of.sqs.send(new CreateQueueCommand({ QueueName: 'mine' }));
  await of.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'mine' }));
  const dead = await of.sqs.send(new GetQueueUrlCommand({ QueueName: 'lastmile-local-dead-letters' }));
  await of.sqs.send(new SendMessageCommand({ QueueUrl: dead.QueueUrl, MessageBody: 'dead' }));
  await of.dynamoDb.send(
    new CreateTableCommand({
      TableName: 'mine',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  await waitUntilTableExists({ client: of.dynamoDb, minDelay: 1, maxDelay: 1, maxWaitTime: 10 }, { TableName: 'mine' });
}

async function shown({ events, dynamoDb, secrets, sqs }: Clients): Promise<object> {
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'lastmile-local-dead-letters' }));
  return {
    connections: (await events.send(new ListConnectionsCommand({}))).Connections,
    destinations: (await events.send(new ListApiDestinationsCommand({}))).ApiDestinations,
    secrets: (await secrets.send(new ListSecretsCommand({}))).SecretList?.map(({ Name }) => Name),
    tables: (await dynamoDb.send(new ListTablesCommand({}))).TableNames,
    queues: (await sqs.send(new ListQueuesCommand({}))).QueueUrls?.map((url) => url.split('/').at(-1)).toSorted(),
    deadLetters: (await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages ?? [],
  };
}

const fresh = {
  connections: [],
  destinations: [],
  secrets: ['lastmile/local/root'],
  tables: ['lastmile-local'],
  queues: ['lastmile-local-dead-letters', 'lastmile-local-deliveries', 'lastmile-local-ordered-deliveries.fifo'],
  deadLetters: [],
};

test.each(['in memory', 'in a data folder'])('every region of a stack %s is empty after a reset', async (place) => {
  const stack = await start(place === 'in a data folder' ? { dataDir: folder } : {});
  const regions = ['us-east-1', 'eu-central-1'].map((region) => clients(stack, { region }));
  for (const of of regions) await createAll(of);
  for (const of of regions) expect(await deliver(of, 'before')).toMatchObject({ outcome: 'delivered' });

  const answer = await reset(stack);
  expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok' }]);

  for (const of of regions) expect(await shown(of)).toEqual(fresh);
  for (const of of regions) {
    expect(await deliver(of, 'gone')).toMatchObject({ outcome: 'dead-lettered', code: 'ApiDestinationNotFound' });
    await createDestination(of);
    expect(await deliver(of, 'after')).toMatchObject({ outcome: 'delivered' });
  }
  const ids = endpoint.requests.map(({ body }) => (JSON.parse(body) as { id: string }).id);
  expect(ids).toEqual(['before', 'before', 'after', 'after']);
  expect(errors).toEqual([]);
});

test('data that a reset has deleted stays deleted in the next process', async () => {
  const before = await start({ dataDir: folder });
  await createAll(clients(before));
  await reset(before);
  await createDestination(clients(before));
  await reset(before);
  await before.stop();
  expect(await shown(clients(await start({ dataDir: folder })))).toEqual(fresh);
});

test('a reset drops accepted invocations and queued deliveries', async () => {
  const { promise: called, resolve: call } = Promise.withResolvers<() => void>();
  const slow = await startMisbehavingEndpoint((socket) => {
    call(() => void socket.end('HTTP/1.1 503 Busy\r\nRetry-After: 60\r\n\r\n'));
  });
  const stack = await start();
  const of = clients(stack);
  await createDestination(of, slow.origin);
  const Payload = JSON.stringify({ apiDestination: 'orders', event: { id: 'e-1' } });
  await of.lambda.send(new InvokeCommand({ FunctionName: 'deliver', InvocationType: 'Event', Payload }));
  const answer = await called;
  await reset(stack);
  answer();
  const ownFault = await deliver(of, 'e-2');
  expect(ownFault).toMatchObject({ code: 'ApiDestinationNotFound' });
  const { QueueUrl } = await of.sqs.send(new GetQueueUrlCommand({ QueueName: 'lastmile-local-deliveries' }));
  expect((await of.sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages).toBeUndefined();
  await slow.close();
});

test('a function that was started before a reset cannot write to the stack afterwards', async () => {
  const stack = await start();
  await createDestination(clients(stack));
  await deliver(clients(stack), 'e-1');
  const credentials = { accessKeyId: 'deliver', secretAccessKey: 'local' };
  const ofFunction = createSqsClient({ region: 'us-east-1', endpoint: stack.url, credentials });
  const list = () => ofFunction.send(new ListQueuesCommand({}));
  expect((await list()).QueueUrls).toHaveLength(3);
  await reset(stack);
  await expect(list()).rejects.toMatchObject({ name: 'ExpiredTokenException' });
});

test('a request during a reset waits until the reset has ended', async () => {
  const stack = await start();
  const of = clients(stack);
  await createDestination(of);
  const resetting = reset(stack);
  await Promise.all([resetting, reset(stack)]);
  expect(await shown(of)).toEqual(fresh);
});

test('a reset is refused when it is not a POST or comes from a web page', async () => {
  const stack = await start();
  const of = clients(stack);
  await createDestination(of);
  expect((await reset(stack, { method: 'GET' })).status).toBe(405);
  expect((await reset(stack, { method: 'POST', headers: { origin: 'https://evil.example' } })).status).toBe(403);
  expect(await shown(of)).toMatchObject({ connections: [{ Name: 'shop' }] });
});
