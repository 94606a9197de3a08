import { expect, test } from 'vitest';
import { formatDeadLetter } from '../../../../lib/core/message/dead-letter-message.ts';
import type { Delivery } from '../../../../lib/core/delivery/delivery.ts';
import type { QueueMessage } from '../../../../lib/core/message/queue-message.ts';
import { formatQueuedDelivery } from '../../../../lib/core/message/queued-delivery.ts';
import { readDeadLetter } from '../../../../lib/core/message/redrive-reading.ts';
import type { RedriveRequest } from '../../../../lib/core/message/redrive-request.ts';

const text = '{"id":"e1", "big":9007199254740993,"one":1.0,"b":1,"a":2,"note":"Zoë 😀 \\ufffe"}';
const arn = 'arn:aws:events:us-east-1:123456789012:api-destination/orders/1-1';
const rule = 'arn:aws:events:us-east-1:123456789012:rule/shop';
const nowMs = Date.UTC(2026, 0, 31);

const worn: Delivery = {
  apiDestination: 'orders',
  event: { value: JSON.parse(text), text },
  rule,
  target: { Id: 'target-1', RetryPolicy: { MaximumRetryAttempts: 3 } },
  attempts: 4,
  postponements: 2,
  firstReceivedAtMs: 7,
  attemptTimes: { firstMs: 8, lastMs: 9 },
};
const { attemptTimes: _attemptTimes, ...unworn } = worn;
const anew: Delivery = { ...unworn, attempts: 0, postponements: 0, firstReceivedAtMs: nowMs };

const envelope = `{"target":${JSON.stringify(worn.target)},"apiDestination":"orders","rule":"${rule}","event": ${text} }`;

/** Source: Lambda developer guide, capturing records of asynchronous invocations. */
function recordOf(payload: string): string {
  return `{"version":"1.0","timestamp":"2026-01-31T00:00:00.000Z","requestContext":{"requestId":"r","functionArn":
    "arn:aws:lambda:us-east-1:123456789012:function:lastmile-prod-deliver:$LATEST","condition":"RetriesExhausted",
    "approximateInvokeCount":3},"requestPayload":${payload},"responseContext":{"statusCode":200,"executedVersion":"$LATEST",
    "functionError":"Unhandled"},"responsePayload":{"errorMessage":"no","errorType":"Failure","trace":[]}}`;
}

const failed = { code: 'EndpointRejected', reason: 'The endpoint answered 400.', status: 400 } as const;
const ours = formatDeadLetter({ ...failed, body: text, delivery: worn });
const plain = (body: string): QueueMessage => ({ body, attributes: {} });

function read(message: QueueMessage, request: Partial<RedriveRequest> = {}, apiDestination?: string) {
  const received = { messageId: 'm', receiptHandle: 'h', message, receiveCount: 1, sentAtMs: nowMs - 1000 };
  return readDeadLetter(received, { dryRun: false, ...request }, { apiDestination, nowMs });
}

test.each([
  ['a dead letter of ours', ours],
  ['a retry of ours that SQS has moved', formatQueuedDelivery({ delivery: worn, notBeforeMs: nowMs + 9 })],
  ['an envelope that SQS has moved', plain(envelope)],
  ["Lambda's record of a failed invocation", plain(recordOf(envelope))],
])('%s starts again as a new delivery with its event unchanged, byte for byte', (_form, message) => {
  expect(read(message)).toEqual({ kind: 'matching', delivery: anew });
});

test('a redriven delivery is sent without its earlier attempts and times', () => {
  const reading = read(ours);
  if (reading.kind !== 'matching') throw new Error('It does not match.');
  const { body, attributes } = formatQueuedDelivery({ delivery: reading.delivery });
  const { rule: itsRule, target, apiDestination } = worn;
  const details = {
    v: 1,
    apiDestination,
    rule: itsRule,
    target,
    attempts: 0,
    postponements: 0,
    firstReceivedAt: nowMs,
  };
  expect([body, JSON.parse(attributes['LASTMILE'] ?? '')]).toEqual([text, details]);
  expect(Object.keys(attributes)).toEqual(['LASTMILE']);
});

test("an event without an envelope in Lambda's record is redriven to the function's own destination", () => {
  const reading = read(plain(recordOf(text)), {}, 'orders');
  const bare = { apiDestination: 'orders', event: anew.event, target: {}, attempts: 0, postponements: 0 };
  expect(reading).toEqual({ kind: 'matching', delivery: { ...bare, firstReceivedAtMs: nowMs } });
});

test('a dead letter is redriven to its own destination even when the function has another one', () => {
  expect(read(ours, {}, 'others')).toEqual({ kind: 'matching', delivery: anew });
});

test('a compressed dead letter is redriven with its compressed body unchanged', () => {
  const long = `{"detail":"${'x'.repeat(1_048_576)}"}`;
  const delivery = { ...worn, event: { value: JSON.parse(long), text: long } };
  const reading = read(formatDeadLetter({ ...failed, body: long, delivery }));
  expect(reading.kind === 'matching' && reading.delivery.event.text === long).toBe(true);
});

test.each([
  ['orders', 'accepts'],
  ['order', 'skips'],
  [arn, 'accepts'],
  [arn.replace('/orders/', '/others/'), 'skips'],
])(
  'the filter for the destination %s %s a dead letter that has the name of the destination `orders`',
  (apiDestination, verb) => {
    expect(read(ours, { apiDestination }).kind === 'matching').toBe(verb === 'accepts');
  },
);

test.each([
  ['orders', 'accepts'],
  ['others', 'skips'],
  [arn, 'accepts'],
  [`${arn}0`, 'skips'],
])(
  'the filter for the destination %s %s a dead letter that has the ARN of the destination `orders`',
  (apiDestination, verb) => {
    const message = plain(envelope.replace('"apiDestination":"orders"', `"apiDestination":"${arn}"`));
    expect(read(message, { apiDestination }).kind === 'matching').toBe(verb === 'accepts');
  },
);

test.each([
  ['ERROR_FROM_TARGET', 'accepts'],
  ['EndpointRejected', 'accepts'],
  ['EndpointFailed', 'skips'],
  ['TIMEOUT', 'skips'],
])('the filter for the error code %s %s a dead letter with the failure code EndpointRejected', (errorCode, verb) => {
  expect(read(ours, { errorCode }).kind === 'matching').toBe(verb === 'accepts');
});

test('a message that SQS or Lambda dead-lettered matches no filter for an error code', () => {
  for (const body of [envelope, recordOf(envelope)]) {
    expect(read(plain(body), { errorCode: 'ERROR_FROM_TARGET' })).toEqual({ kind: 'other' });
  }
});

test.each([
  [{ afterMs: nowMs - 1000 }, 'accepts'],
  [{ afterMs: nowMs - 999 }, 'skips'],
  [{ beforeMs: nowMs - 1000 }, 'skips'],
  [{ beforeMs: nowMs - 999 }, 'accepts'],
  [{ afterMs: nowMs - 2000, beforeMs: nowMs }, 'accepts'],
])('the filter %j %s a dead letter that was sent a second ago', (times, verb) => {
  expect(read(ours, times).kind === 'matching').toBe(verb === 'accepts');
});

test.each([
  ['is not JSON', plain('canary{'), 'InvalidJson: The message is not JSON.'],
  [
    'is an array of events',
    plain('["canary"]'),
    'InvalidDelivery: The message holds an array of events: move it to the delivery queue unchanged.',
  ],
  ['is a bare event', plain('{"id":"canary"}'), /^InvalidDelivery: apiDestination is missing/],
  ['is a record without its payload', plain(recordOf('null')), /^InvalidDelivery: /],
  [
    'has an attribute that is not JSON',
    { body: text, attributes: { LASTMILE: 'canary{' } },
    /^InvalidJson: The attribute/,
  ],
  ['has a newer version', { body: text, attributes: { LASTMILE: '{"v":2,"apiDestination":"x"}' } }, /^NewerVersion: /],
  [
    'holds broken gzip',
    { body: 'canary', attributes: { LASTMILE_BODY: 'gzip' } },
    /^InvalidDelivery: The compressed body/,
  ],
  ['holds null instead of an event', { ...ours, body: 'null' }, 'InvalidDelivery: event is missing.'],
])('a dead letter that %s cannot be read, and the reason does not show it', (_what, message, reason) => {
  expect(read(message)).toEqual({ kind: 'unreadable', reason: expect.stringMatching(reason) });
  expect(JSON.stringify(read(message))).not.toContain('canary');
});

test('a redrive by the redrive function resets the count of redrives of an event', () => {
  const details = JSON.stringify({ ...JSON.parse(ours.attributes['LASTMILE'] ?? '{}'), redrives: 3 });
  const reading = read({ ...ours, attributes: { ...ours.attributes, LASTMILE: details } });
  expect(reading).toMatchObject({ kind: 'matching', delivery: { apiDestination: expect.any(String) } });
  expect(reading.kind === 'matching' && reading.delivery).not.toHaveProperty('redrives');
});

test('an unreadable dead letter is reported unless its time or error code is outside the filter', () => {
  const message = plain('{');
  expect(read(message, { apiDestination: 'orders', afterMs: 1 }).kind).toBe('unreadable');
  expect(read(message, { errorCode: 'TIMEOUT' }).kind).toBe('other');
  expect(read(message, { afterMs: nowMs }).kind).toBe('other');
});
