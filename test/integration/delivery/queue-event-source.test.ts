import { InvokeCommand } from '@aws-sdk/client-lambda';
import { ReceiveMessageCommand, SendMessageCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import { expect, test } from 'vitest';
import { maximumReceives } from '../../../lib/core/message/queued-delivery.ts';
import type { FunctionHandler, LocalFunction } from '../../../lib/local/lambda/function-instances.ts';
import { ownClients, ownFolder, ownStack } from '../../fixtures/stack.ts';
import { createBusStory, everyOrder } from '../bus/bus-story.ts';

/** A stack whose delivery queue invokes this function, and a client for one of its regions. */
async function start(deliverQueued: (event: SQSEvent) => Promise<unknown>, options: { dataDir?: string } = {}) {
  const create = async (): Promise<FunctionHandler> => (event) => deliverQueued(event as SQSEvent);
  const functions: LocalFunction[] = [{ name: 'deliver-queued', timeoutSeconds: 60, create }];
  const stack = await ownStack({ functions, ...options });
  return { stack, ...clientFor(stack.url, 'us-east-1') };
}

function clientFor(endpoint: string, region: string) {
  const { sqs } = ownClients({ url: endpoint }, { region });
  const urlOf = (name: string) => `${endpoint}/123456789012/lastmile-local-${name}`;
  return {
    sqs,
    send: (MessageBody: string, more: object = {}) =>
      sqs.send(new SendMessageCommand({ QueueUrl: urlOf('deliveries'), MessageBody, ...more })),
    hideFor: (seconds: number) => {
      const Attributes = { VisibilityTimeout: String(seconds) };
      return sqs.send(new SetQueueAttributesCommand({ QueueUrl: urlOf('deliveries'), Attributes }));
    },
    deadLetters: async () => {
      const receive = { QueueUrl: urlOf('dead-letters'), WaitTimeSeconds: 20, MessageAttributeNames: ['All'] };
      return (await sqs.send(new ReceiveMessageCommand(receive))).Messages ?? [];
    },
  };
}

/** Collects the records that a function gets, in order. */
function newRecords() {
  const records: SQSEvent['Records'] = [];
  let wake: () => void = () => undefined;
  return {
    add: (event: SQSEvent) => {
      records.push(...event.Records);
      wake();
    },
    first: async (count: number) => {
      while (records.length < count) await new Promise<void>((resolve) => (wake = resolve));
      return records;
    },
  };
}

test('a message in the delivery queue reaches deliver-queued in the form that Lambda uses', async () => {
  const seen = newRecords();
  const { send } = await start(async (event) => seen.add(event));
  const kind = { DataType: 'String', StringValue: 'ü' };
  const { MessageId } = await send('{"n": 1.0}', { MessageAttributes: { kind } });
  expect(await seen.first(1)).toEqual([
    {
      messageId: MessageId,
      receiptHandle: expect.any(String),
      body: '{"n": 1.0}',
      attributes: {
        SenderId: '123456789012',
        SentTimestamp: expect.stringMatching(/^\d{13}$/),
        ApproximateReceiveCount: '1',
        ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
      },
      messageAttributes: {
        kind: { dataType: 'String', stringValue: 'ü', stringListValues: [], binaryListValues: [] },
      },
      md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
      md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:us-east-1:123456789012:lastmile-local-deliveries',
      awsRegion: 'us-east-1',
    },
  ]);
});

test('the delivery queue of each region invokes the function of that region', async () => {
  const seen = newRecords();
  const { stack } = await start(async (event) => seen.add(event));
  for (const region of ['eu-west-1', 'ap-south-1']) await clientFor(stack.url, region).send(region);
  const records = await seen.first(2);
  expect(records.map(({ body, awsRegion }) => [body, awsRegion])).toEqual([
    ['eu-west-1', 'eu-west-1'],
    ['ap-south-1', 'ap-south-1'],
  ]);
});

test('only a message that the function reports as failed comes again after its visibility timeout', async () => {
  const seen = newRecords();
  const { send, hideFor } = await start(async (event) => {
    seen.add(event);
    const again = event.Records.filter(
      ({ body, attributes }) => body === 'again' && attributes.ApproximateReceiveCount === '1',
    );
    return { batchItemFailures: again.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  });
  await hideFor(1);
  await send('once');
  await send('again');
  const records = await seen.first(3);
  expect(records.map(({ body, attributes }) => [body, attributes.ApproximateReceiveCount])).toEqual([
    ['once', '1'],
    ['again', '1'],
    ['again', '2'],
  ]);
});

test('the function gets a delayed message after the delay', async () => {
  const seen = newRecords();
  const { send } = await start(async (event) => seen.add(event));
  await send('later', { DelaySeconds: 1 });
  const [record] = await seen.first(1);
  const { SentTimestamp, ApproximateFirstReceiveTimestamp } = record?.attributes ?? {};
  expect(Number(ApproximateFirstReceiveTimestamp) - Number(SentTimestamp)).toBeGreaterThanOrEqual(1000);
});

test('a message that was received as often as the redrive policy allows is moved to the dead letters unchanged', async () => {
  const counts: string[] = [];
  const { send, hideFor, deadLetters } = await start(async ({ Records }) => {
    counts.push(...Records.map(({ attributes }) => attributes.ApproximateReceiveCount));
    throw new Error('no');
  });
  await hideFor(0);
  await send('poison', { MessageAttributes: { kind: { DataType: 'String', StringValue: 'k' } } });
  expect(await deadLetters()).toMatchObject([{ Body: 'poison', MessageAttributes: { kind: { StringValue: 'k' } } }]);
  expect(counts).toEqual(Array.from({ length: maximumReceives }, (_, index) => String(index + 1)));
});

test('the next stack hands over the messages of a stopped stack at once, with their receive counts', async () => {
  const dataDir = ownFolder();
  const held = newRecords();
  const first = await start(
    (event) => {
      held.add(event);
      return new Promise(() => undefined);
    },
    { dataDir },
  );
  await first.send('held');
  await held.first(1);
  await first.stack.stop();

  const seen = newRecords();
  // No client calls the next stack, so it must begin to read its queues by itself.
  await start(async (event) => seen.add(event), { dataDir });
  const records = await seen.first(1);
  expect(records.map(({ body, attributes }) => [body, attributes.ApproximateReceiveCount])).toEqual([['held', '2']]);
});

test('an asynchronous delivery that has failed three times is dead-lettered in the form of Lambda’s record', async () => {
  let runs = 0;
  const create = async (): Promise<FunctionHandler> => async () => {
    runs += 1;
    throw new TypeError('not even tried');
  };
  const functions: LocalFunction[] = [{ name: 'deliver', timeoutSeconds: 60, create }];
  const stack = await ownStack({ functions, retryDelaysMs: [0, 0] });
  const { lambda } = ownClients(stack);
  const envelope = { apiDestination: 'orders', event: { id: 'e-1' } };
  const invoke = { FunctionName: 'deliver', InvocationType: 'Event', Payload: JSON.stringify(envelope) } as const;
  await lambda.send(new InvokeCommand(invoke));
  const [record] = await clientFor(stack.url, 'us-east-1').deadLetters();
  expect(JSON.parse(record?.Body ?? '{}')).toMatchObject({
    requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
    requestPayload: envelope,
    responsePayload: { errorType: 'TypeError' },
  });
  expect(runs).toBe(3);
});

test('an event from the local bus has the name of its API destination as its message group', async () => {
  const seen = newRecords();
  const { stack } = await start(async (event) => seen.add(event));
  const story = createBusStory(stack);
  const Arn = 'arn:aws:events:us-east-1:123456789012:api-destination/orders/4b1f4f0e';
  await story.putRule({ Name: 'all', EventPattern: everyOrder }, { Arn });
  await story.put({});
  const [record] = await seen.first(1);
  expect(record?.attributes.MessageGroupId).toBe('orders');
});

test('an event that a rule sends to the delivery queue has the message group that the target of the rule names', async () => {
  const seen = newRecords();
  const { stack } = await start(async (event) => seen.add(event));
  const story = createBusStory(stack);
  const Arn = 'arn:aws:sqs:us-east-1:123456789012:lastmile-local-deliveries';
  await story.putRule({ Name: 'all', EventPattern: everyOrder }, { Arn, SqsParameters: { MessageGroupId: 'orders' } });
  await story.put({});
  const [record] = await seen.first(1);
  expect(record?.attributes.MessageGroupId).toBe('orders');
});

test('messages of one group are handed over while all invocations for another group hang', async () => {
  const seen = newRecords();
  const never = new Promise<void>(() => undefined);
  const { send } = await start(async (event) => {
    seen.add(event);
    if (event.Records.some(({ attributes }) => attributes.MessageGroupId === 'slow')) await never;
  });
  for (let sent = 0; sent < 100; sent += 1) await send('slow', { MessageGroupId: 'slow' });
  for (let sent = 0; sent < 20; sent += 1) await send('healthy', { MessageGroupId: 'healthy' });
  const healthyAmong = async (count: number) =>
    (await seen.first(count)).filter(({ body }) => body === 'healthy').length;
  let healthy = 0;
  for (let count = 1; healthy < 20; count += 1) healthy = await healthyAmong(count);
  expect(healthy).toBe(20);
});
