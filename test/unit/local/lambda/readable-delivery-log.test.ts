import { expect, test } from 'vitest';
import type { Conclusion } from '../../../../lib/core/delivery/delivery.ts';
import { createReadableDeliveryLog, formatDelivery } from '../../../../lib/local/lambda/readable-logs.ts';

const delivered: Conclusion = {
  settlement: { kind: 'delivered' },
  apiDestination: 'orders',
  eventId: 'e-1',
  status: 204,
  attempts: 2,
  durationMs: 34.6,
};
const nowMs = Date.UTC(2026, 4, 6, 7, 8, 9, 10);

test('a delivery is logged in one line with time, outcome, destination, event, status, attempt and duration', () => {
  const line = formatDelivery(delivered, nowMs, false);
  expect(line).toBe('07:08:09.010  delivered  orders  event e-1  HTTP 204  attempt 2  35 ms');
});

test('the line of a failed delivery ends with its code and reason', () => {
  const failed: Conclusion = {
    settlement: { kind: 'dead-lettered' },
    code: 'DnsFailed',
    reason: 'No address for api.example.',
    attempts: 1,
    durationMs: 3,
  };
  expect(formatDelivery(failed, nowMs, false)).toBe(
    '07:08:09.010  dead-lettered  (no API destination)  event (no id)  no answer  attempt 1  3 ms  DnsFailed: No address for api.example.',
  );
});

test('the line of a delivery shows the name of the API destination even when the event names it by ARN', () => {
  const apiDestination = 'arn:aws:events:us-east-1:123456789012:api-destination/orders/0b7f-11';
  expect(formatDelivery({ ...delivered, apiDestination }, nowMs, false)).toBe(formatDelivery(delivered, nowMs, false));
});

test('control characters in a name cannot start a new line or move the cursor', () => {
  const line = formatDelivery({ ...delivered, apiDestination: 'a\nready http://x\u001B[2J\u2028b' }, nowMs, false);
  expect(line).toContain('a?ready http://x?[2J?b');
});

test('only the outcome is coloured, and only when colour is enabled', () => {
  const lines: string[] = [];
  for (const colour of [true, false]) {
    createReadableDeliveryLog({ writeLine: (line) => lines.push(line), nowMs: () => nowMs, colour }).record(delivered);
  }
  expect(lines[0]).toBe(lines[1]?.replace('delivered', '\u001B[32mdelivered\u001B[39m'));
});
