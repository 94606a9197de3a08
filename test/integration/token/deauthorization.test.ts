import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  DescribeConnectionCommand,
  ListApiDestinationsCommand,
  UpdateConnectionCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { Context } from 'aws-lambda';
import { afterAll, expect, test } from 'vitest';
import { createHandler as createDeliver, dependenciesFrom as deliverFrom } from '../../../functions/deliver.ts';
import {
  createHandler as createDeliverQueued,
  dependenciesFrom as deliverQueuedFrom,
} from '../../../functions/deliver-queued.ts';
import { parseConnectionItem } from '../../../lib/adapters/dynamodb/connection-item.ts';
import type { Environment } from '../../../lib/config.ts';
import type { Conclusion } from '../../../lib/core/delivery/delivery.ts';
import { functionVariables } from '../../../lib/local/stack/environment.ts';
import { noMetrics } from '../../../lib/local/lambda/readable-logs.ts';
import type { SqsMembers } from '../../../lib/local/sqs/fauxqs.ts';
import { sqsRecord } from '../../../lib/local/sqs/receive.ts';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import type { Clients } from '../../fixtures/clients.ts';
import { sharedStack } from '../../fixtures/stack.ts';
import type { RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import { type RecordingProxy, startRecordingProxy } from '../../servers/aws/recording-proxy.ts';

/* The deployed handlers against the whole stack. A test makes a run of refusals older in the table instead of waiting. */

let stack: Stack;
let proxy: RecordingProxy;
let endpoint: RecordingEndpoint;
let clients: Clients;
/** Names of the connections that the workers have deauthorized, in order. */
const deauthorized: string[] = [];
/** Called before the endpoint refuses a request. */
let beforeRefusal: () => Promise<unknown> = async () => undefined;

/** The delivery queue of the tests' workers. The stack's own workers do not read it. */
const retries = 'retries';
const context = { getRemainingTimeInMillis: () => 60_000 } as Context;

const aws = { region: 'us-east-1', credentials: { accessKeyId: 'deliver', secretAccessKey: 'local' } };
const queueUrl = (name: string) => `${stack.url}/123456789012/${name}`;
const parameters = (Password: string) => ({ BasicAuthParameters: { Username: 'someone', Password } });
const valid = `Basic ${Buffer.from('someone:valid').toString('base64')}`;

sharedStack.override('answer', () => async ({ path, headers }) => {
  if (path === '/open' || headers['authorization'] === valid) return { status: 200 };
  await beforeRefusal();
  return { status: 401, body: `The password is too old.\n(${headers['authorization']})\n` };
});

sharedStack.beforeAll(async ({ stack: startedStack, endpoint: startedEndpoint, clients: opened }) => {
  [stack, endpoint, clients] = [startedStack, startedEndpoint, opened];
  proxy = await startRecordingProxy(stack.url);
  await clients.sqs.send(new CreateQueueCommand({ QueueName: retries }));
});

afterAll(() => proxy.stop());

/** A connection whose password only `/open` accepts, and a destination for each of the two endpoints. */
async function createConnection(name: string): Promise<void> {
  const connection = { Name: name, AuthorizationType: 'BASIC', AuthParameters: parameters('expired') } as const;
  const { ConnectionArn } = await clients.events.send(new CreateConnectionCommand(connection));
  for (const path of ['guarded', 'open']) {
    const destination = { Name: `${name}-${path}`, ConnectionArn, InvocationEndpoint: `${endpoint.origin}/${path}` };
    await clients.events.send(new CreateApiDestinationCommand({ ...destination, HttpMethod: 'POST' }));
  }
}

const describe = (Name: string) => clients.events.send(new DescribeConnectionCommand({ Name }));
const rotate = (Name: string) =>
  clients.events.send(new UpdateConnectionCommand({ Name, AuthParameters: parameters('valid') }));

async function destinationStates(NamePrefix: string) {
  const { ApiDestinations = [] } = await clients.events.send(new ListApiDestinationsCommand({ NamePrefix }));
  return ApiDestinations.map(({ ApiDestinationState }) => ApiDestinationState);
}

const itemOf = (name: string) => ({
  TableName: 'lastmile-local',
  Key: { pk: { S: 'CONNECTION' }, sk: { S: name } },
});

async function runOf(name: string) {
  const { Item = {} } = await clients.dynamoDb.send(new GetItemCommand({ ...itemOf(name), ConsistentRead: true }));
  return parseConnectionItem(Item).unauthorizedRun;
}

/** Moves the beginning of the run half a minute back. */
function ageRun(name: string) {
  return clients.dynamoDb.send(
    new UpdateItemCommand({
      ...itemOf(name),
      UpdateExpression: 'SET unauthorizedRun.sinceMs = unauthorizedRun.sinceMs - :age',
      ExpressionAttributeValues: { ':age': { N: '30000' } },
    }),
  );
}

/** A worker of its own, whose calls to stores go through the proxy. Its retries come without a delay. */
function startWorker(variables: Environment = {}) {
  const given = { RETRY_MAX_DELAY_MS: '1', DELIVERY_QUEUE_URL: queueUrl(retries), ...variables };
  const environment = functionVariables(given, queueUrl);
  const conclusions: Conclusion[] = [];
  const deliveryLog = { record: (conclusion: Conclusion) => conclusions.push(conclusion) };
  const connectionLog = { deauthorized: (name: string) => deauthorized.push(name), tokenFailed: () => undefined };
  const overrides = { deliveryLog, connectionLog, metrics: noMetrics };
  const through = { ...aws, endpoint: proxy.endpoint };
  const handler = createDeliver(deliverFrom(environment, through, overrides));
  const queuedHandler = createDeliverQueued(deliverQueuedFrom(environment, through, overrides));
  const handOver = async (message: SqsMembers) => {
    const Records = [sqsRecord(message, { account: '123456789012', region: aws.region, queueName: retries })];
    expect(await queuedHandler({ Records }, context)).toEqual({ batchItemFailures: [] });
  };
  return {
    deliver: (apiDestination: string, retriesAllowed = 0) =>
      handler(envelopeOf(apiDestination, retriesAllowed), context),
    /** Invokes `deliver-queued` again for as long as the event is deferred. @returns the conclusions of all invocations */
    async deliverUntilSettled(apiDestination: string, retriesAllowed = 0): Promise<readonly Conclusion[]> {
      conclusions.length = 0;
      await handOver({ Body: JSON.stringify(envelopeOf(apiDestination, retriesAllowed)) });
      while (conclusions.at(-1)?.settlement.kind === 'deferred') await handOver(await nextRetry());
      return [...conclusions];
    },
  };
}

const envelopeOf = (apiDestination: string, MaximumRetryAttempts: number) => ({
  apiDestination,
  event: { id: 'e' },
  target: { RetryPolicy: { MaximumRetryAttempts } },
});

async function nextRetry(): Promise<SqsMembers> {
  const QueueUrl = queueUrl(retries);
  const request = { QueueUrl, MessageAttributeNames: ['All'], WaitTimeSeconds: 20 };
  const { Messages = [] } = await clients.sqs.send(new ReceiveMessageCommand(request));
  const [message] = Messages;
  if (message === undefined) expect.fail('No retry is in the delivery queue.');
  await clients.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
  return { ...message };
}

async function nextDeadLetter() {
  const request = { QueueUrl: queueUrl('lastmile-local-dead-letters'), MessageAttributeNames: ['All'] };
  const { Messages = [] } = await clients.sqs.send(new ReceiveMessageCommand({ ...request, WaitTimeSeconds: 20 }));
  const attributes = Object.entries(Messages[0]?.MessageAttributes ?? {});
  return Object.fromEntries(attributes.map(([name, { StringValue }]) => [name, StringValue]));
}

test('a connection that is refused for 30 s is deauthorized until it gets new credentials', async () => {
  await createConnection('expired');
  const { deliverUntilSettled } = startWorker();
  let refusals = 0;
  beforeRefusal = async () => (++refusals === 10 ? ageRun('expired') : undefined);

  // The tenth attempt deauthorizes the connection, so the eleventh reads that the connection is DEAUTHORIZED.
  const conclusions = await deliverUntilSettled('expired-guarded', 185);
  expect(conclusions.map(({ attempts }) => attempts)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(conclusions.at(-1)).toMatchObject({
    settlement: { kind: 'dead-lettered' },
    code: 'ConnectionDeauthorized',
    attempts: 11,
  });
  const deadLetter = await nextDeadLetter();
  expect(deadLetter).toMatchObject({ ERROR_CODE: 'NO_PERMISSIONS', RETRY_ATTEMPTS: '10' });
  expect(deadLetter).not.toHaveProperty('EXHAUSTED_RETRY_CONDITION');
  const { ConnectionState, StateReason } = await describe('expired');
  expect(ConnectionState).toBe('DEAUTHORIZED');
  expect(StateReason).toMatch(
    /^The credentials were refused at least 10 times in a row since .+ 'expired-guarded' with HTTP status 401\. The endpoint answered: The password is too old\. \(Basic \*\*\*\)$/,
  );
  expect(await destinationStates('expired')).toEqual(['INACTIVE', 'INACTIVE']);
  expect(deauthorized).toEqual(['expired']);

  const requestsBefore = endpoint.requests.length;
  const { deliver } = startWorker();
  const atOnce = { code: 'ConnectionDeauthorized', attempts: 0 };
  for (const destination of ['expired-guarded', 'expired-open']) {
    expect(await deliverUntilSettled(destination, 185)).toMatchObject([atOnce]);
    expect(await nextDeadLetter()).toMatchObject({ ERROR_CODE: 'NO_PERMISSIONS' });
    expect(await deliver(destination, 185)).toMatchObject(atOnce);
    expect(await nextDeadLetter()).toMatchObject({ ERROR_CODE: 'NO_PERMISSIONS' });
  }
  expect(endpoint.requests).toHaveLength(requestsBefore);

  await rotate('expired');
  expect(await describe('expired')).toMatchObject({ ConnectionState: 'AUTHORIZED' });
  expect(await describe('expired')).not.toHaveProperty('StateReason');
  expect(await destinationStates('expired')).toEqual(['ACTIVE', 'ACTIVE']);
  expect(await runOf('expired')).toBeUndefined();
  expect(await deliverUntilSettled('expired-guarded')).toMatchObject([{ settlement: { kind: 'delivered' } }]);
  expect(await deliver('expired-guarded')).toMatchObject({ outcome: 'delivered' });
});

test('credentials that are replaced while the last 401 of a run of 401s is under way prevent the deauthorization', async () => {
  await createConnection('rotated');
  const { deliver } = startWorker();
  beforeRefusal = async () => undefined;
  for (let index = 0; index < 10; index += 1) await deliver('rotated-guarded');
  expect(await runOf('rotated')).toMatchObject({ count: 10 });
  await ageRun('rotated');
  beforeRefusal = () => rotate('rotated');
  expect(await deliver('rotated-guarded')).toMatchObject({ outcome: 'delivered', attempts: 1 });
  expect(await describe('rotated')).toMatchObject({ ConnectionState: 'AUTHORIZED' });
  expect(await runOf('rotated')).toBeUndefined();
});

test('a connection that one endpoint refuses stays authorized while another endpoint accepts it', async () => {
  await createConnection('shared');
  const [refused, accepted] = [startWorker().deliver, startWorker({ CACHE_SECONDS: '0' }).deliver];
  beforeRefusal = async () => undefined;
  for (let round = 0; round < 4; round += 1) {
    for (let index = 0; index < 9; index += 1) await refused('shared-guarded');
    await ageRun('shared');
    expect(await accepted('shared-open')).toMatchObject({ outcome: 'delivered' });
  }
  expect(await describe('shared')).toMatchObject({ ConnectionState: 'AUTHORIZED' });
});

test('a successful delivery writes to the table only when it is the first after a refusal', async () => {
  await createConnection('counted');
  const { deliver } = startWorker({ CACHE_SECONDS: '900' });
  const deliverMany = async () => {
    for (let index = 0; index < 20; index += 1) await deliver('counted-open');
  };
  const takeWrites = () => proxy.takeOperations().filter((operation) => operation !== 'Reserve');
  beforeRefusal = async () => undefined;
  await deliver('counted-open');
  takeWrites();
  await deliverMany();
  expect(takeWrites()).toEqual([]);
  // Two reads for the destination, one for the connection, the write of the refusal, and the dead letter.
  await deliver('counted-guarded');
  expect(takeWrites()).toEqual(['GetItem', 'GetItem', 'GetItem', 'UpdateItem', 'SendMessageBatch']);
  await deliverMany();
  expect(takeWrites()).toEqual(['UpdateItem']);
  expect(await runOf('counted')).toBeUndefined();
});
