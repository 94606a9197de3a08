import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { Message } from '@aws-sdk/client-sqs';
import { ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { formatDeadLetter } from '../../../lib/core/message/dead-letter-message.ts';
import type { Delivery } from '../../../lib/core/delivery/delivery.ts';
import type { QueueMessage } from '../../../lib/core/message/queue-message.ts';
import { formatQueuedDelivery } from '../../../lib/core/message/queued-delivery.ts';
import { createDestination } from '../../fixtures/clients.ts';
import { ownClients, ownEndpoint, ownStack } from '../../fixtures/stack.ts';
import type { AnswerRequest, RecordedRequest } from '../../servers/endpoints/recording-endpoint.ts';

/** Text that would change if a JSON parser read and printed it. */
const textOf = (id: string) =>
  `{"zulu":1, "id":"${id}","big":9007199254740993,"one":1.0,"tiny":1e-400,"b":2,"a":1,"note":"Zoë 😀 \\ufffe \\u00e9","detail":{ }}`;
const envelopeOf = (event: string) =>
  `{"target": {"Id":"target-1"},"event": ${event} ,"apiDestination":"orders","rule":"arn:aws:events:us-east-1:123456789012:rule/shop"}`;

/** Source: Lambda developer guide, capturing records of asynchronous invocations. */
const recordOf = (payload: string) =>
  `{"version":"1.0","timestamp":"2026-01-31T00:00:00.000Z","requestContext":{"requestId":"e4b46cbf",` +
  `"functionArn":"arn:aws:lambda:us-east-1:123456789012:function:lastmile-local-deliver:$LATEST",` +
  `"condition":"RetriesExhausted","approximateInvokeCount":3},"requestPayload":${payload},` +
  `"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},` +
  `"responsePayload":{"errorMessage":"no","errorType":"Failure"}}`;

function wornOut(id: string): Delivery {
  const event = { value: JSON.parse(textOf(id)), text: textOf(id) };
  return {
    apiDestination: 'orders',
    event,
    target: { Id: 'target-1' },
    attempts: 3,
    postponements: 0,
    firstReceivedAtMs: Date.now(),
  };
}

const plain = (body: string): QueueMessage => ({ body, attributes: {} });

/** Every form that a dead letter can have. */
const forms: Readonly<Record<string, (id: string) => QueueMessage>> = {
  Lastmile: (id) =>
    formatDeadLetter({
      body: textOf(id),
      delivery: wornOut(id),
      code: 'EndpointRejected',
      reason: 'HTTP 400',
      status: 400,
    }),
  'a retry that SQS has moved': (id) => formatQueuedDelivery({ delivery: wornOut(id) }),
  'an envelope that SQS has moved': (id) => plain(envelopeOf(textOf(id))),
  "Lambda's record": (id) => plain(recordOf(envelopeOf(textOf(id)))),
};

async function start(answer?: AnswerRequest, environment: Record<string, string> = {}) {
  const arrivals: { wake: () => void } = { wake: () => undefined };
  const endpoint = await ownEndpoint((...request) => {
    arrivals.wake();
    return answer?.(...request);
  });
  const stack = await ownStack({ environment });
  const { sqs, lambda, events } = ownClients(stack);
  await createDestination(events, 'orders', { InvocationEndpoint: endpoint.origin });
  const urlOf = (name: string) => `${stack.url}/123456789012/lastmile-local-${name}`;
  return {
    async put(queue: 'deliveries' | 'dead-letters', { body, attributes }: QueueMessage) {
      const texts = Object.entries(attributes).map(([name, StringValue]) => [
        name,
        { DataType: 'String', StringValue },
      ]);
      const MessageAttributes = Object.fromEntries(texts);
      await sqs.send(new SendMessageCommand({ QueueUrl: urlOf(queue), MessageBody: body, MessageAttributes }));
    },
    /** Reads a dead letter and leaves it visible. */
    async deadLetter(WaitTimeSeconds = 1): Promise<Message | undefined> {
      const receive = { QueueUrl: urlOf('dead-letters'), MessageAttributeNames: ['All'], VisibilityTimeout: 0 };
      return (await sqs.send(new ReceiveMessageCommand({ ...receive, WaitTimeSeconds }))).Messages?.[0];
    },
    async redrive(input: object = {}): Promise<Record<string, unknown>> {
      const FunctionName = 'lastmile-local-redrive';
      const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(input) }));
      return JSON.parse(answer.Payload?.transformToString() ?? '');
    },
    async requests(count: number): Promise<readonly RecordedRequest[]> {
      while (endpoint.requests.length < count) await new Promise<void>((resolve) => (arrivals.wake = resolve));
      return endpoint.requests;
    },
  };
}

async function firstDeadLetter(started: Awaited<ReturnType<typeof start>>): Promise<Message> {
  for (;;) {
    const message = await started.deadLetter();
    if (message !== undefined) return message;
  }
}

test('a redriven dead letter arrives byte for byte after the endpoint works again', async () => {
  const started = await start((_request, index) => ({ status: index === 0 ? 400 : 200 }));
  await started.put('deliveries', plain(envelopeOf(textOf('e1'))));
  const deadLetter = await firstDeadLetter(started);
  expect([deadLetter.Body, deadLetter.MessageAttributes?.['ERROR_CODE']?.StringValue]).toEqual([
    textOf('e1'),
    'ERROR_FROM_TARGET',
  ]);
  expect(await started.redrive({ dryRun: true })).toMatchObject({ moved: 0, matched: 1, kept: 1, more: false });
  expect(await started.redrive({ apiDestination: 'others' })).toMatchObject({ moved: 0, matched: 0, kept: 1 });
  expect(await started.redrive({ apiDestination: 'orders', errorCode: 'EndpointRejected' })).toEqual({
    moved: 1,
    matched: 1,
    kept: 0,
    unreadable: [],
    unreadableCount: 0,
    more: false,
    before: expect.stringMatching(/^2.*Z$/),
  });
  const requests = await started.requests(2);
  expect(requests.map(({ body }) => body)).toEqual([textOf('e1'), textOf('e1')]);
  expect(requests.map(({ headers }) => headers['idempotency-key'])).toEqual(['e1/target-1', 'e1/target-1']);
  expect(await started.deadLetter()).toBeUndefined();
});

test('each form of dead letter arrives byte for byte after a redrive', async () => {
  const started = await start();
  const ids = Object.keys(forms).map((_form, index) => `e${index}`);
  for (const [index, form] of Object.values(forms).entries()) await started.put('dead-letters', form(`e${index}`));
  await started.put('dead-letters', plain('no delivery'));
  expect(await started.redrive()).toMatchObject({ moved: ids.length, kept: 1, unreadableCount: 1, more: false });
  const requests = await started.requests(ids.length);
  expect(requests.map(({ body }) => body).toSorted()).toEqual(ids.map(textOf));
  expect((await firstDeadLetter(started)).Body).toBe('no delivery');
});

test.each(Object.entries(forms))(
  'a dead letter in the form of %s is delivered byte for byte when the console moves it to the delivery queue',
  async (_form, message) => {
    const started = await start();
    await started.put('deliveries', message('e1'));
    const [request] = await started.requests(1);
    expect([request?.body, request?.headers['idempotency-key']]).toEqual([textOf('e1'), 'e1/target-1']);
  },
);

test.each(['dead-letters', 'deliveries'] as const)(
  'an event without an envelope in Lambda’s record in the queue %s is delivered to API_DESTINATION',
  async (queue) => {
    const started = await start(undefined, { API_DESTINATION: 'orders' });
    await started.put(queue, plain(recordOf(textOf('e1'))));
    const redriven = queue === 'dead-letters' ? await started.redrive() : undefined;
    const [request] = await started.requests(1);
    expect([redriven?.['moved'], request?.body]).toEqual([queue === 'dead-letters' ? 1 : undefined, textOf('e1')]);
  },
);

test('a redriven event without an envelope goes to API_DESTINATION again', async () => {
  const started = await start((_request, index) => ({ status: index === 0 ? 400 : 200 }), {
    API_DESTINATION: 'orders',
  });
  await started.put('deliveries', plain(textOf('e1')));
  const { Body, MessageAttributes } = await firstDeadLetter(started);
  const details = JSON.parse(MessageAttributes?.['LASTMILE']?.StringValue ?? '{}');
  expect([Body, details.apiDestination]).toEqual([textOf('e1'), 'orders']);
  expect(await started.redrive({ apiDestination: 'orders' })).toMatchObject({ moved: 1 });
  const requests = await started.requests(2);
  expect(requests.map(({ body }) => body)).toEqual([textOf('e1'), textOf('e1')]);
});

test('a redrive with invalid fields names the fields and moves nothing', async () => {
  const started = await start();
  await started.put('dead-letters', plain(envelopeOf(textOf('e1'))));
  expect(await started.redrive({ apidestination: 'orders', rate: 1, maximum: 'all' })).toMatchObject({
    errorType: 'RedriveRequestError',
    errorMessage:
      'Bad input: apidestination is not a field of a redrive; rate is not a field of a redrive; ' +
      'maximum is not a whole number from 1 to 1000000000.',
  });
  expect((await firstDeadLetter(started)).Body).toBe(envelopeOf(textOf('e1')));
});
