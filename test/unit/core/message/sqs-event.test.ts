import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSqsEvent } from '../../../../lib/core/message/sqs-event.ts';
import { failureOf } from '../failure/failing.ts';

const nowMs = 1_790_000_000_000;

/** A record as Lambda gives it to a function. */
const record = (members: object = {}) => ({
  messageId: 'm-1',
  receiptHandle: 'r-1',
  body: '{"a": 1.0}',
  attributes: { ApproximateReceiveCount: '3', SentTimestamp: '1789999999999', SenderId: 'x' },
  messageAttributes: {
    LASTMILE: { stringValue: '{"v":1}', stringListValues: [], binaryListValues: [], dataType: 'String' },
  },
  md5OfBody: 'x',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:us-east-1:123456789012:q',
  awsRegion: 'us-east-1',
  ...members,
});

const parse = (...records: unknown[]) => parseSqsEvent({ Records: records }, nowMs);

describe('an event of a queue', () => {
  test('parsing an SQS event yields its messages in order, with their attributes, receive count and time', () => {
    expect(parse(record(), record({ messageId: 'm-2' }))).toMatchObject([
      {
        messageId: 'm-1',
        receiptHandle: 'r-1',
        message: { body: '{"a": 1.0}', attributes: { LASTMILE: '{"v":1}' } },
        receiveCount: 3,
        sentAtMs: 1_789_999_999_999,
      },
      { messageId: 'm-2' },
    ]);
  });

  test('parsing an SQS event without a record yields no message', () => {
    expect(parseSqsEvent({ Records: [] }, nowMs)).toEqual([]);
  });

  test('every message of an SQS event keeps its attributes and its message group unchanged', () => {
    const messageAttributes = {
      bytes: { binaryValue: 'AA==', stringListValues: [], binaryListValues: [], dataType: 'Binary.zstd' },
      number: { stringValue: '007', stringListValues: [], binaryListValues: [], dataType: 'Number' },
    };
    const [message] = parse(record({ messageAttributes, attributes: { MessageGroupId: 'orders' } }));
    expect(message?.raw).toMatchObject({
      body: '{"a": 1.0}',
      attributes: {
        bytes: { dataType: 'Binary.zstd', binaryValue: 'AA==' },
        number: { dataType: 'Number', stringValue: '007' },
      },
      group: 'orders',
    });
    expect(parse(record())[0]?.raw).not.toHaveProperty('group');
  });

  test('the attributes of an SQS message that are not text are left out', () => {
    const messageAttributes = {
      bytes: { binaryValue: 'AA==', dataType: 'Binary' },
      odd: 'text',
      text: { stringValue: 't', dataType: 'String' },
    };
    expect(Object.entries(parse(record({ messageAttributes }))[0]?.message.attributes ?? {})).toEqual([['text', 't']]);
  });

  test('an attribute of an SQS message may have the name __proto__', () => {
    const messageAttributes: unknown = JSON.parse('{"__proto__":{"stringValue":"p"},"toString":{"stringValue":"s"}}');
    const attributes = parse(record({ messageAttributes }))[0]?.message.attributes ?? {};
    expect(Object.entries(attributes)).toEqual([
      ['__proto__', 'p'],
      ['toString', 's'],
    ]);
    expect(parse(record({ messageAttributes: {} }))[0]?.message.attributes['toString']).toBeUndefined();
  });

  test.each([undefined, null, {}, { ApproximateReceiveCount: 'many', SentTimestamp: '-1' }])(
    'an SQS message with the system attributes %j counts as received now, for the first time',
    (attributes) => {
      expect(parse(record({ attributes }))[0]).toMatchObject({ receiveCount: 1, sentAtMs: nowMs });
    },
  );

  test('an SQS message that says it was received zero times counts as received once', () => {
    expect(parse(record({ attributes: { ApproximateReceiveCount: '0' } }))[0]?.receiveCount).toBe(1);
  });
});

describe('an event that Lambda would not hand over', () => {
  test.each<[event: unknown, message: string]>([
    ['canary', 'The event is not a JSON object.'],
    [null, 'The event is not a JSON object.'],
    [{}, 'Records is missing.'],
    [{ Records: 'canary' }, 'Records is not a list.'],
    [{ Records: ['canary'] }, 'Records[0] is not an object.'],
    [{ Records: [record(), record({ body: 7 })] }, 'Records[1].body is not a string.'],
    [{ Records: [record({ messageId: null })] }, 'Records[0].messageId is missing.'],
    [{ Records: [record({ receiptHandle: undefined })] }, 'Records[0].receiptHandle is missing.'],
    [{ Records: [record({ attributes: 'canary' })] }, 'Records[0].attributes is not an object.'],
  ])('the malformed SQS event %j is refused, and the error names the field', (event, message) => {
    expect(failureOf(() => parseSqsEvent(event, nowMs))).toBe(`InvalidDelivery: ${message}`);
  });

  test('any value is read as an SQS event or refused with a Failure', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.record({ Records: fc.jsonValue() })), (event) => {
        expect(failureOf(() => parseSqsEvent(event, nowMs))).toMatch(/^(no failure|InvalidDelivery: )/);
      }),
    );
  });
});
