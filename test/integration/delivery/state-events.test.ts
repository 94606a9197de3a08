import {
  CreateEventBusCommand,
  DeauthorizeConnectionCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import type { Clients } from '../../fixtures/clients.ts';
import { createDestination } from '../../fixtures/clients.ts';
import { ownClients, ownEndpoint, ownStack } from '../../fixtures/stack.ts';
import { createBusStory, everyOrder } from '../bus/bus-story.ts';

const account = '123456789012';
const environment = { STATE_EVENTS_BUS_NAME: 'states', RETRY_BASE_DELAY_MS: '1', RETRY_MAX_DELAY_MS: '1' };

interface ReceivedEvent {
  readonly id: string;
  readonly source: string;
  readonly 'detail-type': string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Creates the bus `states`, and a rule that sends all its events to a queue. */
async function catchStates({ events, sqs }: Clients) {
  await events.send(new CreateEventBusCommand({ Name: 'states' }));
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'states' }));
  const rule = { Name: 'all', EventBusName: 'states', EventPattern: JSON.stringify({ source: ['lastmile'] }) };
  await events.send(new PutRuleCommand(rule));
  const Targets = [{ Id: 'queue', Arn: `arn:aws:sqs:us-east-1:${account}:states` }];
  await events.send(new PutTargetsCommand({ Rule: 'all', EventBusName: 'states', Targets }));
  const received: ReceivedEvent[] = [];
  /** Receives until an event of this type has come, and returns it. */
  return async (detailType: string): Promise<ReceivedEvent> => {
    for (;;) {
      const found = received.find((event) => event['detail-type'] === detailType);
      if (found !== undefined) return found;
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20 }),
      );
      for (const { Body = '{}', ReceiptHandle } of Messages) {
        received.push(JSON.parse(Body) as ReceivedEvent);
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
    }
  };
}

const Timestamp = expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC$/);

test('a rule on the bus of state events gets connections, API destinations, health and dead letters of the stack', async () => {
  let isBroken = true;
  const brokenStatus = () => (isBroken ? 503 : 200);
  const endpoint = await ownEndpoint(({ path }) => ({ status: path === '/rejects' ? 422 : brokenStatus() }));
  const stack = await ownStack({ environment, auth: true });
  const clients = ownClients(stack, { isOwner: true });
  const until = await catchStates(clients);
  const story = createBusStory(stack, 'us-east-1', { isOwner: true });
  const arns: Record<string, string> = {};
  for (const name of ['broken', 'rejects']) {
    const settings = { InvocationEndpoint: `${endpoint.origin}/${name}` };
    arns[name] = (await createDestination(clients.events, name, settings)).ApiDestinationArn;
  }
  expect(await until('API Destination Activated')).toMatchObject({
    source: 'lastmile',
    resources: [arns['broken']],
    detail: { ApiDestinationName: 'broken', Timestamp },
  });
  expect(await until('Connection Authorized')).toMatchObject({
    resources: [expect.stringMatching(/^arn:aws:events:us-east-1:123456789012:connection\/broken\/.+$/)],
    detail: { ConnectionName: 'broken', Timestamp },
  });
  await story.putRule({ Name: 'rejects', EventPattern: everyOrder }, { Arn: arns['rejects'] ?? '' });
  const [EventId] = await story.put({});
  expect((await until('Delivery Dead-Lettered')).detail).toMatchObject({
    ApiDestinationName: 'rejects',
    EventId,
    Code: 'EndpointRejected',
    Status: 422,
  });
  await story.putRule({ Name: 'rejects', EventPattern: everyOrder }, { Arn: arns['broken'] ?? '' });
  await story.put({});
  expect((await until('Destination Unhealthy')).detail).toMatchObject({
    ApiDestinationName: 'broken',
    Code: 'EndpointFailed',
    FailuresInRow: 5,
  });
  isBroken = false;
  expect((await until('Destination Healthy')).detail).toMatchObject({ ApiDestinationName: 'broken', Timestamp });
  await clients.events.send(new DeauthorizeConnectionCommand({ Name: 'broken' }));
  expect((await until('Connection Deauthorized')).detail).toEqual({ ConnectionName: 'broken', Timestamp });
});
