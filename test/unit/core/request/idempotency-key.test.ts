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

test("the id that a sender gave beside the event replaces the event's own id in the idempotency key", () => {
  expect(idempotencyKey({ ...delivery('{"id":"e1"}', 't1'), eventId: 'bus-1' }, 'orders')).toBe('bus-1/t1');
});

test('the idempotency key of a replayed event ends with the name of the subscriber, if that is known', () => {
  const replayed = delivery('{"id":"e1"}', 't1');
  expect(idempotencyKey({ ...replayed, replay: 'audit' }, 'orders')).toBe('e1/t1/replay/audit');
  expect(idempotencyKey({ ...replayed, replay: '' }, 'orders')).toBe('e1/t1/replay');
});

test.each<[event: Delivery['event']]>([
  [{ value: 'hello', form: 'text' }],
  [{ value: ['e1'] }],
  [{ value: 7, text: '7.0' }],
])('the idempotency key of %j, which is no object, is the hash of its JSON text', (event) => {
  const hash = createHash('sha256')
    .update(event.text ?? JSON.stringify(event.value))
    .digest('hex');
  expect(idempotencyKey({ ...delivery('{}'), event }, 'orders')).toBe(`${hash}/orders`);
});
