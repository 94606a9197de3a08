import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseQueueMessage } from '../../../../lib/core/message/queued-delivery.ts';
import { nowMs } from './deliveries.ts';
import { failureOf } from '../failure/failing.ts';

const anywhere = { apiDestination: undefined, nowMs };
const event = '{"id":"e-1"}';

const plain = (body: string) => ({ body, attributes: {} });
const own = (details: object, body = event) => ({ body, attributes: { LASTMILE: JSON.stringify(details) } });

describe('a message of another version', () => {
  test('a message of a newer version causes a retryable failure, even when nothing else in it can be read', () => {
    const expected = 'NewerVersion: The message has version 2, and this worker reads up to 1.';
    expect(failureOf(() => parseQueueMessage(own({ v: 2, apiDestination: ['canary'] }), anywhere))).toBe(expected);
    expect(failureOf(() => parseQueueMessage(own({ v: 2 }, 'canary'), anywhere))).toBe(expected);
  });

  test('a message of a newer version causes a retryable failure, even in an unknown compression', () => {
    const attributes = { LASTMILE: '{"v":2,"apiDestination":"orders"}', LASTMILE_BODY: 'zstd' };
    expect(failureOf(() => parseQueueMessage({ body: 'canary', attributes }, anywhere))).toContain('NewerVersion');
  });

  test.each([['2'], [0], [-1], [true], [[]]])('a message with the malformed version %j is refused', (v) => {
    expect(failureOf(() => parseQueueMessage(own({ v, apiDestination: 'orders' }), anywhere))).toBe(
      'InvalidDelivery: LASTMILE.v is not a whole number from 1 to 1.',
    );
  });
});

describe('a malformed message', () => {
  test.each<[attribute: string, message: string]>([
    ['canary', 'InvalidJson: The attribute LASTMILE is not JSON.'],
    ['["canary"]', 'InvalidDelivery: The attribute LASTMILE is not an object.'],
    ['null', 'InvalidDelivery: The attribute LASTMILE is not an object.'],
  ])(
    'a message with the malformed LASTMILE attribute %s is refused, and the error does not show it',
    (LASTMILE, message) => {
      expect(failureOf(() => parseQueueMessage({ body: event, attributes: { LASTMILE } }, anywhere))).toBe(message);
    },
  );

  test.each<[details: object, message: string]>([
    [{ apiDestination: 7 }, 'LASTMILE.apiDestination is not a string.'],
    [{ apiDestination: 'can ary' }, 'apiDestination is neither the name nor the ARN of an API destination.'],
    [{ rule: { canary: 1 } }, 'rule is not a string.'],
    [{ target: 'canary' }, 'target is not an object.'],
    [{ target: { Id: 'can ary' } }, 'target.Id has characters that are not allowed there.'],
    [{ firstReceivedAt: 'canary' }, 'LASTMILE.firstReceivedAt is not a whole number from 0 to 8640000000000000.'],
    [{ firstReceivedAt: 1, attempts: -1 }, 'LASTMILE.attempts is not a whole number from 0 to 1000000.'],
    [{ firstReceivedAt: 1, attempts: 1.5 }, 'LASTMILE.attempts is not a whole number from 0 to 1000000.'],
    [
      { firstReceivedAt: 1, postponements: 'canary' },
      'LASTMILE.postponements is not a whole number from 0 to 1000000000.',
    ],
    [
      { firstReceivedAt: 1, firstAttemptAt: {}, lastAttemptAt: 1 },
      'LASTMILE.firstAttemptAt is not a whole number from 0 to 8640000000000000.',
    ],
    [
      { firstReceivedAt: 1, firstAttemptAt: 1, lastAttemptAt: '' },
      'LASTMILE.lastAttemptAt is not a whole number from 0 to 8640000000000000.',
    ],
    [{ form: 'canary' }, 'LASTMILE.form has characters that are not allowed there.'],
    [{ form: 'text' }, 'The event is not a string, but text or bytes.'],
    [{ replay: 'can ary' }, 'LASTMILE.replay has characters that are not allowed there.'],
    [{ notBefore: -1 }, 'LASTMILE.notBefore is not a whole number from 0 to 8640000000000000.'],
  ])(
    'a message with the malformed LASTMILE members %j is refused, and the error names the member',
    (details, message) => {
      const parse = () => parseQueueMessage(own({ v: 1, apiDestination: 'orders', ...details }), anywhere);
      expect(failureOf(parse)).toBe(`InvalidDelivery: ${message}`);
    },
  );

  test.each([
    ['', 'InvalidJson: The message is not JSON.'],
    ['{"canary"', 'InvalidJson: The message is not JSON.'],
    [
      '"canary"',
      'InvalidDelivery: The input is not an object that names an API destination: send an envelope, or set API_DESTINATION of the function.',
    ],
    [
      '[{"canary": 1}]',
      'InvalidDelivery: The message holds an array of events: move it to the delivery queue unchanged.',
    ],
  ])('a message with the malformed body %j is refused, and the error does not show it', (body, message) => {
    expect(failureOf(() => parseQueueMessage(plain(body), anywhere))).toBe(message);
  });

  test.each([
    ['{"canary"', 'InvalidJson: The event is not JSON.'],
    ['null', 'InvalidDelivery: event is missing.'],
  ])('a queued delivery with the malformed body %j is refused, and the error does not show it', (body, message) => {
    expect(failureOf(() => parseQueueMessage(own({ v: 1, apiDestination: 'orders' }, body), anywhere))).toBe(message);
  });

  test('any message is read or refused with a Failure', () => {
    const details = fc.dictionary(
      fc.constantFrom('v', 'apiDestination', 'target', 'firstReceivedAt', 'attempts', 'notBefore', '__proto__'),
      fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constant(1), fc.constant('orders')),
    );
    const attribute = fc.oneof(
      fc.json(),
      details.map((each) => JSON.stringify(each)),
      fc.string(),
    );
    const message = fc.record({
      body: fc.oneof(fc.json(), fc.constant(event), fc.string()),
      attributes: fc.dictionary(fc.constantFrom('LASTMILE', 'LASTMILE_BODY', 'other'), attribute),
    });
    fc.assert(
      fc.property(message, fc.constantFrom(undefined, 'orders'), (each, apiDestination) => {
        const outcome = failureOf(() => parseQueueMessage(each, { apiDestination, nowMs }));
        expect(outcome).toMatch(/^(no failure|InvalidDelivery: |InvalidJson: |NewerVersion: )/);
      }),
      { numRuns: 300 },
    );
  });
});
