import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Delivery } from '../../../../lib/core/delivery/delivery.ts';
import { idempotencyKey } from '../../../../lib/core/request/render-invocation.ts';

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

test('is the id of the event with the Id of the target, else the name of the destination', () => {
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
])('an event without an id that a header can carry (%s) is told by its hash', (text) => {
  const hash = createHash('sha256').update(text).digest('hex');
  expect(idempotencyKey(delivery(text), 'orders')).toBe(`${hash}/orders`);
});

test('does not change from attempt to attempt', () => {
  const first = delivery('{"a":1}', 't');
  expect(idempotencyKey({ ...first, attempts: 5, firstReceivedAtMs: 9 }, 'o')).toBe(idempotencyKey(first, 'o'));
});

test('is the same for an event that a queue carries with characters escaped', () => {
  const [raw, escaped] = ['{"a":"\uFFFE"}', '{"a":"\\ufffe"}'];
  expect(idempotencyKey(delivery(raw), 'orders')).toBe(idempotencyKey(delivery(escaped), 'orders'));
});
