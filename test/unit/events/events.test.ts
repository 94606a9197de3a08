import { expect, test } from 'vitest';
import { parseDelivery } from '../../../lib/core/message/parse-delivery.ts';
import { envelope, pipesBatch, ruleEvent, sqsBatch } from '../../../lib/events/index.ts';
import { parseSqsEvent } from '../../../lib/core/message/sqs-event.ts';

test('an event without further members has those of an event that has matched a rule', () => {
  expect(ruleEvent({ detail: { number: 7 } })).toEqual({
    version: '0',
    id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    'detail-type': 'Test',
    source: 'test',
    account: '123456789012',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    region: 'us-east-1',
    resources: [],
    detail: { number: 7 },
  });
});

test('a given member of an event replaces the default', () => {
  const event = ruleEvent({ id: 'a', source: 'shop', detail: 1 });
  expect(event).toMatchObject({ id: 'a', source: 'shop', 'detail-type': 'Test', detail: 1 });
});

test('deliver reads an envelope with its event, rule, target and trace', () => {
  const event = ruleEvent({ detail: { number: 7 } });
  const rule = 'arn:aws:events:us-east-1:123456789012:rule/orders';
  const target = { Id: 'orders', HttpParameters: { PathParameterValues: ['$.detail.number'] } };
  const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
  const delivery = parseDelivery(envelope('orders', event, { rule, target, trace }), {
    apiDestination: undefined,
    nowMs: 0,
  });
  expect(delivery).toMatchObject({ apiDestination: 'orders', event: { value: event }, rule });
  expect(delivery.target).toEqual(target);
  expect(delivery.trace).toMatchObject(trace);
});

test('deliver-queued reads a batch with the content, the group and the number of receives of each message', () => {
  const options = { receiveCount: 2, messageGroupId: 'orders', sentAtMs: 1000 };
  const batch = sqsBatch([envelope('orders', { id: 'a' }), 'a text'], options);
  const [first, second] = parseSqsEvent(batch, 5000);
  const body = '{"apiDestination":"orders","event":{"id":"a"}}';
  expect(first).toMatchObject({ receiveCount: 2, sentAtMs: 1000, message: { body } });
  expect(second).toMatchObject({ message: { body: 'a text' } });
  expect(batch.Records.map(({ attributes }) => attributes['MessageGroupId'])).toEqual(['orders', 'orders']);
  expect(new Set(batch.Records.map(({ messageId }) => messageId)).size).toBe(2);
});

test('a batch of a pipe is the list of the messages of the queue', () => {
  const queueArn = 'arn:aws:sqs:eu-central-1:123456789012:orders';
  const [record, ...rest] = pipesBatch([{ number: 7 }], { queueArn });
  expect(rest).toEqual([]);
  expect(record).toMatchObject({
    body: '{"number":7}',
    md5OfBody: '310fcd53ad222b879ee2a234ca93bc2f',
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: 'eu-central-1',
    attributes: { ApproximateReceiveCount: '1' },
  });
});
