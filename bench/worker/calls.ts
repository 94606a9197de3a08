/** Goal 6: the calls that a delivery makes to the services and to the token endpoint. They are counted where they arrive. */
import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateApiDestinationCommand, DescribeConnectionCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { createDynamoDbClient } from '../../lib/adapters/aws/clients.ts';
import type { AwsClientConfig } from '../../lib/adapters/aws/clients.ts';
import { startStack } from '../../lib/local/stack/stack.ts';
import type { RecordingEndpoint } from '../../test/servers/endpoints/recording-endpoint.ts';
import { startRecordingEndpoint } from '../../test/servers/endpoints/recording-endpoint.ts';
import type { RecordingProxy } from '../../test/servers/aws/recording-proxy.ts';
import { startRecordingProxy } from '../../test/servers/aws/recording-proxy.ts';
import type { WorkerSurroundings } from '../bench-stack.ts';
import { createBenchDestination, surroundings } from '../bench-stack.ts';
import { benchName, deliveries } from '../events.ts';
import type { Figure } from '../figure.ts';
import { median } from '../rounds.ts';
import type { BenchWorker } from './worker.ts';
import { newWorker, noLog } from './worker.ts';
import { batchSize, newBatchWorker } from './batch-worker.ts';

const coldWorkers = 20;
const warmDeliveries = 100;
const warmBatches = 20;

/** A worker reads a bucket until it knows whether other workers write to it. At 5,000/s, this takes three reads. */
const learningBatches = 120;

export async function countCalls(): Promise<Figure[]> {
  const stack = await startStack({ port: 0 });
  const services = await startRecordingProxy(stack.url);
  const endpoint = await startRecordingEndpoint();
  const tokens = await startRecordingEndpoint(() => ({ body: '{"access_token":"bench-token","expires_in":3600}' }));
  try {
    const worker = surroundings(services.endpoint);
    await createOAuthDestination(worker, endpoint, tokens);
    return [
      await countTokenRequests(worker, tokens),
      await countWarmCalls(worker, services, tokens),
      await countRateWrites(worker, services, endpoint, 300),
      await countRateWrites(worker, services, endpoint, 5000),
    ];
  } finally {
    for (const server of [tokens, endpoint]) await server.close();
    await services.stop();
    await stack.stop();
  }
}

/** Counts the token requests of workers that start at the same time, without a token in any worker or in the table. */
async function countTokenRequests(worker: WorkerSurroundings, tokens: RecordingEndpoint): Promise<Figure> {
  const before = tokens.requests.length;
  // In a smaller fleet, twenty invocations would be more than an unknown endpoint may occupy.
  const environment = { ...worker.environment, MAXIMUM_INVOCATIONS: String(coldWorkers * 5) };
  const cold = { ...worker, environment };
  await Promise.all(Array.from({ length: coldWorkers }, () => deliverAll(newWorker(cold, noLog), 1)));
  const value = tokens.requests.length - before;
  return exactly(`token requests of ${coldWorkers} cold workers`, value, 1);
}

async function countWarmCalls(
  surroundings: WorkerSurroundings,
  services: RecordingProxy,
  tokens: RecordingEndpoint,
): Promise<Figure> {
  const worker = newWorker(surroundings, noLog);
  services.takeOperations();
  await deliverAll(worker, 1);
  if (otherThanRate(services).length === 0) throw new Error('A cold delivery made no call: nothing is counted.');
  const before = tokens.requests.length;
  await deliverAll(worker, warmDeliveries);
  const value = otherThanRate(services).length + tokens.requests.length - before;
  return exactly(`configuration and credential calls of ${warmDeliveries} warm deliveries`, value, 0);
}

/** All calls except the reservations of slots. */
function otherThanRate(services: RecordingProxy): readonly string[] {
  return services.takeOperations().filter((operation) => operation !== 'Reserve');
}

async function countRateWrites(
  surroundings: WorkerSurroundings,
  services: RecordingProxy,
  endpoint: RecordingEndpoint,
  ratePerSecond: number,
): Promise<Figure> {
  const destination = `${benchName}-${ratePerSecond}`;
  const events = new EventBridgeClient(surroundings.aws);
  const { ConnectionArn } = await events.send(new DescribeConnectionCommand({ Name: benchName }));
  const rate = { InvocationEndpoint: `${endpoint.origin}/orders`, InvocationRateLimitPerSecond: ratePerSecond };
  await events.send(new CreateApiDestinationCommand({ Name: destination, ConnectionArn, HttpMethod: 'POST', ...rate }));
  events.destroy();
  const deliverMessages = newBatchWorker(surroundings, noLog);
  const callsOf = async (batch: number): Promise<number> => {
    const unsettled = await deliverMessages(destination, batch * batchSize);
    if (unsettled.length > 0) throw new Error('Not all of a batch was delivered.');
    return services.takeOperations().length;
  };
  for (let batch = 0; batch < learningBatches; batch += 1) await callsOf(batch);
  // A worker that the machine delays may miss its slots. It then needs another call to take new ones. So the median counts.
  const calls: number[] = [];
  for (let batch = 0; batch < warmBatches; batch += 1) calls.push(await callsOf(batch));
  const what = `calls of a warm batch of ${batchSize} deliveries at ${ratePerSecond}/s, its rate write among them, in the median`;
  return exactly(what, median(calls), 1);
}

/** Counts have no noise, so any value other than `wanted` fails the bench. */
function exactly(name: string, value: number, wanted: number): Figure {
  return { goal: 6, name, value, target: `= ${wanted}`, broken: value !== wanted };
}

async function deliverAll(worker: BenchWorker, count: number): Promise<void> {
  for (const delivery of deliveries({ dynamic: true }).slice(0, count)) await worker(delivery);
}

/** Creates an authorized connection whose first token was deleted from the table. */
async function createOAuthDestination(
  { environment, aws }: WorkerSurroundings,
  endpoint: RecordingEndpoint,
  tokens: RecordingEndpoint,
): Promise<void> {
  const connectionArn = await createBenchDestination(aws, `${endpoint.origin}/orders`, {
    AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
    AuthParameters: {
      OAuthParameters: {
        AuthorizationEndpoint: `${tokens.origin}/token`,
        HttpMethod: 'POST',
        ClientParameters: { ClientID: 'bench', ClientSecret: 'bench-secret' },
      },
    },
  });
  await untilAuthorized(aws);
  const dynamoDb = createDynamoDbClient(aws);
  const incarnation = connectionArn.split('/').at(-1) ?? '';
  const Key = { pk: { S: `TOKEN#${incarnation}` }, sk: { S: 'TOKEN' } };
  await dynamoDb.send(new DeleteItemCommand({ TableName: environment['TABLE_NAME'], Key }));
  dynamoDb.destroy();
}

async function untilAuthorized(aws: AwsClientConfig): Promise<void> {
  const events = new EventBridgeClient(aws);
  for (let tries = 0; tries < 200; tries += 1) {
    const { ConnectionState } = await events.send(new DescribeConnectionCommand({ Name: benchName }));
    if (ConnectionState === 'AUTHORIZED') return events.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('The connection was not authorized in time.');
}
