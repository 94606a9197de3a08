import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isDeleted, isValid, validityFrom } from '../../../lib/core/api-key.ts';
import type { ApiKey } from '../../../lib/core/api-key.ts';

const [hour, day] = [3600, 86_400];
const at = (text: string): number => Date.parse(text);
const seconds = (text: string): number => at(text) / 1000;

describe.each(['UTC', 'America/St_Johns', 'Pacific/Kiritimati'])('on a machine whose time zone is %s', (zone) => {
  const before = process.env['TZ'];
  beforeEach(() => void (process.env['TZ'] = zone));
  afterEach(() => {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  });

  test.each([
    ['on the full hour', '2026-05-04T12:00:00.000Z', '2026-05-11T12:00:00Z'],
    ['a millisecond before the full hour', '2026-05-04T11:59:59.999Z', '2026-05-11T11:00:00Z'],
    ['a second after the full hour', '2026-05-04T12:00:01.000Z', '2026-05-11T12:00:00Z'],
    ['over the end of a year', '2026-12-31T23:59:59.999Z', '2027-01-07T23:00:00Z'],
    ['over February 29', '2028-02-25T06:30:00.000Z', '2028-03-03T06:00:00Z'],
    ['over a February without a 29th', '2027-02-25T06:30:00.000Z', '2027-03-04T06:00:00Z'],
    ['when clocks are put forward', '2026-03-08T01:30:00.000Z', '2026-03-15T01:00:00Z'],
  ])('the default is seven days, rounded down to the hour, %s', (_when, now, expires) => {
    const validity = validityFrom(at(now));
    expect(validity.expiresAtSeconds).toBe(seconds(expires));
    expect(validity.deletesAtSeconds).toBe(seconds(expires) + 60 * day);
  });
});

test('what is asked for is rounded down to the hour, and deletion is 60 days later', () => {
  const now = at('2027-12-31T23:30:00Z');
  expect(validityFrom(now, seconds('2028-02-29T23:59:59Z'))).toEqual({
    expiresAtSeconds: seconds('2028-02-29T23:00:00Z'),
    deletesAtSeconds: seconds('2028-04-29T23:00:00Z'),
  });
});

describe.each(['2026-05-04T12:00:00Z', '2026-05-04T12:59:59Z', '2027-12-31T23:59:59Z', '2028-02-29T00:00:00Z'])(
  'at %s',
  (now) => {
    const nowSeconds = seconds(now);

    test('one day is long enough and a second less is not', () => {
      const expected = Math.floor((nowSeconds + day) / hour) * hour;
      expect(validityFrom(at(now), nowSeconds + day).expiresAtSeconds).toBe(expected);
      expect(() => validityFrom(at(now), nowSeconds + day - 1)).toThrow(
        expect.objectContaining({
          code: 'ApiKeyValidityOutOfBoundsException',
          message: 'API key must be valid for a minimum of 1 days.',
        }),
      );
    });

    test('365 days are not too long and a second more is', () => {
      const expected = Math.floor((nowSeconds + 365 * day) / hour) * hour;
      expect(validityFrom(at(now), nowSeconds + 365 * day).expiresAtSeconds).toBe(expected);
      expect(() => validityFrom(at(now), nowSeconds + 365 * day + 1)).toThrow(
        expect.objectContaining({
          code: 'ApiKeyValidityOutOfBoundsException',
          message: 'API key must be valid for a maximum of 365 days.',
        }),
      );
    });
  },
);

test('times before now, before the epoch and beyond all calendars are out of bounds', () => {
  for (const expires of [0, -1, seconds('2026-01-01T00:00:00Z'), Number.MIN_SAFE_INTEGER]) {
    expect(() => validityFrom(at('2026-05-04T12:00:00Z'), expires)).toThrow('minimum of 1 days');
  }
  expect(() => validityFrom(at('2026-05-04T12:00:00Z'), Number.MAX_SAFE_INTEGER)).toThrow('maximum of 365 days');
});

test('whatever is accepted ends on a full hour, at most an hour before it was asked for', () => {
  const nowMs = fc.integer({ min: 0, max: at('2100-01-01T00:00:00Z') });
  fc.assert(
    fc.property(nowMs, fc.integer({ min: day, max: 365 * day }), (now, ahead) => {
      const asked = Math.floor(now / 1000) + ahead;
      const { expiresAtSeconds, deletesAtSeconds } = validityFrom(now, asked);
      expect(expiresAtSeconds % hour).toBe(0);
      expect(asked - expiresAtSeconds).toBeGreaterThanOrEqual(0);
      expect(asked - expiresAtSeconds).toBeLessThan(hour);
      expect(deletesAtSeconds - expiresAtSeconds).toBe(60 * day);
    }),
  );
});

test('a key is valid until the moment that it expires, and there until the moment of its deletion', () => {
  const key: ApiKey = {
    apiId: 'control',
    publicId: 'da2-aaaaaaaaaa',
    incarnation: '1',
    expiresAtSeconds: 1_800_000_000,
    deletesAtSeconds: 1_805_184_000,
    revision: 1,
  };
  expect(isValid(key, 1_799_999_999_999)).toBe(true);
  expect(isValid(key, 1_800_000_000_000)).toBe(false);
  expect(isDeleted(key, 1_805_183_999_999)).toBe(false);
  expect(isDeleted(key, 1_805_184_000_000)).toBe(true);
});
