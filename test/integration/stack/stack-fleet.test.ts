import { DeleteItemCommand, type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  DescribeConnectionCommand,
  type EventBridgeClient,
} from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import { functionVariables, runtimeVariables } from '../../../lib/local/stack/environment.ts';
import { deployedFunctions } from '../../../lib/local/lambda/function-instances.ts';
import { FunctionRunner } from '../../../lib/local/lambda/function-runner.ts';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import { createWaitingClock } from '../../fakes/waiting-clock.ts';
import { sharedStack } from '../../fixtures/stack.ts';
import { oauthClients, startOAuthProvider, type OAuthProvider } from '../../servers/oauth/oauth-provider.ts';
import type { RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';

let stack: Stack;
let provider: OAuthProvider;
let endpoint: RecordingEndpoint;
let events: EventBridgeClient;
let dynamoDb: DynamoDBClient;

/** Accepts every request with a token that the provider knows. */
sharedStack.override('answer', () => async ({ headers }) => {
  const token = headers['authorization']?.replace(/^Bearer /, '') ?? '';
  return { status: (await provider.accepts(token)) ? 200 : 401 };
});

beforeAll(async () => {
  provider = await startOAuthProvider();
});

sharedStack.beforeAll(({ stack: startedStack, endpoint: startedEndpoint, clients }) => {
  [stack, endpoint] = [startedStack, startedEndpoint];
  ({ events, dynamoDb } = clients);
});

afterAll(() => provider.close());

/**
 * Workers that share only the stack, and a clock that moves only while they wait: twenty workers in one process are slow, and
 * an event waits only half a second for a token. Each of them loads the deployed function separately.
 */
function startWorkers(count: number): readonly FunctionRunner[] {
  const clock = createWaitingClock();
  const functions = deployedFunctions();
  const surroundings = (name: string, region: string) => ({
    environment: {
      ...functionVariables({}, (queueName) => `${stack.url}/123456789012/${queueName}`),
      ...runtimeVariables(name, region),
      // Twenty workers in one process answer slowly. That must not defer an event of this test.
      MAXIMUM_INVOCATIONS: '100000',
    },
    aws: { region, endpoint: stack.url, credentials: { accessKeyId: name, secretAccessKey: 'local' } },
    clock,
    deliveryLog: { record: () => undefined },
    connectionLog: { deauthorized: () => undefined, tokenFailed: () => undefined },
    healthLog: { record: () => undefined },
    securityLog: { addressRefused: () => undefined },
    credentialsLog: { record: () => undefined },
  });
  const account = '123456789012';
  return Array.from(
    { length: count },
    () => new FunctionRunner({ functions, account, clock: systemClock, dependencies: surroundings }),
  );
}

async function deliverWith(workers: readonly FunctionRunner[]): Promise<readonly string[]> {
  const outcomes = await Promise.all(
    workers.map((worker, index) =>
      worker.run('deliver', 'us-east-1', { apiDestination: 'guarded', event: { id: `event-${index}` } }),
    ),
  );
  return outcomes.map(({ payload }) => (JSON.parse(payload) as { outcome: string }).outcome);
}

/** Key of the item that holds the fleet's token. */
async function tokenKey() {
  const { ConnectionArn = '' } = await events.send(new DescribeConnectionCommand({ Name: 'guarded' }));
  return { pk: { S: `TOKEN#${ConnectionArn.replace(/^.*\//, '')}` }, sk: { S: 'TOKEN' } };
}

/** Polls until the connection is no longer AUTHORIZING. */
async function authorized(): Promise<string | undefined> {
  for (;;) {
    const { ConnectionState } = await events.send(new DescribeConnectionCommand({ Name: 'guarded' }));
    if (ConnectionState !== 'AUTHORIZING') return ConnectionState;
  }
}

const delivered = Array.from({ length: 20 }, () => 'delivered');

test('twenty workers make one token request for their first deliveries, and one more after the token was revoked', async () => {
  const { ConnectionArn } = await events.send(
    new CreateConnectionCommand({
      Name: 'guarded',
      AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
      AuthParameters: {
        OAuthParameters: {
          ClientParameters: { ClientID: oauthClients.post.id, ClientSecret: oauthClients.post.secret },
          AuthorizationEndpoint: provider.url,
          HttpMethod: 'POST',
        },
      },
    }),
  );
  const InvocationEndpoint = `${endpoint.origin}/`;
  const destination = { Name: 'guarded', ConnectionArn, InvocationEndpoint, HttpMethod: 'POST' } as const;
  // With this rate every request gets a slot within the 250 ms that a single event waits.
  await events.send(new CreateApiDestinationCommand({ ...destination, InvocationRateLimitPerSecond: 2000 }));
  expect([await authorized(), provider.statuses]).toEqual(['AUTHORIZED', [200]]);

  // The token that authorized the connection is deleted, so all twenty workers find none.
  const target = { TableName: 'lastmile-local', Key: await tokenKey() };
  await dynamoDb.send(new DeleteItemCommand(target));
  expect(await deliverWith(startWorkers(20))).toEqual(delivered);
  expect(provider.statuses).toEqual([200, 200]);
  const tokens = new Set(endpoint.requests.map(({ headers }) => headers['authorization']));
  expect(tokens.size).toBe(1);

  // The token is revoked, and made old enough for a 401 to count as expiry.
  await provider.revoke([...tokens][0]?.replace(/^Bearer /, '') ?? '');
  await dynamoDb.send(
    new UpdateItemCommand({
      ...target,
      UpdateExpression: 'SET obtainedAtMs = obtainedAtMs - :age',
      ExpressionAttributeValues: { ':age': { N: '61000' } },
    }),
  );
  const before = endpoint.requests.length;
  const outcomes = await deliverWith(startWorkers(20));
  // Each of twenty requests is refused and sent once more, except those that came after the renewal.
  expect(endpoint.requests.length - before).toBeLessThanOrEqual(40);
  // A worker that finds no slot for its second request defers the event.
  expect(outcomes.filter((outcome) => outcome !== 'delivered' && outcome !== 'deferred')).toEqual([]);
  const accepted = () =>
    endpoint.requests
      .slice(before)
      .filter(({ headers }) => !tokens.has(headers['authorization']))
      .map(({ headers }) => headers['idempotency-key']);
  await vi.waitUntil(() => new Set(accepted()).size === 20, { timeout: 100_000, interval: 50 });
  expect(provider.statuses).toEqual([200, 200, 200]);
});
