import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRetryAfterMs } from '../../../../lib/core/delivery/retry-after.ts';

const nowMs = Date.parse('2026-11-20T10:00:00Z');

test.each<[value: string, retryAfterMs: number]>([
  ['120', 120_000],
  ['0', 0],
  ['  7 ', 7_000],
  ['-1', -1_000],
  ['-0', 0],
  ['Fri, 20 Nov 2026 10:00:30 GMT', 30_000],
  ['Friday, 20-Nov-26 10:00:30 GMT', 30_000],
  ['Fri Nov 20 10:00:30 2026', 30_000],
  ['Tue Dec  1 00:00:00 2026', Date.UTC(2026, 11, 1) - nowMs],
  ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
  ['Sunday, 06-Nov-94 08:49:37 GMT', 0],
  ['Sun Nov  6 08:49:37 1994', 0],
  ['Thu, 31 Dec 2026 23:59:60 GMT', Date.UTC(2027, 0, 1) - nowMs],
])('the Retry-After %j asks for a wait of %d ms', (value, retryAfterMs) => {
  expect(parseRetryAfterMs(value, nowMs)).toBe(retryAfterMs);
});

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

test.each(months.map((name, index) => ({ name, index })))(
  'the month $name is read in all three date formats of Retry-After',
  ({ name, index }) => {
    const january = Date.UTC(2026, 0, 1);
    const waitMs = Date.UTC(2026, index, 2) - january;
    expect(parseRetryAfterMs(`Fri, 02 ${name} 2026 00:00:00 GMT`, january)).toBe(waitMs);
    expect(parseRetryAfterMs(`Friday, 02-${name}-26 00:00:00 GMT`, january)).toBe(waitMs);
    expect(parseRetryAfterMs(`Fri ${name}  2 00:00:00 2026`, january)).toBe(waitMs);
  },
);

test('a two-digit year of a Retry-After is at most 50 years ahead, as RFC 9110 demands', () => {
  expect(parseRetryAfterMs('Friday, 20-Nov-76 10:00:00 GMT', nowMs)).toBe(Date.UTC(2076, 10, 20, 10) - nowMs);
  expect(parseRetryAfterMs('Friday, 20-Nov-77 10:00:00 GMT', nowMs)).toBe(0);
});

test.each([
  '',
  ' ',
  'soon',
  '1.5',
  '+5',
  '5s',
  '0x10',
  '1e3',
  '--1',
  '120, 60',
  'Infinity',
  'NaN',
  '2026-11-20T10:00:30Z',
  'Fri, 20 Nov 2026 10:00:30',
  'Fri, 20 Nov 2026 10:00:30 CET',
  'Fri, 20 Nov 2026 24:00:00 GMT',
  'Fri, 20 Nov 2026 10:60:00 GMT',
  'Fri, 20 Nov 2026 10:00:61 GMT',
  'Fri, 31 Feb 2026 10:00:00 GMT',
  'Fri, 00 Nov 2026 10:00:00 GMT',
  'fri, 20 nov 2026 10:00:30 gmt',
  'Fri, 20 Foo 2026 10:00:30 GMT',
])('the Retry-After %j is malformed and asks for nothing', (value) => {
  expect(parseRetryAfterMs(value, nowMs)).toBeUndefined();
});

test('parsing any Retry-After gives a safe whole number of milliseconds or undefined', () => {
  const value = fc.oneof(
    fc.string(),
    fc.bigInt().map(String),
    fc.constant('9'.repeat(500)),
    fc.constant(`-${'9'.repeat(500)}`),
  );
  fc.assert(
    fc.property(value, (text) => {
      const retryAfterMs = parseRetryAfterMs(text, nowMs);
      expect(retryAfterMs === undefined || Number.isSafeInteger(retryAfterMs)).toBe(true);
    }),
  );
});
