import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DeadLetter } from '../../../../lib/core/message/dead-letter-message.ts';
import { formatDeadLetter } from '../../../../lib/core/message/dead-letter-message.ts';
import { type FailureCode, failures } from '../../../../lib/core/failure/failure.ts';
import { bodyText, maxMessageBytes, messageBytes } from '../../../../lib/core/message/queue-message.ts';
import { escapeForSqs } from '../../../../lib/core/message/raw-message.ts';
import { deliveries, deliveryOf } from './deliveries.ts';
import { failureOf } from '../failure/failing.ts';

const rule = 'arn:aws:events:eu-west-1:123456789012:rule/orders';
const event = '{"id":"e-1","n":1.0}';
const rejected = { body: event, code: 'EndpointRejected', reason: 'The endpoint answered 422.' } as const;

const lastmileOf = ({ attributes }: { attributes: Readonly<Record<string, string>> }): unknown =>
  JSON.parse(attributes['LASTMILE'] ?? 'null');

describe('a dead letter', () => {
  test('a dead letter has the original event as its body and the attributes of EventBridge and Lastmile', () => {
    const delivery = deliveryOf({
      rule,
      target: { Id: 't', Arn: 'arn:target', DeadLetterConfig: { Arn: 'arn:queue' } },
      attempts: 4,
      postponements: 2,
      attemptTimes: { firstMs: 5, lastMs: 6 },
    });
    const condition = 'MaximumRetryAttempts';
    const message = formatDeadLetter({ ...rejected, delivery, status: 422, answer: 'no such order', condition });
    const { LASTMILE: _ours, ...attributes } = message.attributes;
    expect(message.body).toBe(event);
    expect(attributes).toEqual({
      RULE_ARN: rule,
      TARGET_ARN: 'arn:target',
      ERROR_CODE: 'ERROR_FROM_TARGET',
      ERROR_MESSAGE: 'EndpointRejected: The endpoint answered 422.',
      EXHAUSTED_RETRY_CONDITION: condition,
      RETRY_ATTEMPTS: '3',
    });
    expect(lastmileOf(message)).toEqual({
      v: 1,
      apiDestination: 'orders',
      rule,
      target: delivery.target,
      code: 'EndpointRejected',
      status: 422,
      answer: 'no such order',
      firstAttemptAt: 5,
      lastAttemptAt: 6,
    });
  });

  test('a dead letter of an input that is not a delivery leaves out the attributes whose values are unknown', () => {
    const message = formatDeadLetter({ body: 'no JSON', code: 'InvalidJson', reason: 'The message is not JSON.' });
    expect(message).toEqual({
      body: 'no JSON',
      attributes: {
        ERROR_CODE: 'INVALID_JSON',
        ERROR_MESSAGE: 'InvalidJson: The message is not JSON.',
        RETRY_ATTEMPTS: '0',
        LASTMILE: '{"v":1,"code":"InvalidJson"}',
      },
    });
  });

  test('a dead letter of an unreadable delivery keeps the destination, rule and target of its message', () => {
    const unread = { apiDestination: 'orders', rule: undefined, target: { Id: 'no Id' }, trace: undefined };
    const { attributes } = formatDeadLetter({ body: '{}', unread, code: 'InvalidDelivery', reason: 'Unreadable.' });
    expect(attributes['LASTMILE']).toBe(
      '{"v":1,"apiDestination":"orders","target":{"Id":"no Id"},"code":"InvalidDelivery"}',
    );
  });

  test('a dead letter names the API destination when its target has no ARN', () => {
    expect(formatDeadLetter({ ...rejected, delivery: deliveryOf() }).attributes['TARGET_ARN']).toBe('orders');
  });

  test.each([
    [0, '0'],
    [1, '0'],
    [2, '1'],
    [186, '185'],
  ])('the dead letter of a delivery with an attempt count of %d has RETRY_ATTEMPTS %s', (attempts, retries) => {
    const message = formatDeadLetter({ ...rejected, delivery: deliveryOf({ attempts }) });
    expect(message.attributes['RETRY_ATTEMPTS']).toBe(retries);
  });

  test('a dead letter keeps 1,024 characters of a long reason', () => {
    const reason = `${'r'.repeat(1024 - 'InvalidJson: '.length)}canary`;
    const { attributes } = formatDeadLetter({ body: '{}', code: 'InvalidJson', reason });
    expect(attributes['ERROR_MESSAGE']).toBe(`InvalidJson: ${reason.replace('canary', '')}`);
  });

  test('a dead letter leaves out an empty rule and an empty target', () => {
    const { attributes } = formatDeadLetter({ ...rejected, delivery: deliveryOf({ rule: '', target: { Arn: '' } }) });
    expect(attributes).not.toHaveProperty('RULE_ARN');
    expect(attributes).not.toHaveProperty('TARGET_ARN');
  });
});

test.each<[code: FailureCode, errorCode: string]>([
  ['InvalidJson', 'INVALID_JSON'],
  ['InvalidDelivery', 'INVALID_PARAMETER'],
  ['InvalidInvocation', 'INVALID_PARAMETER'],
  ['DeliveryTooLarge', 'INVALID_PARAMETER'],
  ['MessageRefused', 'INVALID_PARAMETER'],
  ['EventExpired', 'TIMEOUT'],
  ['NewerVersion', 'INTERNAL_ERROR'],
  ['ReceivedTooOften', 'INTERNAL_ERROR'],
  ['ApiDestinationNotFound', 'NO_RESOURCE'],
  ['ConnectionNotFound', 'NO_RESOURCE'],
  ['ConnectionDeauthorized', 'NO_PERMISSIONS'],
  ['StoreUnavailable', 'INTERNAL_ERROR'],
  ['StoreRefused', 'NO_PERMISSIONS'],
  ['DnsFailed', 'CONNECTION_FAILURE'],
  ['ConnectionRefused', 'CONNECTION_FAILURE'],
  ['ConnectionReset', 'CONNECTION_FAILURE'],
  ['TlsFailed', 'CONNECTION_FAILURE'],
  ['AnswerInvalid', 'CONNECTION_FAILURE'],
  ['TimedOut', 'TIMEOUT'],
  ['EndpointUnauthorized', 'ERROR_FROM_TARGET'],
  ['EndpointThrottled', 'THROTTLING'],
  ['EndpointFailed', 'ERROR_FROM_TARGET'],
  ['EndpointRejected', 'ERROR_FROM_TARGET'],
])('a dead letter of %s has the ERROR_CODE %s', (code, errorCode) => {
  expect(formatDeadLetter({ body: '{}', code, reason: 'x' }).attributes['ERROR_CODE']).toBe(errorCode);
});

describe('what SQS refuses', () => {
  const refused = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

  test('a dead letter escapes the characters that SQS refuses, so that they can still be read', () => {
    const bad = 'a\u0000b\uffffc\ud83d';
    const delivery = deliveryOf({ rule: bad, target: { Arn: bad } });
    const body = JSON.stringify({ bad: '\uffff' });
    const message = formatDeadLetter({ body, delivery, code: 'EndpointFailed', reason: bad, answer: bad });
    const escaped = 'a\\u0000b\\uffffc\\ud83d';
    expect(message.body).toBe('{"bad":"\\uffff"}');
    expect(message.attributes).toMatchObject({
      RULE_ARN: escaped,
      TARGET_ARN: escaped,
      ERROR_MESSAGE: `EndpointFailed: ${escaped}`,
    });
    expect(lastmileOf(message)).toMatchObject({ rule: bad, answer: bad });
  });

  test('SQS accepts the dead letter of any delivery', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    const letters: fc.Arbitrary<DeadLetter> = fc.record(
      {
        body: text.map((each) => JSON.stringify(each)),
        delivery: deliveries,
        code: fc.constantFrom(...(Object.keys(failures) as FailureCode[])),
        reason: text,
        status: fc.integer({ min: 100, max: 599 }),
        answer: text,
        condition: fc.constantFrom('MaximumRetryAttempts', 'MaximumEventAgeInSeconds'),
      },
      { requiredKeys: ['body', 'code', 'reason'] },
    );
    fc.assert(
      fc.property(letters, (letter) => {
        const message = formatDeadLetter(letter);
        expect(Object.keys(message.attributes).length).toBeLessThanOrEqual(10);
        expect(messageBytes(message)).toBeLessThanOrEqual(maxMessageBytes);
        for (const value of [message.body, ...Object.values(message.attributes)]) {
          expect(value).not.toBe('');
          expect(value).not.toMatch(refused);
        }
        expect(message.body).toBe(escapeForSqs(letter.body));
      }),
      { numRuns: 200 },
    );
  });
});

describe('a dead letter near the limit', () => {
  const delivery = deliveryOf();
  const hashes = (count: number): string =>
    Array.from({ length: count }, (_, index) => createHash('sha512').update(String(index)).digest('base64')).join('');
  const letterOf = (body: string, answer?: string): DeadLetter => ({
    ...rejected,
    body,
    delivery,
    ...(answer === undefined ? undefined : { answer }),
  });
  const overhead = messageBytes(formatDeadLetter(letterOf('')));

  test('a dead letter of exactly the largest size keeps the answer of the endpoint', () => {
    const answer = 'no such order';
    const withAnswer = messageBytes(formatDeadLetter(letterOf('', answer)));
    const message = formatDeadLetter(letterOf('x'.repeat(maxMessageBytes - withAnswer), answer));
    expect(messageBytes(message)).toBe(maxMessageBytes);
    expect(lastmileOf(message)).toMatchObject({ answer });
    expect(message.attributes).not.toHaveProperty('LASTMILE_BODY');
  });

  test('a dead letter that is too large leaves out the answer of the endpoint before it compresses the event', () => {
    const body = 'x'.repeat(maxMessageBytes - overhead);
    const message = formatDeadLetter(letterOf(body, 'n'));
    expect(messageBytes(message)).toBe(maxMessageBytes);
    expect(message.body).toBe(body);
    expect(lastmileOf(message)).not.toHaveProperty('answer');
    expect(lastmileOf(message)).toMatchObject({ code: 'EndpointRejected', apiDestination: 'orders' });
  });

  test('a dead letter that is too large without the answer compresses its body and keeps its attributes', () => {
    const body = 'x'.repeat(maxMessageBytes - overhead + 1);
    const message = formatDeadLetter(letterOf(body, 'n'));
    const { LASTMILE_BODY: encoding, ...attributes } = message.attributes;
    expect(encoding).toBe('gzip');
    expect(bodyText(message)).toBe(body);
    expect(attributes).toEqual(formatDeadLetter(letterOf('')).attributes);
  });

  test('the size of a dead letter counts its escaped characters', () => {
    const body = `"${'\uffff'.repeat(maxMessageBytes / 5)}"`;
    const message = formatDeadLetter(letterOf(body));
    expect(message.attributes['LASTMILE_BODY']).toBe('gzip');
    expect(bodyText(message)).toBe(escapeForSqs(body));
  });

  test('a dead letter that is too large even when compressed fails with DeliveryTooLarge', () => {
    expect(failureOf(() => formatDeadLetter(letterOf(hashes(16_000), 'n')))).toBe(
      'DeliveryTooLarge: The dead letter is larger than an SQS message of 1 MiB, even when it is compressed.',
    );
  });
});
