import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { elementTexts } from '../../../../lib/core/input/member-text.ts';
import { elementsOf, elementsOfMessage } from '../../../../lib/core/message/elements.ts';
import { parseDelivery } from '../../../../lib/core/message/parse-delivery.ts';
import { mayHoldSeveral } from '../../../../lib/core/message/queue-message.ts';
import { idempotencyKey } from '../../../../lib/core/request/idempotency-key.ts';
import { nowMs } from './deliveries.ts';

const record = (messageId: string) => ({ messageId, eventSource: 'aws:sqs', body: '{}' });
const here = { apiDestination: 'orders', nowMs };

describe('an input that holds several events', () => {
  test('an array gives one element for each of its values, each with its own text', () => {
    const text = '[ {"a": 1.0} ,"b,]", 7,[1] ]';
    expect(elementsOf(JSON.parse(text), text)).toEqual([
      { value: { a: 1 }, text: '{"a": 1.0}', occurrence: 1 },
      { value: 'b,]', text: '"b,]"', occurrence: 1 },
      { value: 7, text: '7', occurrence: 1 },
      { value: [1], text: '[1]', occurrence: 1 },
    ]);
    expect(elementsOf([{ a: 1 }])).toEqual([{ value: { a: 1 }, text: '{"a":1}', occurrence: 1 }]);
    expect(elementsOf([], ' [ ] ')).toEqual([]);
  });

  test('the text of each element of any array is cut out of the text of the array', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.nat(3), (values, spaces) => {
        const text = JSON.stringify(values, undefined, spaces);
        expect(elementTexts(text).map((each) => JSON.parse(each))).toEqual(JSON.parse(text));
      }),
    );
  });

  test('the messages of SQS and SNS that Lambda passes on are elements, and know their message', () => {
    const Records = [record('m-1'), record('m-2')];
    expect(elementsOf({ Records })?.map(({ messageId }) => messageId)).toEqual(['m-1', 'm-2']);
    expect(elementsOf({ Records: [{ EventSource: 'aws:sns', Sns: {} }] })).toHaveLength(1);
    expect(elementsOf(Records)?.map(({ messageId }) => messageId)).toEqual(['m-1', 'm-2']);
    const made = [{ apiDestination: 'orders', event: 1, messageId: 'm-1' }, { messageId: 'm-2' }];
    expect(elementsOf(made)?.map(({ messageId }) => messageId)).toEqual(['m-1', undefined]);
  });

  test.each<[what: string, input: unknown]>([
    ['an object', { a: [1] }],
    ['a text', '[1]'],
    ['a notification of S3', { Records: [{ eventSource: 'aws:s3' }] }],
    ['an event whose Records are no list', { Records: 7 }],
    ['null', null],
  ])('%s is one event', (_what, input) => {
    expect(elementsOf(input)).toBeUndefined();
  });
});

describe('a message of the delivery queue', () => {
  const plain = (body: string) => ({ body, attributes: {} });

  test.each([
    ['[{"id":"a"},{"id":"b"}]', ['a', 'b']],
    [' \n[{"id":"a"}]', ['a']],
    ['{"Records":[{"eventSource":"aws:sqs","messageId":"m","body":"{}"}]}', [undefined]],
    ['{"version":"1.0","requestContext":{"functionArn":"f"},"requestPayload":[{"id":"a"}]}', ['a']],
  ])('the message %s may hold several events, and has these', (body, ids) => {
    expect(mayHoldSeveral(plain(body))).toBe(true);
    const found = elementsOfMessage(plain(body));
    expect(found?.elements.map(({ value }) => (value as { readonly id?: string }).id)).toEqual(ids);
  });

  test.each([['{"id":"a"}'], ['{"apiDestination":"orders"}'], ['text'], ['{"version":"0"}']])(
    'the beginning of the message %s shows that it holds one event',
    (body) => {
      expect(mayHoldSeveral(plain(body))).toBe(false);
    },
  );

  test('a message of ours holds one event, even if this is an array', () => {
    expect(mayHoldSeveral({ body: '[1]', attributes: { LASTMILE: '{}' } })).toBe(false);
  });

  test.each([['['], ['{"version":"1.0"}'], ['{"Records":[]']])(
    'the message %s, which begins like several events, holds one event',
    (body) => {
      expect(elementsOfMessage(plain(body))).toBeUndefined();
    },
  );

  test('every element of a message has the trace of the message', () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    expect(elementsOfMessage({ body: '[1]', attributes: { traceparent } })?.trace).toMatchObject({ traceparent });
    const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1';
    const failed = '{"version":"1.0","requestContext":{"functionArn":"f"},"requestPayload":[1]}';
    expect(elementsOfMessage({ ...plain(failed), traceHeader })?.trace).toEqual({ 'X-Amzn-Trace-Id': traceHeader });
  });
});

test('equal elements without an id have keys of their own, which are the same when the array comes again', () => {
  const keys = () =>
    elementsOf([{ a: 1 }, { a: 1 }, { id: 'e' }, { id: 'e' }, { a: 1 }])?.map(({ value, occurrence }) =>
      idempotencyKey(parseDelivery(value, { ...here, occurrence }), 'orders'),
    );
  const [first = '', second, third, fourth, last] = keys() ?? [];
  const hash = first.slice(0, 64);
  expect([second, third, fourth, last]).toEqual([`${hash}-2/orders`, 'e/orders', 'e/orders', `${hash}-3/orders`]);
  expect(keys()).toEqual([first, second, third, fourth, last]);
});
