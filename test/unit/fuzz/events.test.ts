import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDeadLetter } from '../../../lib/core/message/dead-letter-message.ts';
import { Failure } from '../../../lib/core/failure/failure.ts';
import type { JsonValue } from '../../../lib/core/input/json.ts';
import { jsonText } from '../../../lib/core/input/json-text.ts';
import { fateOfNewer } from '../../../lib/core/message/newer-version.ts';
import { parseDelivery } from '../../../lib/core/message/parse-delivery.ts';
import type { QueueMessage } from '../../../lib/core/message/queue-message.ts';
import { parseQueueMessage, unreadDetails } from '../../../lib/core/message/queued-delivery.ts';
import { rawMessageBytes, withReason } from '../../../lib/core/message/raw-message.ts';
import { readDeadLetter } from '../../../lib/core/message/redrive-reading.ts';
import { parseRedriveRequest, RedriveRequestError } from '../../../lib/core/message/redrive-request.ts';
import { parseSqsEvent } from '../../../lib/core/message/sqs-event.ts';
import { nowMs } from '../core/message/deliveries.ts';
import { envelope, event, goThrough, options, own, record } from './examples.ts';
import { deepJson, assertEveryChange, nearly, nearlyJsonText, parsed } from './hostile-inputs.ts';

function handOver(input: JsonValue, apiDestination?: string): void {
  const delivery = parsed(() => parseDelivery(input, { ...options, apiDestination }));
  if (delivery !== undefined) goThrough(delivery);
}

test('any input of a rule is delivered, or refused with a Failure', () => {
  assertEveryChange(envelope, (input) => handOver(input));
  fc.assert(
    fc.property(nearly([envelope, event]), fc.constantFrom(undefined, 'orders'), (input, apiDestination) => {
      handOver(input, apiDestination);
    }),
    { numRuns: 600 },
  );
});

const attributes = fc.record(
  {
    LASTMILE: nearlyJsonText([own, { ...own, v: 2 }]),
    LASTMILE_BODY: fc.constantFrom('gzip', 'br', '', '__proto__'),
    ERROR_CODE: fc.constantFrom('ERROR_FROM_TARGET', ''),
  },
  { requiredKeys: [] },
);
const bodies = nearlyJsonText([event, envelope, record]);
/** Messages as SQS sends them. An attribute may lack the value that its type requires. */
const messages = fc.record({ body: bodies, attributes: attributes.map((given) => given as Record<string, string>) });

/** Handles a message as a worker does. An unreadable message is sent back unchanged or dead-lettered. */
function receive(message: QueueMessage): void {
  const queued = parsed(() => parseQueueMessage(message, options));
  if (queued !== undefined) {
    goThrough(queued.delivery);
    for (const time of [queued.notBeforeMs, queued.delivery.firstReceivedAtMs]) expectPrintable(time ?? 0);
    return;
  }
  expect(['send back', 'dead-letter', 'return']).toContain(fateOfNewer(message, nowMs));
  const unread = unreadDetails(message);
  const letter = { body: message.body, code: 'InvalidDelivery', reason: 'r', ...(unread && { unread }) } as const;
  parsed(() => formatDeadLetter(letter));
}

/** Checks that the time is valid, so that a log or a template can print it. */
function expectPrintable(timeMs: number): void {
  expect(() => new Date(timeMs).toISOString()).not.toThrow();
}

test('any message of the delivery queue is delivered, or refused with a Failure and dead-lettered', () => {
  const body = JSON.stringify(event);
  assertEveryChange(own, (details) => receive({ body, attributes: { LASTMILE: jsonText(details) } }));
  assertEveryChange(record, (sent) => receive({ body: jsonText(sent), attributes: {} }));
  fc.assert(fc.property(messages, receive), { numRuns: 600 });
});

test('a message nested deeper than the stack is delivered or dead-lettered like any other', () => {
  const { target: _target, ...flat } = envelope;
  assertEveryChange({ ...flat, event: { id: 'e-1', detail: {} }, target: {} }, (input) => handOver(input), deepJson);
  const details = { v: 1, apiDestination: 'orders', rule: 'r', target: {}, attempts: 2 };
  const bury = (sent: JsonValue): void => receive({ body: '{}', attributes: { LASTMILE: jsonText(sent) } });
  assertEveryChange(details, bury, deepJson);
});

const sqsEvent = {
  Records: [
    {
      messageId: 'm-1',
      receiptHandle: 'r-1',
      body: JSON.stringify(envelope),
      attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(nowMs), MessageGroupId: 'orders' },
      messageAttributes: {
        LASTMILE: { stringValue: JSON.stringify(own), dataType: 'String' },
        other: { binaryValue: 'AAAA', dataType: 'Binary' },
      },
    },
  ],
};

test('any event of an SQS event source is read or refused, and each message has a valid time', () => {
  const receiveAll = (input: JsonValue): void => {
    for (const received of parsed(() => parseSqsEvent(input, nowMs)) ?? []) {
      expectPrintable(received.sentAtMs);
      expect(received.receiveCount).toBeGreaterThan(0);
      receive(received.message);
      rawMessageBytes(withReason(received.raw, new Failure('InvalidDelivery', 'r')));
    }
  };
  assertEveryChange(sqsEvent, receiveAll);
  fc.assert(fc.property(nearly([sqsEvent]), receiveAll), { numRuns: 500 });
});

test('any message of the dead-letter queue is redriven, skipped or reported', () => {
  const request = { apiDestination: 'orders', errorCode: 'EndpointFailed', dryRun: false };
  fc.assert(
    fc.property(messages, fc.constantFrom(request, { dryRun: true }), (message, asked) => {
      const received = { messageId: 'm', receiptHandle: 'r', message, receiveCount: 1, sentAtMs: nowMs };
      const reading = parsed(() => readDeadLetter(received, asked, options));
      expect(['matching', 'other', 'unreadable']).toContain(reading?.kind);
    }),
    { numRuns: 500 },
  );
});

test('any redrive request is read, or refused with an error of one line', () => {
  const example = {
    apiDestination: 'orders',
    errorCode: 'ERROR_FROM_TARGET',
    after: '2026-01-31',
    before: '2026-02-01T08:00:00.5+01:00',
    maximum: 5,
    ratePerSecond: 0.5,
    dryRun: true,
  };
  const ask = (input: JsonValue): void => {
    const request = parsed(() => parseRedriveRequest(input), [RedriveRequestError]);
    for (const time of [request?.afterMs, request?.beforeMs]) expectPrintable(time ?? 0);
  };
  assertEveryChange(example, ask);
  fc.assert(fc.property(nearly([example, {}]), ask), { numRuns: 500 });
});
