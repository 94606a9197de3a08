import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  DeauthorizeConnectionCommand,
  DeleteApiDestinationCommand,
  DeleteConnectionCommand,
  DescribeApiDestinationCommand,
  DescribeConnectionCommand,
  EventBridgeClient,
  ListApiDestinationsCommand,
  ListConnectionsCommand,
  UpdateApiDestinationCommand,
  UpdateConnectionCommand,
} from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { createDynamoDbClient, createSqsClient } from '../../lib/adapters/aws-clients.ts';
import { deployedFunctions } from '../../lib/local/function-instances.ts';
import { sqsRecord } from '../../lib/local/sqs-records.ts';
import { startStack } from '../../lib/local/stack.ts';
import { startAuthorizationRecorder } from '../servers/authorization-recorder.ts';
import { startTokenEndpoint } from '../servers/oauth-token-endpoint.ts';
import { startRecordingEndpoint } from '../servers/recording-endpoint.ts';

export const region = 'us-east-1';
export const account = '123456789012';
export const teamQueueArn = `arn:aws:sqs:${region}:${account}:team-dead-letters`;

/** What the variables say of a deployed stack: secrets' names as the roles have them, and nothing waits in an invocation. */
const environment = { SECRET_PREFIX: 'lastmile/local/connection/', RETRY_BASE_DELAY_MS: '900000' };

/** The whole stack, its functions' clients by way of a recorder, and endpoints. */
export async function startPrivilegeStory() {
  const way: { endpoint?: string } = {};
  const functions = deployedFunctions(5000).map((each) => ({
    ...each,
    create: ({ aws, ...surroundings }: Parameters<typeof each.create>[0]) => {
      const { endpoint } = way;
      if (endpoint === undefined) throw new Error('The recorder has not been started.');
      return each.create({ ...surroundings, aws: { ...aws, endpoint } });
    },
  }));
  const stack = await startStack({ port: 0, account, environment, functions });
  const recorder = await startAuthorizationRecorder(stack.url, account);
  way.endpoint = recorder.endpoint;
  const endpoint = await startRecordingEndpoint(({ path }) => ({ status: Number(path.slice(1)) }));
  // Tokens that end too soon to be used twice: whoever needs one renews it.
  const tokens = await startTokenEndpoint((_, index) => ({
    body: { access_token: `token-${index}`, token_type: 'bearer', expires_in: 30 },
  }));
  const aws = { region, endpoint: stack.url, credentials: { accessKeyId: 'somebody', secretAccessKey: 'else' } };
  const events = new EventBridgeClient(aws);
  const lambda = new LambdaClient(aws);
  const dynamoDb = createDynamoDbClient(aws);
  const sqs = createSqsClient(aws);
  await sqs.send(new CreateQueueCommand({ QueueName: 'team-dead-letters' }));

  /** @throws Error when the function fails */
  async function invoke(name: string, input: object): Promise<unknown> {
    const FunctionName = `lastmile-local-${name}`;
    const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(input) }));
    const text = answer.Payload?.transformToString() ?? '';
    if (answer.FunctionError !== undefined) throw new Error(`${name} failed: ${text}`);
    return JSON.parse(text);
  }

  async function createDestination(Name: string, ConnectionArn: string | undefined, status: number): Promise<string> {
    const InvocationEndpoint = `${endpoint.origin}/${status}`;
    const created = { Name, ConnectionArn, InvocationEndpoint, HttpMethod: 'POST' } as const;
    return (await events.send(new CreateApiDestinationCommand(created))).ApiDestinationArn ?? '';
  }

  return {
    recorder,
    events,
    invoke,
    createDestination,
    tokenUrl: tokens.url,
    /** As if other workers had taken its slots for the next ten minutes. */
    async takeSlots(apiDestinationArn: string): Promise<void> {
      const Key = { pk: { S: `RATE#${apiDestinationArn.split('/').at(-1)}` }, sk: { S: '0' } };
      const number = (value: number) => ({ N: String(value) });
      await dynamoDb.send(
        new UpdateItemCommand({
          TableName: 'lastmile-local',
          Key,
          UpdateExpression: 'SET slotsUntilUs = :slots, returnsUntilUs = :none, generation = :one, revision = :one',
          ExpressionAttributeValues: {
            ':slots': number((Date.now() + 600_000) * 1000),
            ':none': number(0),
            ':one': number(1),
          },
        }),
      );
    },
    async stop(): Promise<void> {
      for (const client of [events, lambda, dynamoDb, sqs]) client.destroy();
      await stack.stop();
      await Promise.all([recorder.stop(), endpoint.close(), tokens.close()]);
    },
  };
}

export type PrivilegeStory = Awaited<ReturnType<typeof startPrivilegeStory>>;

const basic = (Password: string) => ({ BasicAuthParameters: { Username: 'jo', Password } });
const apiKey = (ApiKeyValue: string) => ({ ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue } });
const oauth = (AuthorizationEndpoint: string, ClientSecret: string) => ({
  OAuthParameters: {
    ClientParameters: { ClientID: 'client', ClientSecret },
    AuthorizationEndpoint,
    HttpMethod: 'POST' as const,
  },
});

/** Everything that a control API can be asked for, for each type of connection and each API of keys. */
export async function manage({ events, invoke, createDestination, tokenUrl }: PrivilegeStory): Promise<void> {
  const kinds = [
    ['BASIC', basic],
    ['API_KEY', apiKey],
    ['OAUTH_CLIENT_CREDENTIALS', (secret: string) => oauth(tokenUrl, secret)],
  ] as const;
  for (const [AuthorizationType, parameters] of kinds) {
    const Name = `managed-${AuthorizationType}`;
    const created = { Name, AuthorizationType, AuthParameters: parameters('first') };
    const { ConnectionArn } = await events.send(new CreateConnectionCommand(created));
    await settled(events, Name);
    await createDestination(Name, ConnectionArn, 200);
    await events.send(new UpdateConnectionCommand({ Name, AuthParameters: parameters('second') }));
    await settled(events, Name);
    await events.send(new DescribeApiDestinationCommand({ Name }));
    await events.send(new UpdateApiDestinationCommand({ Name, InvocationRateLimitPerSecond: 5 }));
    await events.send(new ListConnectionsCommand({}));
    await events.send(new ListApiDestinationsCommand({}));
    await events.send(new ListApiDestinationsCommand({ ConnectionArn }));
    await events.send(new DeauthorizeConnectionCommand({ Name }));
    await events.send(new UpdateConnectionCommand({ Name, AuthorizationType, AuthParameters: parameters('third') }));
    await settled(events, Name);
    await events.send(new DeleteApiDestinationCommand({ Name }));
    await events.send(new DeleteConnectionCommand({ Name }));
  }
  for (const apiId of ['control', 'events']) await manageKeys(invoke, apiId);
  const entry = { Source: 'shop', DetailType: 'Order', Detail: '{}' };
  await control(invoke, 'PutEvents', { Entries: [entry] });
}

async function manageKeys(invoke: PrivilegeStory['invoke'], apiId: string): Promise<void> {
  const { apiKey: created } = (await control(invoke, 'CreateApiKey', { apiId })) as { apiKey: { id: string } };
  await control(invoke, 'ListApiKeys', { apiId });
  await control(invoke, 'UpdateApiKey', { apiId, id: created.id, description: 'changed' });
  await control(invoke, 'DeleteApiKey', { apiId, id: created.id });
}

/** A direct invocation. @throws Error when it is refused */
async function control(invoke: PrivilegeStory['invoke'], operation: string, input: object): Promise<unknown> {
  const answer = (await invoke('control-api', { operation, input })) as { output?: unknown; error?: unknown };
  if (answer.error !== undefined) throw new Error(`${operation}: ${JSON.stringify(answer.error)}`);
  return answer.output;
}

/** Asks until the authorization that is under way has ended. */
async function settled(events: EventBridgeClient, Name: string): Promise<void> {
  for (;;) {
    const { ConnectionState } = await events.send(new DescribeConnectionCommand({ Name }));
    if (ConnectionState === 'AUTHORIZED') return;
    if (ConnectionState !== 'AUTHORIZING') throw new Error(`${Name} is ${ConnectionState}.`);
  }
}

/** Every end that a delivery has, by one of the functions that deliver. */
export async function deliver(story: PrivilegeStory, functionName: 'deliver' | 'deliver-queued'): Promise<void> {
  const { events, createDestination, tokenUrl } = story;
  const arnOf = async (kind: 'BASIC' | 'OAUTH_CLIENT_CREDENTIALS', AuthParameters: object) => {
    const Name = `${functionName}-${kind}`;
    const created = await events.send(new CreateConnectionCommand({ Name, AuthorizationType: kind, AuthParameters }));
    await settled(events, Name);
    return created.ConnectionArn;
  };
  const [basicArn, oauthArn] = [
    await arnOf('BASIC', basic('first')),
    await arnOf('OAUTH_CLIENT_CREDENTIALS', oauth(tokenUrl, 'first')),
  ];
  const name = (end: string) => `${functionName}-${end}`;
  for (const status of [200, 400, 401, 503]) await createDestination(name(String(status)), basicArn, status);
  await createDestination(name('token'), oauthArn, 200);
  await story.takeSlots(await createDestination(name('paced'), basicArn, 200));
  const envelopes = Object.keys(ends).map((end) => envelope(name(end)));
  const target = { Id: 'target', DeadLetterConfig: { Arn: teamQueueArn } };
  envelopes.push({ ...envelope(name('400')), target });
  await (functionName === 'deliver' ? deliverEach : deliverBatch)(story, envelopes);
}

/** What becomes of an event for a destination of that name. */
const ends: Readonly<Record<string, string>> = {
  '200': 'delivered',
  '400': 'dead-lettered',
  '401': 'deferred',
  '503': 'deferred',
  token: 'delivered',
  paced: 'deferred',
};

interface Envelope {
  readonly apiDestination: string;
  readonly event: object;
  readonly target?: object;
}

function envelope(apiDestination: string): Envelope {
  return { apiDestination, event: { id: `event-of-${apiDestination}` } };
}

/** As a rule's target, one invocation each. */
async function deliverEach({ invoke }: PrivilegeStory, envelopes: readonly Envelope[]): Promise<void> {
  for (const each of envelopes) {
    const { outcome } = (await invoke('deliver', each)) as { outcome: string };
    const expected = ends[each.apiDestination.split('-').at(-1) ?? ''];
    if (outcome !== expected) throw new Error(`${each.apiDestination}: ${outcome}, not ${expected}.`);
  }
}

/** As Lambda hands a batch of the delivery queue, in which there is a message of a newer version too. */
async function deliverBatch({ invoke }: PrivilegeStory, envelopes: readonly Envelope[]): Promise<void> {
  const newer = { DataType: 'String', StringValue: JSON.stringify({ v: 1000, firstReceivedAt: Date.now() }) };
  const Records = [
    ...envelopes.map((each, index) => recordOf(String(index), JSON.stringify(each), {})),
    recordOf('newer', '{}', { LASTMILE: newer }),
  ];
  const { batchItemFailures } = (await invoke('deliver-queued', { Records })) as { batchItemFailures: unknown[] };
  if (batchItemFailures.length > 0) throw new Error('Not all of the batch has settled.');
}

function recordOf(MessageId: string, Body: string, MessageAttributes: object) {
  const message = { MessageId, ReceiptHandle: 'none', Body, MD5OfBody: '', Attributes: {}, MessageAttributes };
  return sqsRecord(message, { account, region, queueName: 'lastmile-local-deliveries' });
}

/** Looks at the dead letters, then moves them. */
export async function redrive({ invoke }: PrivilegeStory): Promise<void> {
  await invoke('redrive', { dryRun: true });
  const { moved } = (await invoke('redrive', {})) as { moved: number };
  if (moved === 0) throw new Error('No dead letter was there to be moved.');
}
