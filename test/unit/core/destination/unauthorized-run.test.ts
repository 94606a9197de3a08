import { expect, test } from 'vitest';
import {
  describeRefusal,
  exceeds,
  isUnauthorized,
  isWithinRun,
  unauthorizedLimitOf,
} from '../../../../lib/core/destination/unauthorized-run.ts';

const sinceMs = Date.UTC(2026, 0, 1);

test('401 and 407 are the only statuses that refuse credentials', () => {
  const all = Array.from({ length: 500 }, (_, index) => 100 + index);
  expect(all.filter(isUnauthorized)).toEqual([401, 407]);
});

test.each([
  [10, 30_000, 'over the limit'],
  [9, 3_600_000, 'within the limit'],
  [1_000, 29_999, 'within the limit'],
  [1_000, -60_000, 'within the limit'],
])('a run of %i 401s that has lasted for %i ms is %s', (count, lengthMs, verdict) => {
  const limit = { count: 10, lengthMs: 30_000 };
  expect(exceeds({ count, sinceMs }, limit, sinceMs + lengthMs)).toBe(verdict === 'over the limit');
});

test.each([
  [0, 30_000],
  [15_000, 30_000],
  [60_000, 120_000],
])('with connections cached for %i ms, a run of 401s deauthorizes only after %i ms', (cacheMs, lengthMs) => {
  expect(unauthorizedLimitOf(10, cacheMs)).toEqual({ count: 10, lengthMs });
});

test('a refused request counts in a run of 401s only if it began no earlier than the run', () => {
  expect([-1, 0, 1].map((lateMs) => isWithinRun({ count: 1, sinceMs }, sinceMs + lateMs))).toEqual([false, true, true]);
});

test('the reason for a deauthorization names the count of 401s, their start and the last API destination', () => {
  const name = 'x'.repeat(64);
  const reason = describeRefusal(name, { status: 407 }, { count: 1_000_000, sinceMs });
  expect(reason).toBe(
    'The credentials were refused at least 1000000 times in a row since 2026-01-01T00:00:00.000Z, last by API destination ' +
      `'${name}' with HTTP status 407.`,
  );
  expect(describeRefusal('orders', { status: 401 })).toBe(
    "The credentials were refused by API destination 'orders' with HTTP status 401.",
  );
});

test('the reason for a deauthorization ends with the beginning of the last answer, on one line of printable characters', () => {
  const answer = '{\n  "error": "key expired\u0007"\n}';
  expect(describeRefusal('orders', { status: 401, answer })).toBe(
    "The credentials were refused by API destination 'orders' with HTTP status 401. The endpoint answered: " +
      '{ "error": "key expired\\u{7}" }',
  );
  expect(describeRefusal('orders', { status: 401, answer: ' \n' })).toMatch(/401\.$/);
});

test('the longest reason for a deauthorization has at most the 512 characters of a StateReason', () => {
  const answer = 'x'.repeat(2048);
  const reason = describeRefusal('x'.repeat(64), { status: 407, answer }, { count: 1_000_000, sinceMs });
  expect(reason.length).toBeLessThanOrEqual(512);
});
