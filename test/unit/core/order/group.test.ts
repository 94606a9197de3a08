import { describe, expect, test } from 'vitest';
import { deduplicationIdOf, orderedGroupOf } from '../../../../lib/core/order/group.ts';
import type { Delivery } from '../../../../lib/core/delivery/delivery.ts';
import { parseJson } from '../../../../lib/core/input/json.ts';
import { deliveryOf } from '../../delivery/outcomes.ts';

const groupPath = '$.detail.order';
const eventOf = (text: string) => ({ value: parseJson(text) ?? null, text });
const groupOf = (members: Partial<Delivery>, path?: string) =>
  orderedGroupOf(deliveryOf({ apiDestination: 'orders', ...members }), { groupPath: path });
const withText = (text: string) => groupOf({ event: eventOf(text) }, groupPath);

describe('the group of an ordered event', () => {
  test('events in which the path finds the same value are one group, whatever else is in them', () => {
    expect(withText('{"id":"1","detail":{"order":"A"}}')).toBe(withText('{"id":"2","detail":{"order":"A"}}'));
    expect(withText('{"detail":{"order":"A"}}')).not.toBe(withText('{"detail":{"order":"B"}}'));
  });

  test('two large numbers that JavaScript would make equal are two groups', () => {
    expect(withText('{"detail":{"order":9007199254740993}}')).not.toBe(
      withText('{"detail":{"order":9007199254740992}}'),
    );
  });

  test('events in which the path finds nothing are one group, and so is text, which has no members', () => {
    const text = groupOf({ event: { value: 'hello', form: 'text' } }, groupPath);
    expect(withText('{"detail":{}}')).toBe(withText('{"other":1}'));
    expect(text).toBe(withText('{}'));
    expect(text).not.toBe(withText('{"detail":{"order":"A"}}'));
  });

  test('without a path, the group of the sender counts, and without one all events of the API destination are one group', () => {
    expect(groupOf({ senderGroup: 'a' })).not.toBe(groupOf({ senderGroup: 'b' }));
    expect(groupOf({ event: eventOf('{"a":1}') })).toBe(groupOf({ event: eventOf('{"a":2}') }));
    expect(groupOf({})).not.toBe(groupOf({ apiDestination: 'audit' }));
  });

  test('the name and the ARN of an API destination make the same group', () => {
    const arn = 'arn:aws:events:us-east-1:123456789012:api-destination/orders/11111111-1111-4111-8111-111111111111';
    expect(groupOf({ apiDestination: arn })).toBe(groupOf({}));
  });

  test('an event that came back from the dead letters returns to the group that it had', () => {
    expect(groupOf({ orderedGroup: 'customer-7', senderGroup: 'a' }, groupPath)).toBe('customer-7');
  });

  test('a group shows nothing of the event, and SQS accepts it', () => {
    expect(withText('{"detail":{"order":"secret"}}')).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('the deduplication id of an ordered event', () => {
  const idOf = (id: string, position: number, eventId = 'e') =>
    deduplicationIdOf(deliveryOf({ apiDestination: 'orders', eventId }), { id, position });

  test('it is the same when one message brings the event again, and differs for each message, position and event', () => {
    expect(idOf('m', 0)).toBe(idOf('m', 0));
    expect(new Set([idOf('m', 0), idOf('n', 0), idOf('m', 1), idOf('m', 0, 'f')]).size).toBe(4);
    expect(idOf('m', 0)).toMatch(/^[0-9a-f]{64}$/);
  });
});
