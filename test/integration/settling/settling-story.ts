import { CreateApiDestinationCommand, CreateConnectionCommand } from '@aws-sdk/client-eventbridge';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import { createHandler as createDeliver, dependenciesFrom as deliverFrom } from '../../../functions/deliver.ts';
import {
  createHandler as createDeliverQueued,
  dependenciesFrom as deliverQueuedFrom,
} from '../../../functions/deliver-queued.ts';
import type { AwsClientConfig } from '../../../lib/adapters/aws/clients.ts';
import { noMetrics } from '../../../lib/local/lambda/readable-logs.ts';
import { sqsRecord } from '../../../lib/local/sqs/receive.ts';
import type { Clients } from '../../fixtures/clients.ts';
import { sharedSqs } from '../../fixtures/sqs.ts';
import { createWaitingClock, type WaitingClock } from '../../fakes/waiting-clock.ts';
import type { ProxiedRequest, ProxyFault } from '../../servers/aws/faulty-proxy.ts';
import type { AnswerRequest, RecordedRequest, RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import { account, type ProxiedSqs, region, type SqsQueue } from '../../servers/aws/sqs-queues.ts';
import { loopbackCidrs } from '../../servers/endpoints/loopback.ts';

/** The answer at each path `/<name>`; the names are those of the API destinations. */
const answers = {
  well: { status: 200 },
  later: { status: 500, headers: { 'retry-after': '60' } },
  never: { status: 422, body: 'no such order' },
  unauthorized: { status: 401, headers: { 'retry-after': '60' } },
} as const;

export type Destination = keyof typeof answers;

interface Failing {
  readonly operation: string;
  /** Undefined: any queue. */
  readonly queueUrl: string | undefined;
  readonly fault: ProxyFault | DecideFault;
}

/** Decides the fault of one call. Undefined means that the call succeeds. */
type DecideFault = () => ProxyFault | undefined;

/** Functions by event id. The endpoint calls the function for each request and awaits it before the answer. */
type Gates = Map<string, () => Promise<void>>;

/** The whole stack with its destinations, and a proxy between it and the deployed handlers. */
export interface SettlingServers {
  readonly sqs: ProxiedSqs;
  readonly endpoint: RecordingEndpoint;
  readonly failing: Set<Failing>;
  readonly gates: Gates;
  /** The clock of every worker. They share their rate buckets, and a slow machine must not miss their slots. */
  readonly clock: WaitingClock;
}

const file = { scope: 'file' } as const;

export const sharedSettling = sharedSqs
  .extend('gates', file, (): Gates => new Map())
  .extend(
    'answer',
    file,
    ({ gates }): AnswerRequest =>
      (request) =>
        answerAfterGate(gates, request),
  )
  .extend('servers', file, async ({ sqs, endpoint, gates, clients }): Promise<SettlingServers> => {
    const failing = new Set<Failing>();
    sqs.proxy.faultsBy((request) => faultOf(failing, request));
    await createDestinations(clients, endpoint);
    return { sqs, endpoint, failing, gates, clock: createWaitingClock() };
  });

async function answerAfterGate(gates: Gates, request: RecordedRequest) {
  await gates.get(idOf(request))?.();
  return answers[request.path.slice(1) as Destination];
}

async function createDestinations({ events }: Clients, endpoint: RecordingEndpoint): Promise<void> {
  const AuthParameters = { BasicAuthParameters: { Username: 'someone', Password: 'secret' } };
  const { ConnectionArn } = await events.send(
    new CreateConnectionCommand({ Name: 'billing', AuthorizationType: 'BASIC', AuthParameters }),
  );
  for (const Name of Object.keys(answers)) {
    const InvocationEndpoint = `${endpoint.origin}/${Name}`;
    const rate = { InvocationRateLimitPerSecond: 100_000 };
    const destination = { Name, ConnectionArn, InvocationEndpoint, HttpMethod: 'POST', ...rate } as const;
    await events.send(new CreateApiDestinationCommand(destination));
  }
}

function idOf({ body }: RecordedRequest): string {
  return String((JSON.parse(body) as { id?: unknown }).id);
}

/** The fault of a call. Writes to rate buckets never fail, because other tests cover them. */
function faultOf(failing: ReadonlySet<Failing>, { operation, input }: ProxiedRequest): ProxyFault | undefined {
  if (operation === 'UpdateItem' && JSON.stringify(input['Key']).includes('RATE#')) return undefined;
  for (const each of failing) {
    const sameQueue = each.queueUrl === undefined || each.queueUrl === input['QueueUrl'];
    if (each.operation === operation && sameQueue) return typeof each.fault === 'function' ? each.fault() : each.fault;
  }
  return undefined;
}

let events = 0;

/**
 * The two deployed handlers with their own queues. A test can make their calls fail.
 *
 * @param clients settings of the SDK's clients that differ from the deployed ones
 */
export async function createSettlingStory(servers: SettlingServers, clients: object = {}) {
  const { sqs, endpoint, failing, gates, clock } = servers;
  // Unsettled messages become visible again at once.
  const deliveries = await sqs.newQueue({ VisibilityTimeout: '0' });
  const deadLetters = await sqs.newQueue();
  const target = await sqs.newQueue();
  const environment = environmentOf(deliveries, deadLetters);
  const aws: AwsClientConfig = { ...sqs.clientConfig, ...clients };
  const silence = { deliveryLog: { record: () => undefined }, metrics: noMetrics, clock };
  const context = { getRemainingTimeInMillis: () => 60_000 } as Context;
  const deliver = createDeliver(deliverFrom(environment, aws, silence));
  const deliverQueued = createDeliverQueued(deliverQueuedFrom(environment, aws, silence));
  const mine: Failing[] = [];

  /** An envelope for that destination. With `withTarget`, its dead letters go to the target's own queue. */
  function envelope(apiDestination: Destination, withTarget = false) {
    events += 1;
    const event = { id: `event-${events}`, detail: { order: 7 } };
    return { apiDestination, event, ...(withTarget && { target: { DeadLetterConfig: { Arn: target.arn } } }) };
  }

  /** Receives a batch of the delivery queue, invokes the worker and deletes the settled messages, as Lambda does. */
  async function receiveOnce(): Promise<{ readonly received: number; readonly failures: readonly string[] }> {
    const messages = await deliveries.receive();
    const source = { account, region, queueName: 'deliveries' };
    const Records = messages.map((message) => sqsRecord({ ...message }, source));
    const { batchItemFailures }: SQSBatchResponse = await deliverQueued({ Records }, context);
    const failures = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
    for (const { MessageId = '', ReceiptHandle = '' } of messages) {
      if (!failures.includes(MessageId)) await deliveries.remove(ReceiptHandle);
    }
    return { received: messages.length, failures };
  }

  return {
    deliveries,
    deadLetters,
    target,
    environment,
    envelope,
    deliver: (input: unknown) => deliver(input, context),
    enqueue: (...inputs: readonly object[]) =>
      Promise.all(inputs.map((input) => deliveries.send({ body: JSON.stringify(input), attributes: {} }))),
    receiveOnce,
    /** The number of requests that the endpoint got for this event. */
    requestsFor: ({ event }: { readonly event: { readonly id: string } }) =>
      endpoint.requests.filter((request) => idOf(request) === event.id).length,
    /** Lets the endpoint answer a request with this event only after the promise of `gate` has resolved. */
    answerWhen: ({ event }: { readonly event: { readonly id: string } }, gate: () => Promise<void>) =>
      void gates.set(event.id, gate),
    /** Makes every later call of this operation to this queue fail; without a queue, to every queue and the table. */
    fail(operation: string, queue: SqsQueue | undefined, fault: ProxyFault | DecideFault) {
      const each = { operation, queueUrl: queue?.url, fault };
      mine.push(each);
      failing.add(each);
    },
    /** Resolves when the condition holds. Other work runs between two checks. */
    async until(isSo: () => boolean) {
      while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
    },
    heal() {
      for (const each of mine.splice(0)) failing.delete(each);
    },
    writesTo: (queue: SqsQueue) =>
      sqs.proxy.requests.filter((each) => each.operation === 'SendMessageBatch' && each.input['QueueUrl'] === queue.url)
        .length,
    /** The number of calls of this operation to the delivery queue so far. */
    calls: (operation: string) =>
      sqs.proxy.requests.filter((each) => each.operation === operation && each.input['QueueUrl'] === deliveries.url)
        .length,
  };
}

function environmentOf(deliveries: SqsQueue, deadLetters: SqsQueue): Record<string, string> {
  return {
    TABLE_NAME: 'lastmile-local',
    DELIVERY_QUEUE_URL: deliveries.url,
    DEAD_LETTER_QUEUE_URL: deadLetters.url,
    // Enough for all tests of a file together, which share the destinations.
    MAXIMUM_INVOCATIONS: '1000',
    SECRET_PREFIX: 'events!connection/',
    ROOT_SECRET_ARN: 'lastmile/local/root',
    AUTHORIZE_CONNECTION_FUNCTION: 'lastmile-local-authorize-connection',
    PRIVATE_NETWORK_ALLOWLIST: loopbackCidrs,
  };
}
