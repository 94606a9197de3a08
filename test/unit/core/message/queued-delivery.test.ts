import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDeadLetter } from '../../../../lib/core/message/dead-letter-message.ts';
import type { Delivery } from '../../../../lib/core/delivery/delivery.ts';
import { idempotencyKey } from '../../../../lib/core/request/idempotency-key.ts';
import { maxMessageBytes, messageBytes } from '../../../../lib/core/message/queue-message.ts';
import { formatQueuedDelivery, parseQueueMessage } from '../../../../lib/core/message/queued-delivery.ts';
import { escapeForSqs } from '../../../../lib/core/message/raw-message.ts';
import { deliveries, deliveryOf, nowMs } from './deliveries.ts';
import { failureOf } from '../failure/failing.ts';

const anywhere = { apiDestination: undefined, nowMs };
const event = '{"id":"e-1","n":9007199254740993,"f":1.0,"b":2,"a":1}';

const plain = (body: string) => ({ body, attributes: {} });
const own = (details: object, body = event) => ({ body, attributes: { LASTMILE: JSON.stringify(details) } });

/** Removes prototypes and undefined members, because a message does not contain them. */
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('a delivery in the queue', () => {
  test('a queued delivery is read back unchanged, including its event text and its waiting time', () => {
    const waits = fc.option(fc.integer({ min: 0, max: 8_000_000_000_000 }), { nil: undefined });
    fc.assert(
      fc.property(
        deliveries,
        waits,
        fc.option(fc.nat(), { nil: undefined }),
        (delivery, notBeforeMs, turnGeneration) => {
          const queued = {
            delivery,
            ...(notBeforeMs === undefined ? undefined : { notBeforeMs }),
            ...(turnGeneration === undefined ? undefined : { turnGeneration }),
          };
          const message = formatQueuedDelivery(queued);
          const parsed = parseQueueMessage(message, anywhere);
          const text = escapeForSqs(delivery.event.text ?? JSON.stringify(delivery.event.value));
          const asText = { value: JSON.parse(text), text };
          expect(parsed.delivery.event).toEqual(delivery.event.form === undefined ? asText : delivery.event);
          const { event: _event, ...rest } = parsed.delivery;
          const { event: _before, ...before } = delivery;
          expect(asJson({ ...parsed, delivery: rest })).toEqual(asJson({ ...queued, delivery: before }));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('a queued delivery has the event as its body and everything else in one attribute', () => {
    const delivery = deliveryOf({
      rule: 'r',
      target: { Id: 't' },
      attempts: 2,
      postponements: 1,
      attemptTimes: { firstMs: 5, lastMs: 6 },
    });
    const { body, attributes } = formatQueuedDelivery({ delivery, notBeforeMs: 7 });
    expect(body).toBe('{"id": "e-1"}');
    expect(Object.keys(attributes)).toEqual(['LASTMILE']);
    expect(JSON.parse(attributes['LASTMILE'] ?? '')).toEqual({
      v: 1,
      apiDestination: 'orders',
      rule: 'r',
      target: { Id: 't' },
      attempts: 2,
      postponements: 1,
      firstReceivedAt: nowMs,
      firstAttemptAt: 5,
      lastAttemptAt: 6,
      notBefore: 7,
    });
  });

  test('a target with characters that SQS refuses is queued and read back unchanged', () => {
    const delivery = deliveryOf({ target: { Input: '"\ufffe \uffff \ud800"' } });
    const message = formatQueuedDelivery({ delivery });
    expect(message.attributes['LASTMILE']).toContain('\\ufffe \\uffff \\ud800');
    expect(parseQueueMessage(message, anywhere).delivery.target).toEqual(delivery.target);
  });

  test('a queued delivery that has only a first-received time counts as a delivery without an attempt', () => {
    const message = own({ v: 1, apiDestination: 'orders', firstReceivedAt: 5 });
    expect(parseQueueMessage(message, anywhere).delivery).toMatchObject({
      attempts: 0,
      postponements: 0,
      firstReceivedAtMs: 5,
    });
  });

  test('a queued delivery that is too large is compressed and keeps its text', () => {
    const text = `{"id":"e-1","x": ${'1.0,'.repeat(400_000)}"end"}`.replace(': ', ': [').replace('"}', '"]}');
    const delivery = deliveryOf({ event: { value: JSON.parse(text), text } });
    const message = formatQueuedDelivery({ delivery });
    expect(messageBytes(message)).toBeLessThan(maxMessageBytes);
    expect(message.attributes['LASTMILE_BODY']).toBe('gzip');
    expect(parseQueueMessage(message, anywhere).delivery.event.text).toBe(text);
  });

  test('a queued delivery that is too large even when compressed fails with DeliveryTooLarge', () => {
    const hashes = Array.from({ length: 16_000 }, (_, index) =>
      createHash('sha512').update(String(index)).digest('base64'),
    );
    const delivery = deliveryOf({ event: { value: { hashes } } });
    expect(failureOf(() => formatQueuedDelivery({ delivery }))).toBe(
      'DeliveryTooLarge: The delivery is larger than an SQS message of 1 MiB, even when it is compressed.',
    );
  });

  test('a queued delivery keeps its idempotency key, even when SQS refuses characters of the event', () => {
    const delivery = deliveryOf({ event: { value: { note: '\uffff \ufffe' } } });
    const retried = parseQueueMessage(formatQueuedDelivery({ delivery }), anywhere).delivery;
    expect(idempotencyKey(retried, 'orders')).toBe(idempotencyKey(delivery, 'orders'));
  });
});

describe('the other forms that may lie in the queue', () => {
  test('an envelope that a rule sent counts as received when it was sent, and keeps its event unchanged', () => {
    const body = `{ "apiDestination": "orders", "event": ${event} , "rule":"r","target":{"Id":"t"}}`;
    expect(parseQueueMessage(plain(body), anywhere)).toEqual({
      delivery: {
        apiDestination: 'orders',
        event: { value: JSON.parse(event), text: event },
        rule: 'r',
        target: { Id: 't' },
        attempts: 0,
        postponements: 0,
        firstReceivedAtMs: nowMs,
      },
    });
  });

  test('a dead letter starts again as a new delivery, with its event, rule and target', () => {
    const delivery = deliveryOf({
      event: { value: JSON.parse(event), text: event },
      rule: 'r',
      target: { Id: 't', RetryPolicy: { MaximumRetryAttempts: 3 } },
      attempts: 4,
      postponements: 2,
      firstReceivedAtMs: 1,
      attemptTimes: { firstMs: 1, lastMs: 2 },
    });
    const letter = formatDeadLetter({ body: event, delivery, code: 'EndpointFailed', reason: 'x', status: 500 });
    const fresh: Delivery = { ...deliveryOf(delivery), attempts: 0, postponements: 0, firstReceivedAtMs: nowMs };
    const { attemptTimes: _times, ...anew } = fresh;
    expect(parseQueueMessage(letter, anywhere)).toEqual({ delivery: { ...anew, redrives: 1 } });
  });

  test('a retry keeps the count of redrives of an event, and redriving the dead letter of the event raises that count', () => {
    const delivery = deliveryOf({ event: { value: JSON.parse(event), text: event }, redrives: 2 });
    const retry = formatQueuedDelivery({ delivery });
    expect(parseQueueMessage(retry, anywhere).delivery.redrives).toBe(2);
    const letter = formatDeadLetter({ body: event, delivery, code: 'EndpointFailed', reason: 'x' });
    expect(parseQueueMessage(letter, anywhere).delivery.redrives).toBe(3);
    expect(parseQueueMessage(formatQueuedDelivery({ delivery: deliveryOf() }), anywhere).delivery).not.toHaveProperty(
      'redrives',
    );
  });

  test('a queued retry that SQS moved to the dead letters starts again as a new delivery after a redrive', () => {
    const attemptTimes = { firstMs: 3, lastMs: 4 };
    const delivery = deliveryOf({ attempts: 7, postponements: 2, firstReceivedAtMs: 1, attemptTimes });
    const retry = formatQueuedDelivery({ delivery, notBeforeMs: 5, turnGeneration: 6 });
    const buried = { ...retry, attributes: { ...retry.attributes, ERROR_CODE: 'INTERNAL_ERROR' } };
    const anew = { attempts: 0, postponements: 0, firstReceivedAtMs: nowMs };
    const { delivery: read, ...wait } = parseQueueMessage(buried, anywhere);
    expect(read).toMatchObject(anew);
    expect(read).not.toHaveProperty('attemptTimes');
    expect(wait).toEqual({});
    expect(parseQueueMessage(retry, anywhere)).toMatchObject({
      delivery: { attempts: 7, attemptTimes },
      notBeforeMs: 5,
    });
  });

  test('the dead letter of any delivery starts again as the same delivery', () => {
    fc.assert(
      fc.property(deliveries, (delivery) => {
        const body = delivery.event.text ?? JSON.stringify(delivery.event.value);
        const letter = formatDeadLetter({ body, delivery, code: 'TimedOut', reason: 'late' });
        const parsed = parseQueueMessage(letter, anywhere).delivery;
        const { attempts: _attempts, postponements: _postponements, attemptTimes: _times, ...same } = delivery;
        const asText = { value: JSON.parse(body), text: escapeForSqs(body) };
        expect(parsed.event).toEqual(delivery.event.form === undefined ? asText : delivery.event);
        expect(asJson({ ...parsed, event: 0 })).toEqual(
          asJson({ ...same, event: 0, attempts: 0, postponements: 0, firstReceivedAtMs: nowMs, redrives: 1 }),
        );
      }),
      { numRuns: 100 },
    );
  });

  test('the dead letter of an invalid delivery is refused again for the same reason', () => {
    const letter = formatDeadLetter({ body: event, code: 'InvalidDelivery', reason: 'x' });
    expect(failureOf(() => parseQueueMessage(letter, anywhere))).toMatch(/^InvalidDelivery: apiDestination is missing/);
    expect(parseQueueMessage(letter, { ...anywhere, apiDestination: 'orders' }).delivery.event.text).toBe(event);
  });

  const record = (payload: string) =>
    `{"version":"1.0","timestamp":"2026-01-01T00:00:00.000Z","requestContext":{"requestId":"i","functionArn":"f",` +
    `"condition":"RetriesExhausted","approximateInvokeCount":3},"requestPayload": ${payload}, "responsePayload":{}}`;

  test("Lambda's record of a failed invocation gives the envelope that deliver was invoked with", () => {
    const body = record(`{"apiDestination":"orders","event":${event}}`);
    expect(parseQueueMessage(plain(body), anywhere).delivery).toEqual(
      deliveryOf({ event: { value: JSON.parse(event), text: event } }),
    );
  });

  test("Lambda's record of an event without an envelope gives that event when the function has a destination", () => {
    const { delivery } = parseQueueMessage(plain(record(event)), { ...anywhere, apiDestination: 'orders' });
    expect(delivery.event.text).toBe(event);
  });

  test.each([
    ['was the text', '"canary"', 'InvalidDelivery: The input is not an object that names'],
    ['was', 'null', 'InvalidDelivery: The input is not an object that names'],
    ['was the object', '{}', 'InvalidDelivery: apiDestination is missing'],
  ])("Lambda's record is refused when the input of the failed invocation %s %s", (_what, payload, refusal) => {
    expect(failureOf(() => parseQueueMessage(plain(record(payload)), anywhere))).toContain(refusal);
  });

  test("an event with a member requestPayload is not mistaken for Lambda's record", () => {
    const body = '{"requestPayload":{"id":"inner"},"requestContext":{}}';
    const { delivery } = parseQueueMessage(plain(body), { ...anywhere, apiDestination: 'orders' });
    expect(delivery.event.text).toBe(body);
  });
});

describe('a queue of a function with its own destination', () => {
  const here = { apiDestination: 'orders', nowMs };

  test('a queued delivery keeps its destination even when the function has its own destination', () => {
    const message = formatQueuedDelivery({ delivery: deliveryOf({ apiDestination: 'other', attempts: 3 }) });
    expect(parseQueueMessage(message, here).delivery).toMatchObject({ apiDestination: 'other', attempts: 3 });
  });

  test("an event without an envelope in the queue goes unchanged to the function's own destination", () => {
    expect(parseQueueMessage(plain(event), here).delivery).toEqual(
      deliveryOf({ event: { value: JSON.parse(event), text: event } }),
    );
  });

  test("an envelope is refused when the function has its own destination, even in Lambda's record", () => {
    const envelope = `{"apiDestination":"other","event":${event}}`;
    const refusal =
      'InvalidDelivery: apiDestination is not accepted: this function delivers to its own API_DESTINATION; send the event alone.';
    expect(failureOf(() => parseQueueMessage(plain(envelope), here))).toBe(refusal);
    const record = `{"requestContext":{"functionArn":"f"},"requestPayload":${envelope}}`;
    expect(failureOf(() => parseQueueMessage(plain(record), here))).toBe(refusal);
  });
});

describe('the body of a queued delivery cannot set attempts, times or the wait', () => {
  test('the body of a queued delivery cannot set attempts, times or the wait', () => {
    const forged = `{"v":1,"attempts":185,"firstReceivedAt":1,"notBefore":${nowMs * 2},"LASTMILE":{"attempts":185}`;
    const untouched = { attempts: 0, postponements: 0, firstReceivedAtMs: nowMs };
    const envelope = `${forged},"apiDestination":"orders","event":{}}`;
    expect(parseQueueMessage(plain(envelope), anywhere)).toEqual({ delivery: expect.objectContaining(untouched) });
    const bare = parseQueueMessage(plain(`${forged}}`), { ...anywhere, apiDestination: 'orders' });
    expect(bare).toEqual({ delivery: expect.objectContaining({ ...untouched, apiDestination: 'orders' }) });
  });

  test('the body of a queued delivery cannot choose another destination, rule or target', () => {
    const body = '{"apiDestination":"evil","rule":"evil","target":{"Id":"evil"},"event":{"id":"inner"}}';
    const { delivery } = parseQueueMessage(own({ v: 1, apiDestination: 'orders' }, body), anywhere);
    expect(delivery).toEqual(deliveryOf({ event: { value: JSON.parse(body), text: body } }));
  });

  test("the body of a queued delivery cannot pass for Lambda's record", () => {
    const body = '{"requestContext":{"functionArn":"f"},"requestPayload":{"apiDestination":"evil","event":{}}}';
    const { delivery } = parseQueueMessage(own({ v: 1, apiDestination: 'orders' }, body), anywhere);
    expect(delivery).toMatchObject({ apiDestination: 'orders', event: { text: body } });
  });
});
