import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, GetItemCommand, PutItemCommand, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  DescribeApiDestinationCommand,
  DescribeConnectionCommand,
  EventBridgeClient,
  ListApiDestinationsCommand,
} from '@aws-sdk/client-eventbridge';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, GetQueueUrlCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createDynamoDbClient,
  createLambdaClient,
  createSecretsManagerClient,
} from '../../../lib/adapters/aws/clients.ts';
import { createSqsClient } from '../../../lib/adapters/aws/sqs-client.ts';
import { startMisbehavingEndpoint } from '../../servers/endpoints/misbehaving-endpoint.ts';
import { type RecordingEndpoint, startRecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import { type StackProcess, startStackProcess } from '../../servers/aws/stack-process.ts';

let folder: string;
let endpoint: RecordingEndpoint;
const started: StackProcess[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lastmile-restart-'));
  endpoint = await startRecordingEndpoint();
});

afterEach(async () => {
  for (const each of started.splice(0)) await kill(each);
  await endpoint.close();
  rmSync(folder, { recursive: true });
});

async function kill(stack: StackProcess): Promise<void> {
  stack.process.kill('SIGKILL');
  await stack.ended;
}

/** Starts the stack over the same folder in a new process and on another port, with clients for it. */
async function start() {
  // Short delays, so that the test is fast.
  const environment = { RETRY_BASE_DELAY_MS: '100', RETRY_MAX_DELAY_MS: '100' };
  const stack = startStackProcess(['--port', '0', '--data-dir', folder], environment);
  started.push(stack);
  const credentials = { accessKeyId: 'any', secretAccessKey: 'thing' };
  const aws = { region: 'us-east-1', endpoint: await stack.url, credentials };
  return {
    stack,
    events: new EventBridgeClient(aws),
    dynamoDb: createDynamoDbClient(aws),
    secrets: createSecretsManagerClient(aws),
    sqs: createSqsClient(aws),
    lambda: createLambdaClient(aws),
  };
}

type Clients = Awaited<ReturnType<typeof start>>;

async function createDestination({ events }: Clients, InvocationEndpoint: string): Promise<void> {
  const AuthParameters = { ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue: 'opensesame' } };
  const connection = { Name: 'kept', AuthorizationType: 'API_KEY', AuthParameters } as const;
  const { ConnectionArn } = await events.send(new CreateConnectionCommand(connection));
  const destination = { Name: 'kept', ConnectionArn, InvocationEndpoint, HttpMethod: 'POST' } as const;
  await events.send(new CreateApiDestinationCommand(destination));
}

/** Everything that the clients can read, without the parts that differ in each answer. */
async function shown({ events, secrets, sqs, dynamoDb }: Clients): Promise<object> {
  const connection = await events.send(new DescribeConnectionCommand({ Name: 'kept' }));
  const destination = await events.send(new DescribeApiDestinationCommand({ Name: 'kept' }));
  const listed = await events.send(new ListApiDestinationsCommand({ ConnectionArn: connection.ConnectionArn }));
  const secret = await secrets.send(new GetSecretValueCommand({ SecretId: connection.SecretArn }));
  const { QueueUrl = '' } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'mine' }));
  const { Item } = await dynamoDb.send(new GetItemCommand({ TableName: 'mine', Key: { id: { S: 'a' } } }));
  const answers = [connection, destination, listed, secret].map(({ $metadata: _, ...answer }) => answer);
  return { answers, queue: new URL(QueueUrl).pathname, Item };
}

test('all resources of the stack are unchanged after a kill', async () => {
  const before = await start();
  await createDestination(before, `${endpoint.origin}/`);
  const { QueueUrl } = await before.sqs.send(new CreateQueueCommand({ QueueName: 'mine' }));
  await before.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'queued "ü"' }));
  await before.dynamoDb.send(
    new CreateTableCommand({
      TableName: 'mine',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  await waitUntilTableExists(
    { client: before.dynamoDb, minDelay: 1, maxDelay: 1, maxWaitTime: 10 },
    { TableName: 'mine' },
  );
  await before.dynamoDb.send(new PutItemCommand({ TableName: 'mine', Item: { id: { S: 'a' }, n: { N: '1' } } }));
  const whole = await shown(before);
  await kill(before.stack);

  const after = await start();
  expect(await shown(after)).toEqual(whole);
  const { QueueUrl: found } = await after.sqs.send(new GetQueueUrlCommand({ QueueName: 'mine' }));
  const { Messages } = await after.sqs.send(new ReceiveMessageCommand({ QueueUrl: found }));
  expect(Messages).toMatchObject([{ Body: 'queued "ü"' }]);
  const Payload = JSON.stringify({ apiDestination: 'kept', event: { id: 'e-1' } });
  await after.lambda.send(new InvokeCommand({ FunctionName: 'deliver', Payload }));
  expect(endpoint.requests).toMatchObject([{ headers: { 'x-key': 'opensesame' } }]);
});

test('an event that was accepted while its endpoint was down is delivered after the stack was killed and started again', async () => {
  let isUp = false;
  const bodies: string[] = [];
  const { promise: refused, resolve: refuse } = Promise.withResolvers<void>();
  const stumbling = await startMisbehavingEndpoint((socket, { text }) => {
    if (!isUp) {
      socket.destroy();
      return refuse();
    }
    bodies.push(text.slice(text.indexOf('\r\n\r\n') + 4));
    return void socket.end('HTTP/1.1 204 No Content\r\n\r\n');
  });
  const before = await start();
  await createDestination(before, `${stumbling.origin}/`);
  const Payload = JSON.stringify({ apiDestination: 'kept', event: { id: 'e-1' } });
  const invoke = new InvokeCommand({ FunctionName: 'deliver', InvocationType: 'Event', Payload });
  expect((await before.lambda.send(invoke)).StatusCode).toBe(202);
  await refused;
  await kill(before.stack);
  isUp = true;

  const after = await start();
  expect(await after.stack.line(/event e-1/)).toContain('delivered');
  expect(bodies.map((body) => JSON.parse(body))).toEqual([{ id: 'e-1' }]);
  await stumbling.close();
});
