import { expect, test } from 'vitest';
import type { Conclusion } from '../../../../lib/core/delivery/delivery.ts';
import {
  createReadableConnectionLog,
  createReadableDeliveryLog,
  createReadableHealthLog,
  createReadableSecurityLog,
  formatDelivery,
} from '../../../../lib/local/lambda/readable-logs.ts';

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

test.each([
  ['what for', { waitsFor: 'retry-after' } as const, 'waits until 07:09:09.010 (retry-after)'],
  ['nothing more when it came before its time', {}, 'waits until 07:09:09.010'],
])('the line of a deferred delivery says until when it waits, and %s', (_what, members, said) => {
  const deferred: Conclusion = {
    settlement: { kind: 'deferred', notBeforeMs: nowMs + 60_000 },
    apiDestination: 'orders',
    nextAttemptAtMs: nowMs + 60_000,
    attempts: 1,
    durationMs: 3,
    ...members,
  };
  expect(formatDelivery(deferred, nowMs, false)).toBe(
    `07:08:09.010  deferred  orders  event (no id)  no answer  attempt 1  3 ms  ${said}`,
  );
});

test('the line of a failed delivery ends with the answer of the endpoint, on one line of printable characters', () => {
  const answer = '{\n  "error": "no such order\u001B[2J"\n}';
  const failed: Conclusion = { ...delivered, code: 'EndpointRejected', reason: 'The endpoint answered 422.', answer };
  expect(formatDelivery(failed, nowMs, false)).toMatch(
    / {2}EndpointRejected: The endpoint answered 422\. {2}answer: \{ "error": "no such order\\u\{1b\}\[2J" \}$/,
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

test('a deauthorized connection is logged in one line with time and name, without control characters', () => {
  const lines: string[] = [];
  const log = createReadableConnectionLog({ writeLine: (line) => lines.push(line), nowMs: () => nowMs });
  log.deauthorized('shop\u001B[2J');
  expect(lines).toEqual(['07:08:09.010  deauthorized  connection shop?[2J']);
});

test.each([
  ['the time of the next try', nowMs + 60_000, 'next try 07:09:09.010'],
  ['the words that no try follows', undefined, 'no further try'],
])('a failed token request is logged in one line with its reason and %s', (_what, nextTryAtMs, next) => {
  const lines: string[] = [];
  const log = createReadableConnectionLog({ writeLine: (line) => lines.push(line), nowMs: () => nowMs });
  const failed = { connection: 'shop', code: 'TokenUnavailable', reason: 'It\nfailed.' } as const;
  log.tokenFailed({ ...failed, ...(nextTryAtMs !== undefined && { nextTryAtMs }) });
  expect(lines).toEqual([`07:08:09.010  no token  connection shop  TokenUnavailable: It?failed.  ${next}`]);
});

test('a destination that becomes unhealthy and healthy again is logged in a line each, without control characters', () => {
  const lines: string[] = [];
  const log = createReadableHealthLog({ writeLine: (line) => lines.push(line), nowMs: () => nowMs });
  const apiDestination = 'orders\u001B[2J';
  log.record({ event: 'unhealthy', apiDestination, code: 'TimedOut', failures: 5, nextProbeAtMs: nowMs + 980 });
  log.record({ event: 'healthy', apiDestination, unhealthyForMs: 61_400 });
  expect(lines).toEqual([
    '07:08:09.010  unhealthy  orders?[2J, TimedOut, failures 5, next probe 07:08:09.990',
    '07:08:09.010  healthy  orders?[2J, after 61 s',
  ]);
});

test('a refused address is logged in one line with time, host and reason, without control characters', () => {
  const lines: string[] = [];
  const log = createReadableSecurityLog({ writeLine: (line) => lines.push(line), nowMs: () => nowMs });
  log.addressRefused({ host: 'inside\u001B[2J', address: '10.1.2.3', reason: 'private' });
  log.addressRefused({ host: '[::1]', reason: 'loopback' });
  expect(lines).toEqual([
    '07:08:09.010  refused  the address of inside?[2J: 10.1.2.3, private',
    '07:08:09.010  refused  the address of [::1]: loopback',
  ]);
});
