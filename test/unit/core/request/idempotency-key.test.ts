import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Delivery } from '../../../../lib/core/delivery/delivery.ts';
import { idempotencyKey } from '../../../../lib/core/request/idempotency-key.ts';

function delivery(text: string, id?: string): Delivery {
  const target = id === undefined ? {} : { Id: id };
  return {
    apiDestination: 'x',
    event: { value: JSON.parse(text), text },
    target,
    attempts: 0,
    postponements: 0,
    firstReceivedAtMs: 0,
  };
}

test("the idempotency key is the event's id followed by the target's Id, or by the destination's name without one", () => {
  expect(idempotencyKey(delivery('{"id":"e1"}', 't1'), 'orders')).toBe('e1/t1');
  expect(idempotencyKey(delivery('{"id":"e1"}'), 'orders')).toBe('e1/orders');
});

test.each([
  '{"a":1}',
  '{"id":7}',
  '{"id":""}',
  '{"id":"a\\r\\nX-Evil: 1"}',
  '{"id":"é"}',
  `{"id":"${'x'.repeat(129)}"}`,
])('the idempotency key of the event %s, which has no usable id, is the hash of its text', (text) => {
  const hash = createHash('sha256').update(text).digest('hex');
  expect(idempotencyKey(delivery(text), 'orders')).toBe(`${hash}/orders`);
});

test('the idempotency key does not change from attempt to attempt', () => {
  const first = delivery('{"a":1}', 't');
  expect(idempotencyKey({ ...first, attempts: 5, firstReceivedAtMs: 9 }, 'o')).toBe(idempotencyKey(first, 'o'));
});

test('the idempotency key is the same when a queue carries the event with escaped characters', () => {
  const [raw, escaped] = ['{"a":"\uFFFE"}', '{"a":"\\ufffe"}'];
  expect(idempotencyKey(delivery(raw), 'orders')).toBe(idempotencyKey(delivery(escaped), 'orders'));
});
