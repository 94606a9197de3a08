import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatKeptDeliveries, keptKey, parseKeptDelivery } from '../../../../lib/core/message/kept-deliveries.ts';
import type { JsonObject } from '../../../../lib/core/input/json.ts';
import { printedEvent } from '../../../../lib/core/input/json-text.ts';
import { deliveries, deliveryOf, nowMs } from './deliveries.ts';

test('every delivery of a kept object is read back with its own text, as a new delivery', () => {
  fc.assert(
    fc.property(fc.array(deliveries, { minLength: 1, maxLength: 4 }), (kept) => {
      const text = formatKeptDeliveries(kept);
      for (const [index, { apiDestination, rule, target, event, trace, eventId, replay }] of kept.entries()) {
        const own = printedEvent(event);
        const value: JsonObject = JSON.parse(own);
        expect(parseKeptDelivery(text, index, nowMs)).toEqual({
          ...deliveryOf({ apiDestination, target, event: event.form === undefined ? { value, text: own } : event }),
          ...(eventId !== undefined && { eventId }),
          ...(replay !== undefined && { replay }),
          ...(rule !== undefined && { rule }),
          ...(trace !== undefined && { trace }),
        });
      }
      expect(parseKeptDelivery(text, kept.length, nowMs)).toBeUndefined();
    }),
  );
});

test.each([
  ['no JSON', 'x', 'InvalidDelivery'],
  ['no object', '[]', 'InvalidDelivery'],
  ['no body', '{"attributes":{"LASTMILE":"{}"}}', 'InvalidDelivery'],
  ['no attribute', '{"body":"{}","attributes":{}}', 'InvalidDelivery'],
  ['an attribute that is no text', '{"body":"{}","attributes":{"LASTMILE":{}}}', 'InvalidDelivery'],
  ['a body that is not JSON', '{"body":"x","attributes":{"LASTMILE":"{\\"apiDestination\\":\\"a\\"}"}}', 'InvalidJson'],
  ['a later version', '{"body":"{}","attributes":{"LASTMILE":"{\\"v\\":2}"}}', 'NewerVersion'],
])('a kept line with %s fails and is not delivered', (_what, line, code) => {
  expect(() => parseKeptDelivery(`${line}\n`, 0, nowMs)).toThrow(expect.objectContaining({ code }));
});

test("the key of a kept object begins with the day on which it was written, in Greenwich's time", () => {
  const id = 'f'.repeat(32);
  expect(keptKey(Date.UTC(2026, 10, 28, 23, 59, 59, 999), id)).toBe(`events/2026-11-28/${id}`);
});
