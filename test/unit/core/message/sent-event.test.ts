import { describe, expect, test } from 'vitest';
import { parseDelivery } from '../../../../lib/core/message/parse-delivery.ts';
import { parseQueueMessage } from '../../../../lib/core/message/queued-delivery.ts';
import { failureOf } from '../failure/failing.ts';
import { nowMs } from './deliveries.ts';

const anywhere = { apiDestination: undefined, nowMs };
const here = { apiDestination: 'orders', nowMs };
const event = { id: 'e-1', detail: { total: 1 } };
const envelope = { apiDestination: 'orders', event };

const live = { 'aws:EventId': 'bus-1', 'aws:DeliveryType': 'LIVE', ContentType: 'application/json' };
const arn = 'arn:aws:events:us-east-1:123456789012:subscriber/audit/abcdefghijklmnopqrstuvwxy';
const withMetadata = (Data: unknown, more: object = {}) => ({
  Data,
  Metadata: {},
  SystemMetadata: { ...live, ...more },
});
const sqsRecord = (body: string) => ({ messageId: 'm-1', eventSource: 'aws:sqs', body });
const notification = (Message: string) => ({
  Type: 'Notification',
  TopicArn: 'arn:aws:sns:x',
  MessageId: 'n-1',
  Message,
});
const base64 = (text: string) => Buffer.from(text).toString('base64');

test.each(['EventGroupId', 'aws:EventGroupId'])('%s of the metadata is the group of the event', (name) => {
  const delivery = parseDelivery(withMetadata(event, { [name]: 'customer-7' }), here);
  expect(delivery.senderGroup).toBe('customer-7');
});

test('of a group that is too long for a message or has other characters, only the hash is kept', () => {
  const delivery = parseDelivery(withMetadata(event, { EventGroupId: 'Kunde \u00e4'.repeat(50) }), here);
  expect(delivery.senderGroup).toMatch(/^[0-9a-f]{64}$/);
});

describe('what a sender puts around an event', () => {
  test.each<[sender: string, input: unknown, event: object, eventId?: string]>([
    ['a subscriber with metadata', withMetadata(event), { value: event }, 'bus-1'],
    ['a subscriber with metadata and a list as data', withMetadata([1, 2]), { value: [1, 2] }, 'bus-1'],
    ['a subscriber with metadata and JSON text as data', withMetadata('a'), { value: 'a' }, 'bus-1'],
    [
      'a subscriber with metadata and Avro that arrives as JSON',
      withMetadata('a', { ContentType: 'application/avro' }),
      { value: 'a' },
      'bus-1',
    ],
    [
      'a subscriber with metadata and bytes as data',
      withMetadata('aGVsbG8=', { ContentType: 'application/octet-stream' }),
      { value: 'aGVsbG8=', form: 'bytes' },
      'bus-1',
    ],
    [
      'a subscriber with metadata that has no content type',
      { Data: 'hello', SystemMetadata: { 'aws:DeliveryType': 'LIVE' } },
      { value: 'hello', form: 'text' },
    ],
    ['a pipe from SQS', sqsRecord('{"a":1.0}'), { value: { a: 1 }, text: '{"a":1.0}' }, 'm-1'],
    [
      'a pipe from SQS whose event has an id',
      sqsRecord('{"id":"e-1"}'),
      { value: { id: 'e-1' }, text: '{"id":"e-1"}' },
    ],
    ['a pipe from SQS with a text', sqsRecord('hello'), { value: 'hello', form: 'text' }, 'm-1'],
    ['SNS', { EventSource: 'aws:sns', Sns: notification('{"a":1}') }, { value: { a: 1 }, text: '{"a":1}' }, 'n-1'],
    ['SNS through SQS', notification('hello'), { value: 'hello', form: 'text' }, 'n-1'],
    [
      'SNS through SQS and a pipe',
      sqsRecord(JSON.stringify(notification('{"a":1}'))),
      { value: { a: 1 }, text: '{"a":1}' },
      'm-1',
    ],
    [
      'a pipe from Kinesis with JSON',
      { eventSource: 'aws:kinesis', eventID: 'shard:1', data: base64('{"a":1}') },
      { value: { a: 1 }, text: '{"a":1}' },
      'shard:1',
    ],
    [
      'a pipe from Kinesis with bytes',
      { eventSource: 'aws:kinesis', eventID: 'shard:1', data: '/w==' },
      { value: '/w==', form: 'bytes' },
      'shard:1',
    ],
    [
      'a pipe from Kafka with text',
      { eventSource: 'aws:kafka', topic: 't', partition: 0, offset: 7, value: base64('hello') },
      { value: 'hello', form: 'text' },
      't-0-7',
    ],
    ['a pipe from RabbitMQ', { eventSource: 'aws:rmq', data: base64('[1]') }, { value: [1], text: '[1]' }],
    [
      'a pipe from a DynamoDB stream',
      { eventSource: 'aws:dynamodb', eventID: 'd-1' },
      { value: { eventSource: 'aws:dynamodb', eventID: 'd-1' } },
      'd-1',
    ],
    ['Scheduler or Step Functions with a number', 7, { value: 7 }],
    ['Scheduler with a text', 'hello', { value: 'hello', form: 'text' }],
    ['a subscriber of raw events with a list', [[1]], { value: [[1]] }],
  ])('the event that comes from %s is sent without what the sender put around it', (_sender, input, sent, eventId) => {
    const delivery = parseDelivery(input, here);
    expect(delivery.event).toEqual(sent);
    expect(delivery.eventId).toBe(eventId);
  });

  test.each<[what: string, input: object]>([
    ['a record of a DynamoDB stream', { eventSource: 'aws:dynamodb', eventID: 'd-1', dynamodb: {} }],
    ['a record of SQS without a body', { eventSource: 'aws:sqs' }],
    ['a record of Kinesis whose data are not Base64', { eventSource: 'aws:kinesis', data: '?' }],
    ['an object that only looks like a notification', { Type: 'Notification', Message: 'hello' }],
    ['an object with metadata but no data', { SystemMetadata: {} }],
    ['an object whose metadata are a text', { SystemMetadata: 'a', Data: 1 }],
  ])('%s is an event itself', (_what, input) => {
    expect(parseDelivery(input, here).event.value).toBe(input);
  });

  test.each<[what: string, input: unknown]>([
    ['the data of a subscriber', withMetadata(envelope)],
    ['a record of SQS', sqsRecord(JSON.stringify(envelope))],
    ['a notification in a record of SQS', sqsRecord(JSON.stringify(notification(JSON.stringify(envelope))))],
    ['bytes of Kinesis', { eventSource: 'aws:kinesis', data: base64(JSON.stringify(envelope)) }],
  ])('an envelope in %s names the API destination, but not for a function that has one', (_what, input) => {
    expect(parseDelivery(input, anywhere)).toMatchObject({ apiDestination: 'orders', event: { value: event } });
    expect(failureOf(() => parseDelivery(input, here))).toContain('apiDestination is not accepted');
  });

  test('text that is nested in ever more records is unwrapped four times', () => {
    let body = 'hello';
    for (let layer = 0; layer < 6; layer += 1) body = JSON.stringify(sqsRecord(body));
    expect(parseDelivery(JSON.parse(body), here).event.value).toMatchObject({ body: expect.stringContaining('hello') });
  });
});

describe('the metadata of a Custom Event Bus', () => {
  test('a replayed event is marked with the name of its subscriber', () => {
    const replayed = { 'aws:DeliveryType': 'REPLAY', 'aws:SubscriberArn': arn };
    expect(parseDelivery(withMetadata(event, replayed), here)).toMatchObject({ eventId: 'bus-1', replay: 'audit' });
    expect(parseDelivery(withMetadata(event, { 'aws:DeliveryType': 'REPLAY' }), here).replay).toBe('');
    expect(parseDelivery(withMetadata(event), here)).not.toHaveProperty('replay');
  });

  test('an envelope may carry the metadata beside its event', () => {
    const given = {
      ...envelope,
      event: 'aGVsbG8=',
      SystemMetadata: { ...live, ContentType: 'application/octet-stream' },
    };
    expect(parseDelivery(given, anywhere)).toMatchObject({
      eventId: 'bus-1',
      event: { value: 'aGVsbG8=', form: 'bytes' },
    });
  });

  test('an envelope that a pipe makes may carry the id of its message, for an event without an id', () => {
    const given = { ...envelope, messageId: 'm-1' };
    expect(parseDelivery({ ...given, event: { a: 1 } }, anywhere).eventId).toBe('m-1');
    expect(parseDelivery(given, anywhere)).not.toHaveProperty('eventId');
    expect(parseDelivery({ ...given, event: 1, messageId: 'm 1' }, anywhere)).not.toHaveProperty('eventId');
  });

  test('the id of an envelope in the data of an event is that of the bus', () => {
    expect(parseDelivery(withMetadata(envelope), anywhere).eventId).toBe('bus-1');
  });

  test('an id that no header can carry is not used', () => {
    expect(parseDelivery(withMetadata(event, { 'aws:EventId': 'a\nb' }), here)).not.toHaveProperty('eventId');
  });

  test('data that are not Base64, although the metadata say that they are, are refused', () => {
    const input = withMetadata('no Base64', { ContentType: 'application/octet-stream' });
    expect(failureOf(() => parseDelivery(input, here))).toBe(
      'InvalidDelivery: The event is not Base64, although its sender says so.',
    );
  });
});

describe('an event of any type', () => {
  test.each([[1.5], [true], [[1]], [{ a: 1 }]])('an envelope may hold the JSON %j as its event', (value) => {
    expect(parseDelivery({ ...envelope, event: value }, anywhere).event).toEqual({ value });
  });

  test('an envelope may hold text, and bytes as Base64', () => {
    expect(parseDelivery({ ...envelope, event: 'hello' }, anywhere).event).toEqual({ value: 'hello', form: 'text' });
    const bytes = { ...envelope, event: 'aGVsbG8=', isBase64Encoded: true };
    expect(parseDelivery(bytes, anywhere).event).toEqual({ value: 'aGVsbG8=', form: 'bytes' });
  });

  test('an event that is null is refused', () => {
    expect(failureOf(() => parseDelivery(null, here))).toBe('InvalidDelivery: The event is null.');
  });

  test.each([
    ['hello', { value: 'hello', form: 'text' }],
    ['"hello"', { value: 'hello', form: 'text' }],
    ['{"a": 1.0}', { value: { a: 1 }, text: '{"a": 1.0}' }],
    ['1.0', { value: 1, text: '1.0' }],
    [JSON.stringify(withMetadata({ a: 1 })).replace(':1}', ':1.0}'), { value: { a: 1 }, text: '{"a":1.0}' }],
  ])('the message %j in the queue of a function with its own destination is an event', (body, sent) => {
    expect(parseQueueMessage({ body, attributes: {} }, here).delivery.event).toEqual(sent);
  });
});
