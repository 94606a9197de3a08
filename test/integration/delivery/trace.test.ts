import { InvokeCommand } from '@aws-sdk/client-lambda';
import { ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { ownClients, ownEndpoint, ownStack } from '../../fixtures/stack.ts';
import type { RecordedRequest } from '../../servers/endpoints/recording-endpoint.ts';
import { createBusStory, everyOrder, Growing } from '../bus/bus-story.ts';

const root = 'Root=1-5759e988-bd862e3fe1be46a994272793';
const TraceHeader = `${root};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:0`;
const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;

/** A stack with the destination `shop`, and a rule that sends it every order with up to three retries. */
async function start(statuses: number[] = []) {
  const requests = new Growing<RecordedRequest>();
  const endpoint = await ownEndpoint((request) => {
    requests.push(request);
    return { status: statuses.shift() ?? 200 };
  });
  const stack = await ownStack({ environment: { RETRY_BASE_DELAY_MS: '50', RETRY_MAX_DELAY_MS: '200' } });
  const story = createBusStory(stack);
  const { lambda, sqs } = ownClients(stack);
  const Arn = await story.createDestination('shop', endpoint.origin);
  const HttpParameters = { PathParameterValues: ['1'] };
  await story.putRule(
    { Name: 'orders', EventPattern: everyOrder },
    { Arn, HttpParameters, RetryPolicy: { MaximumRetryAttempts: 3 } },
  );
  const urlOf = (name: string) => `${stack.url}/123456789012/lastmile-local-${name}`;
  return {
    ...story,
    requests,
    lambda,
    async send(envelope: object, attributes: Record<string, string>): Promise<void> {
      const texts = Object.entries(attributes).map(([name, StringValue]) => [
        name,
        { DataType: 'String', StringValue },
      ]);
      const MessageAttributes = Object.fromEntries(texts);
      const MessageBody = JSON.stringify(envelope);
      await sqs.send(new SendMessageCommand({ QueueUrl: urlOf('deliveries'), MessageBody, MessageAttributes }));
    },
    async redriveOne(): Promise<void> {
      const receive = { QueueUrl: urlOf('dead-letters'), VisibilityTimeout: 0, WaitTimeSeconds: 20 };
      for (let found = 0; found === 0; ) {
        found = (await sqs.send(new ReceiveMessageCommand(receive))).Messages?.length ?? 0;
      }
      await lambda.send(new InvokeCommand({ FunctionName: 'lastmile-local-redrive', Payload: '{}' }));
    },
  };
}

const traceHeaders = ({ headers }: RecordedRequest) => {
  const { traceparent: w3c, tracestate, 'x-amzn-trace-id': xray } = headers;
  return { w3c, tracestate, xray };
};

test('an event keeps its trace through three retries and a redrive, and each request has a new parent id', async () => {
  const { put, requests, redriveOne } = await start([500, 500, 500, 500]);
  await put({ TraceHeader });
  await requests.count(4);
  await redriveOne();
  const sent = (await requests.count(5)).map(traceHeaders);
  const parents = sent.map(({ xray }) => /;Parent=([0-9a-f]{16});/.exec(xray ?? '')?.[1] ?? 'none');
  expect(sent).toEqual(
    parents.map((parent) => ({
      w3c: undefined,
      tracestate: undefined,
      xray: `${root};Parent=${parent};Sampled=1;Lineage=a87bd80c:0`,
    })),
  );
  expect(new Set([...parents, '53995c3f42cd8ad8']).size).toBe(6);
});

test('a request for an event without a trace has no trace header, also on a retry', async () => {
  const { put, requests } = await start([500]);
  await put({});
  const none = { w3c: undefined, tracestate: undefined, xray: undefined };
  expect((await requests.count(2)).map(traceHeaders)).toEqual([none, none]);
});

test('an event with a malformed TraceHeader is delivered without it', async () => {
  const { put, requests } = await start();
  await put({ TraceHeader: 'Root=1-2-3\r\nX-Admin: 1' });
  const [request] = await requests.count(1);
  expect(request?.headers).not.toHaveProperty('x-amzn-trace-id');
  expect(request?.headers).not.toHaveProperty('x-admin');
});

test('a rule that targets the delivery queue passes the trace of its events on', async () => {
  const { put, putRule, requests } = await start();
  const envelope =
    '{"apiDestination":"shop","event":<aws.events.event.json>,"target":{"HttpParameters":{"PathParameterValues":["2"]}}}';
  const Arn = 'arn:aws:sqs:us-east-1:123456789012:lastmile-local-deliveries';
  await putRule({ Name: 'queue', EventPattern: everyOrder }, { Arn, InputTransformer: { InputTemplate: envelope } });
  await put({ TraceHeader });
  const sent = await requests.count(2);
  const xray = expect.stringMatching(/^Root=1-5759e988-bd862e3fe1be46a994272793;Parent=[0-9a-f]{16};Sampled=1;/);
  expect(sent.map(({ path }) => path).toSorted()).toEqual(['/shop/1', '/shop/2']);
  expect(sent.map(({ headers }) => headers['x-amzn-trace-id'])).toEqual([xray, xray]);
});

test('a rule or a caller that invokes deliver passes a sampled trace on', async () => {
  const { put, putRule, requests, lambda } = await start();
  const target = { HttpParameters: { PathParameterValues: ['2'] } };
  const invoke = JSON.stringify({ apiDestination: 'shop', event: { id: 'e-1' }, target });
  const Arn = 'arn:aws:lambda:us-east-1:123456789012:function:lastmile-local-deliver';
  await putRule({ Name: 'orders', EventPattern: everyOrder }, { Arn, Input: invoke });
  await put({ TraceHeader });
  await requests.count(1);
  const command = new InvokeCommand({ FunctionName: 'lastmile-local-deliver', Payload: invoke });
  command.middlewareStack.add(
    (next) => (given) => {
      Object.assign((given.request as { headers: object }).headers, { 'X-Amzn-Trace-Id': TraceHeader });
      return next(given);
    },
    { step: 'build' },
  );
  await lambda.send(command);
  const xray = expect.stringMatching(/^Root=1-5759e988-bd862e3fe1be46a994272793;Parent=[0-9a-f]{16};Sampled=1;/);
  const sent = await requests.count(2);
  expect(sent.map(({ headers }) => headers['x-amzn-trace-id'])).toEqual([xray, xray]);
});

test('traceparent and tracestate in the attributes of a message reach the endpoint on a retry too', async () => {
  const { send, requests } = await start([500]);
  const target = { HttpParameters: { PathParameterValues: ['1'] } };
  await send({ apiDestination: 'shop', event: { id: 'e-1' }, target }, { traceparent, tracestate: 'rojo=1' });
  const sent = (await requests.count(2)).map(traceHeaders);
  const w3c = expect.stringMatching(new RegExp(`^00-${traceId}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`));
  expect(sent).toEqual([
    { w3c, tracestate: 'rojo=1', xray: undefined },
    { w3c, tracestate: 'rojo=1', xray: undefined },
  ]);
  expect(sent[0]?.w3c).not.toBe(sent[1]?.w3c);
});
