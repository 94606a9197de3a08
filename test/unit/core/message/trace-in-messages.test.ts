import { expect, test } from 'vitest';
import type { Trace } from '../../../../lib/core/delivery/trace.ts';
import { formatDeadLetter } from '../../../../lib/core/message/dead-letter-message.ts';
import { parseDelivery } from '../../../../lib/core/message/parse-delivery.ts';
import type { QueueMessage } from '../../../../lib/core/message/queue-message.ts';
import {
  formatQueuedDelivery,
  parseQueueMessage,
  unreadDetails,
} from '../../../../lib/core/message/queued-delivery.ts';
import { readDeadLetter } from '../../../../lib/core/message/redrive-reading.ts';
import { parseSqsEvent } from '../../../../lib/core/message/sqs-event.ts';
import { deliveryOf, nowMs } from './deliveries.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const otherTraceparent = '00-11111111111111111111111111111111-2222222222222222-00';
const xray = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
const otherXray = 'Root=1-67891233-abcdef012345678912345678;Sampled=0';
const whole: Trace = { traceparent, tracestate: 'rojo=1', 'X-Amzn-Trace-Id': xray };

const envelope = (trace?: unknown) => JSON.stringify({ apiDestination: 'orders', event: { id: 'e-1' }, trace });
const plain = (body: string, more: Partial<QueueMessage> = {}): QueueMessage => ({ body, attributes: {}, ...more });

function traceIn(message: QueueMessage, apiDestination?: string): Trace | undefined {
  return parseQueueMessage(message, { apiDestination, nowMs }).delivery.trace;
}

test('an envelope may carry a trace', () => {
  expect(parseDelivery(JSON.parse(envelope(whole)), { apiDestination: undefined, nowMs }).trace).toEqual(whole);
  expect(traceIn(plain(envelope(whole)))).toEqual(whole);
});

test.each([undefined, null, 7, 'text', [], {}, { traceparent: 'no' }, { 'X-Amzn-Trace-Id': 'a\r\nb: c' }])(
  'an envelope with the trace %j is delivered without a trace',
  (trace) => {
    const { delivery } = parseQueueMessage(plain(envelope(trace)), { apiDestination: undefined, nowMs });
    expect(delivery.apiDestination).toBe('orders');
    expect(delivery).not.toHaveProperty('trace');
  },
);

test('the attributes of a message are its trace', () => {
  const attributes = { traceparent, tracestate: 'rojo=1' };
  expect(traceIn(plain(envelope(), { attributes, traceHeader: xray }))).toEqual(whole);
  expect(traceIn(plain(envelope(), { attributes }))).toEqual({ traceparent, tracestate: 'rojo=1' });
  expect(traceIn(plain(envelope(), { traceHeader: xray }))).toEqual({ 'X-Amzn-Trace-Id': xray });
  expect(traceIn(plain('{"id":"e-1"}', { traceHeader: xray }), 'orders')).toEqual({ 'X-Amzn-Trace-Id': xray });
});

test('the trace in an envelope is used instead of the attributes of its message, each format for itself', () => {
  const attributes = { traceparent: otherTraceparent };
  expect(traceIn(plain(envelope({ traceparent }), { attributes, traceHeader: xray }))).toEqual({
    traceparent,
    'X-Amzn-Trace-Id': xray,
  });
  expect(traceIn(plain(envelope({ 'X-Amzn-Trace-Id': xray }), { traceHeader: otherXray }))).toEqual({
    'X-Amzn-Trace-Id': xray,
  });
});

test('a retry carries its trace, in the same version of our messages', () => {
  const message = formatQueuedDelivery({ delivery: deliveryOf({ trace: whole }) });
  expect(JSON.parse(message.attributes['LASTMILE'] ?? '')).toMatchObject({ v: 1, trace: whole });
  expect(traceIn(message)).toEqual(whole);
});

test('a retry without a trace has no member for it', () => {
  const message = formatQueuedDelivery({ delivery: deliveryOf() });
  expect(JSON.parse(message.attributes['LASTMILE'] ?? '')).not.toHaveProperty('trace');
});

test("the attributes of a retry are not its trace, because the AWS SDK sends the invocation's own header", () => {
  const message = formatQueuedDelivery({ delivery: deliveryOf() });
  const attributes = { ...message.attributes, traceparent };
  expect(traceIn({ ...message, attributes, traceHeader: xray })).toBeUndefined();
});

test('a malformed trace in a retry is ignored', () => {
  const details = { v: 1, apiDestination: 'orders', trace: { traceparent: 'x\r\ny: z' } };
  expect(traceIn(plain('{}', { attributes: { LASTMILE: JSON.stringify(details) } }))).toBeUndefined();
});

test('a member that this version does not know is ignored in our own messages, as an older worker ignores the trace', () => {
  const details = { v: 1, apiDestination: 'orders', member: { traceparent } };
  const message = plain('{}', { attributes: { LASTMILE: JSON.stringify(details) } });
  expect(parseQueueMessage(message, { apiDestination: undefined, nowMs }).delivery.apiDestination).toBe('orders');
});

const failed = { code: 'EndpointRejected', reason: 'The endpoint answered 400.' } as const;

test('a redrive keeps the trace of a dead letter', () => {
  const message = formatDeadLetter({ ...failed, body: '{}', delivery: deliveryOf({ trace: whole }) });
  const received = { messageId: 'm', receiptHandle: 'h', message, receiveCount: 1, sentAtMs: nowMs - 1 };
  const reading = readDeadLetter(received, { dryRun: false }, { apiDestination: undefined, nowMs });
  expect(reading).toMatchObject({ kind: 'matching', delivery: { trace: whole } });
});

test('a dead letter of a delivery that could not be read keeps the trace', () => {
  const details = { v: 1, apiDestination: 'orders', target: 7, trace: whole };
  const unread = unreadDetails(plain('{}', { attributes: { LASTMILE: JSON.stringify(details) } }));
  if (unread === undefined) expect.fail('The message has details.');
  const { attributes } = formatDeadLetter({ ...failed, body: '{}', unread });
  expect(JSON.parse(attributes['LASTMILE'] ?? '')).toMatchObject({ trace: whole });
});

test.each([
  ['its header when that is sampled', xray, { 'X-Amzn-Trace-Id': xray }],
  ['nothing when its header is not sampled, because Lambda may have made that up', otherXray, undefined],
])("the trace of Lambda's record of a failed invocation is %s", (_what, traceHeader, trace) => {
  const context = { functionArn: 'arn:aws:lambda:us-east-1:123456789012:function:deliver:$LATEST' };
  const record = JSON.stringify({ requestContext: context, requestPayload: JSON.parse(envelope()) });
  expect(traceIn(plain(record, { traceHeader }))).toEqual(trace);
});

test('the attribute AWSTraceHeader of an SQS record is in the message and in its raw form', () => {
  const record = { messageId: 'm', receiptHandle: 'h', body: '{}', attributes: { AWSTraceHeader: xray } };
  const [received] = parseSqsEvent({ Records: [record] }, nowMs);
  expect([received?.message.traceHeader, received?.raw.traceHeader]).toEqual([xray, xray]);
  const [other] = parseSqsEvent({ Records: [{ ...record, attributes: { AWSTraceHeader: 7 } }] }, nowMs);
  expect(other?.message).not.toHaveProperty('traceHeader');
  expect(other?.raw).not.toHaveProperty('traceHeader');
});
