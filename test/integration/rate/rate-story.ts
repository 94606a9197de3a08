import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  UpdateApiDestinationCommand,
  UpdateConnectionCommand,
} from '@aws-sdk/client-eventbridge';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import { createHandler as createDeliver, dependenciesFrom as deliverFrom } from '../../../functions/deliver.ts';
import {
  createHandler as createDeliverQueued,
  dependenciesFrom as deliverQueuedFrom,
} from '../../../functions/deliver-queued.ts';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import type { Environment } from '../../../lib/config.ts';
import type { Bucket } from '../../../lib/core/rate/bucket.ts';
import { timeToLiveAttribute } from '../../../lib/adapters/dynamodb/table.ts';
import { parseHealth } from '../../../lib/adapters/dynamodb/rate-health.ts';
import { functionVariables } from '../../../lib/local/stack/environment.ts';
import { noMetrics } from '../../../lib/local/lambda/readable-logs.ts';
import { sqsRecord } from '../../../lib/local/sqs/receive.ts';
import type { Clock } from '../../../lib/ports/clock.ts';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import type { Clients } from '../../fixtures/clients.ts';
import { sharedSqs } from '../../fixtures/sqs.ts';
import type { ProxiedRequest } from '../../servers/aws/faulty-proxy.ts';
import type { RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import { account, type ProxiedSqs, region } from '../../servers/aws/sqs-queues.ts';

const TableName = 'lastmile-local';
const context = { getRemainingTimeInMillis: () => 60_000 } as Context;
const connection = { Name: 'billing', AuthorizationType: 'BASIC' } as const;
const passwords = (Password: string) => ({ BasicAuthParameters: { Username: 'someone', Password } });

/** A message as it was given to the delivery queue. */
export interface Deferred {
  readonly body: string;
  readonly delaySeconds: number;
  readonly details: Readonly<Record<string, unknown>>;
}

interface RateServers {
  readonly stack: Stack;
  readonly sqs: ProxiedSqs;
  readonly endpoint: RecordingEndpoint;
  readonly clients: Clients;
  /** The clock of every worker. */
  readonly clock: Clock;
}

const file = { scope: 'file' } as const;

/** One story for all tests of a file. A file can replace `clock` with `sharedRate.override`. */
export const sharedRate = sharedSqs
  .extend('clock', file, (): Clock => systemClock)
  .extend('story', file, ({ stack, sqs, endpoint, clients, clock }) =>
    createRateStory({ stack, sqs, endpoint, clients, clock }),
  );

export type RateStory = Awaited<ReturnType<typeof createRateStory>>;

/** The deployed handlers as several workers, the whole stack, and a table whose buckets a test can read and set. */
async function createRateStory(servers: RateServers) {
  const { stack, sqs, endpoint, clock: workersClock } = servers;
  const { events, dynamoDb } = servers.clients;
  const { ConnectionArn } = await events.send(
    new CreateConnectionCommand({ ...connection, AuthParameters: passwords('first') }),
  );
  let numbers = 0;

  async function createDestination(path: string, InvocationRateLimitPerSecond: number, members: object = {}) {
    numbers += 1;
    const Name = `${path}-${numbers}`;
    const InvocationEndpoint = `${endpoint.origin}/${path}`;
    const { ApiDestinationArn = '' } = await events.send(
      new CreateApiDestinationCommand({
        Name,
        ConnectionArn,
        InvocationEndpoint,
        HttpMethod: 'POST',
        InvocationRateLimitPerSecond,
        ...members,
      }),
    );
    const incarnation = ApiDestinationArn.split('/').at(-1) ?? '';
    const Key = { pk: { S: `RATE#${incarnation}` }, sk: { S: '0' } };
    return {
      name: Name,
      async bucket(): Promise<Bucket> {
        const { Item = {} } = await dynamoDb.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
        const number = (name: Exclude<keyof Bucket, 'health'>) => Number(Item[name]?.N);
        const times = { slotsUntilUs: number('slotsUntilUs'), returnsUntilUs: number('returnsUntilUs') };
        return { ...times, generation: number('generation'), revision: number('revision'), health: parseHealth(Item) };
      },
      /** The bucket's time to live. */
      async expiresAtMs(): Promise<number> {
        const { Item = {} } = await dynamoDb.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
        return Number(Item[timeToLiveAttribute]?.N) * 1000;
      },
      /** Writes the bucket as other workers would have left it. */
      async setBucket({ health: _same, ...bucket }: Partial<Bucket>): Promise<void> {
        const set = { slotsUntilUs: 0, returnsUntilUs: 0, generation: 1, revision: 1, ...bucket };
        const names = Object.keys(set) as (keyof typeof set)[];
        await dynamoDb.send(
          new UpdateItemCommand({
            TableName,
            Key,
            UpdateExpression: `SET ${names.map((name) => `${name} = :${name}`).join(', ')}`,
            ExpressionAttributeValues: Object.fromEntries(
              names.map((name) => [`:${name}`, { N: String(Math.round(set[name])) }]),
            ),
          }),
        );
      },
      setRate: (ratePerSecond: number) =>
        events.send(new UpdateApiDestinationCommand({ Name, InvocationRateLimitPerSecond: ratePerSecond })),
      /** Calls an operation of the control API on the destination's delivery policy. */
      policy: (operation: 'Put' | 'Delete', members: object = {}) =>
        callPolicy(stack.url, `${operation}DeliveryPolicy`, { ApiDestinationName: Name, ...members }),
      /** Calls an operation of the control API on the destination. */
      call: (operation: string, members: object = {}) => callControl(stack.url, operation, { Name, ...members }),
      /** The number of writes to the destination's bucket so far, through the proxy. */
      writes: () => sqs.proxy.requests.filter((each) => isWriteTo(each, incarnation)).length,
    };
  }

  /** A worker of either function, with caches of its own; its clients go through the proxy. */
  async function startWorker(variables: Environment = {}, clock = workersClock) {
    const [deliveries, deadLetters] = [await sqs.newQueue(), await sqs.newQueue()];
    const given = { DELIVERY_QUEUE_URL: deliveries.url, DEAD_LETTER_QUEUE_URL: deadLetters.url, ...variables };
    const environment = functionVariables(given, (name) => `${stack.url}/${account}/${name}`);
    const nothing = { record: () => undefined };
    const silence = { deliveryLog: nothing, healthLog: nothing, metrics: noMetrics, clock };
    const deliver = createDeliver(deliverFrom(environment, sqs.clientConfig, silence));
    const deliverQueued = createDeliverQueued(deliverQueuedFrom(environment, sqs.clientConfig, silence));
    return {
      deliver: (apiDestination: string, target: object = {}) => deliver(envelopeOf(apiDestination, target), context),
      /** A batch of the delivery queue. @returns ids of the unsettled messages */
      async deliverQueued(...messages: readonly Message[]): Promise<readonly string[]> {
        const Records = messages.map((message, index) => recordOf(message, index));
        const { batchItemFailures }: SQSBatchResponse = await deliverQueued({ Records }, context);
        return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
      },
      /** The deliveries that this worker has put into the delivery queue so far, in order. */
      deferred: () => sqs.proxy.requests.flatMap((each) => deferredOf(each, deliveries.url)),
      deadLetters,
    };
  }

  return {
    endpoint,
    createDestination,
    startWorker,
    setPassword: (password: string) =>
      events.send(new UpdateConnectionCommand({ Name: connection.Name, AuthParameters: passwords(password) })),
    faultsBy: sqs.proxy.faultsBy,
    requestsTo: (path: string) => endpoint.requests.filter((request) => request.path === `/${path}`).length,
  };
}

async function callPolicy(url: string, operation: string, input: object): Promise<void> {
  const { status, json } = await callControl(url, operation, input);
  if (status !== 200) throw new Error(`${operation} was refused: ${JSON.stringify(json)}`);
}

/** Calls without a signature, because this stack does not require one. */
async function callControl(url: string, operation: string, input: object) {
  const headers = { 'x-amz-target': `Lastmile.${operation}` };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(input) });
  return { status: answer.status, json: (await answer.json()) as Readonly<Record<string, unknown>> };
}

export interface Message {
  readonly body: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

let eventNumbers = 0;

function envelopeOf(apiDestination: string, target: object = {}) {
  eventNumbers += 1;
  return { apiDestination, event: { id: `event-${eventNumbers}` }, target };
}

/** A message as a rule sends it to the delivery queue. */
export function newMessage(apiDestination: string, target: object = {}): Message {
  return { body: JSON.stringify(envelopeOf(apiDestination, target)) };
}

/** The message of a deferred delivery, changed as if its waiting time had passed. */
export function comeBack({ body, details }: Deferred): Message {
  return { body, attributes: { LASTMILE: JSON.stringify({ ...details, notBefore: 1 }) } };
}

function recordOf({ body, attributes = {} }: Message, index: number) {
  const entries = Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]);
  const message = { MessageId: String(index), ReceiptHandle: 'none', Body: body, MD5OfBody: '' };
  const source = { account, region, queueName: 'deliveries' };
  return sqsRecord({ ...message, Attributes: {}, MessageAttributes: Object.fromEntries(entries) }, source);
}

export function isRateRequest({ input }: ProxiedRequest): boolean {
  return JSON.stringify(input['Key'] ?? '').includes('RATE#');
}

function isWriteTo({ operation, input }: ProxiedRequest, incarnation: string): boolean {
  return operation === 'UpdateItem' && JSON.stringify(input['Key']).includes(`RATE#${incarnation}"`);
}

interface SentEntry {
  readonly MessageBody: string;
  readonly DelaySeconds: number;
  readonly MessageAttributes: { readonly LASTMILE: { readonly StringValue: string } };
}

function deferredOf({ operation, input }: ProxiedRequest, queueUrl: string): Deferred[] {
  if (operation !== 'SendMessageBatch' || input['QueueUrl'] !== queueUrl) return [];
  return (input['Entries'] as readonly SentEntry[]).map(({ MessageBody, DelaySeconds, MessageAttributes }) => ({
    body: MessageBody,
    delaySeconds: DelaySeconds,
    details: JSON.parse(MessageAttributes.LASTMILE.StringValue),
  }));
}
