import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../lib/core/failure.ts';
import { fateOfNewer, withReason } from '../../../lib/core/newer-message.ts';
import { maxMessageBytes } from '../../../lib/core/queue-message.ts';
import { formatQueuedDelivery } from '../../../lib/core/queued-delivery.ts';
import { type RawMessage, rawMessageBytes } from '../../../lib/core/raw-message.ts';
import { deliveryOf } from '../delivery/outcomes.ts';

const nowMs = Date.UTC(2026, 0, 2);
const dayMs = 86_400_000;
const fateOf = (LASTMILE: string) => fateOfNewer({ body: 'anything', attributes: { LASTMILE } }, nowMs);
const fateAt = (firstReceivedAt: unknown) => fateOf(JSON.stringify({ v: 2, firstReceivedAt, later: {} }));

describe('a message of a newer version', () => {
  test('is sent back until it is 24 h old, and buried then', () => {
    expect(fateAt(nowMs)).toBe('send back');
    expect(fateAt(nowMs - dayMs)).toBe('send back');
    expect(fateAt(nowMs - dayMs - 1)).toBe('bury');
  });

  test('may come from a clock that is a minute ahead', () => {
    expect(fateAt(nowMs + 60_000)).toBe('send back');
    expect(fateAt(nowMs + 60_001)).toBe('return');
  });

  test.each([undefined, null, '7', -1, {}])('that says %j of its age is left to the count of receives', (time) => {
    expect(fateAt(time)).toBe('return');
  });

  test('has its age where every version has it', () => {
    const { attributes } = formatQueuedDelivery({ delivery: deliveryOf({ firstReceivedAtMs: 7 }) });
    expect(JSON.parse(attributes['LASTMILE'] ?? '')).toMatchObject({ v: 1, firstReceivedAt: 7 });
  });

  test('never makes its worker fail, whatever it says', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(fateOf(text)).toMatch(/^(send back|bury|return)$/);
      }),
    );
  });
});

describe('the reason beside a message', () => {
  const failure = new Failure('NewerVersion', 'It is newer.');
  const attribute = { dataType: 'String', stringValue: 'x' };
  const names = (count: number) => Array.from({ length: count }, (_, index) => [`a${index}`, attribute] as const);
  const messageWith = (count: number, body = 'b'): RawMessage => ({
    body,
    attributes: Object.fromEntries(names(count)),
  });

  test('is left out where there is no room for two more attributes', () => {
    expect(Object.keys(withReason(messageWith(8), failure).attributes)).toHaveLength(10);
    const full = messageWith(9);
    expect(withReason(full, failure)).toBe(full);
  });

  test('is left out where it would make the message too large, to the byte', () => {
    const reasonBytes = rawMessageBytes(withReason(messageWith(0), failure)) - 1;
    const fits = messageWith(0, 'b'.repeat(maxMessageBytes - reasonBytes));
    expect(rawMessageBytes(withReason(fits, failure))).toBe(maxMessageBytes);
    const full = messageWith(0, `${fits.body}b`);
    expect(withReason(full, failure)).toBe(full);
  });

  test('takes the place of nothing that the message has', () => {
    const message = { body: 'b', attributes: { ERROR_CODE: attribute } };
    expect(withReason(message, failure).attributes).toMatchObject({
      ERROR_CODE: attribute,
      ERROR_MESSAGE: { stringValue: 'NewerVersion: It is newer.' },
    });
  });

  test('counts the bytes of a binary value, not of its base64', () => {
    const binaryValue = Buffer.alloc(300).toString('base64');
    expect(rawMessageBytes({ body: '', attributes: { a: { dataType: 'Binary', binaryValue } } })).toBe(307);
  });
});
