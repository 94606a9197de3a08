import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDeleted, isValid, validityFrom } from '../../../../lib/core/api-key/api-key.ts';
import type { ApiKey } from '../../../../lib/core/api-key/api-key.ts';

const [hour, day] = [3600, 86_400];
const at = (text: string): number => Date.parse(text);
const seconds = (text: string): number => at(text) / 1000;

/** Runs in a separate process, because a running process cannot change its time zone. */
function defaultsIn(zone: string, nowTexts: readonly string[]): unknown {
  const module = new URL('../../../../lib/core/api-key/api-key.ts', import.meta.url).href;
  const script = `
    import { validityFrom } from ${JSON.stringify(module)};
    const offset = new Date(1767225600000).getTimezoneOffset();
    const validities = JSON.parse(process.argv[1]).map((now) => validityFrom(Date.parse(now)));
    console.log(JSON.stringify({ offset, validities }));`;
  const args = ['--input-type=module', '-e', script, JSON.stringify(nowTexts)];
  return JSON.parse(execFileSync(process.execPath, args, { env: { ...process.env, TZ: zone } }).toString());
}

test.each([
  ['UTC', 0],
  ['America/St_Johns', 210],
  ['Pacific/Kiritimati', -840],
])(
  'an API key is valid for seven days by default, rounded down to the hour in UTC, on a machine in %s',
  (zone, offset) => {
    const times = [
      ['2026-05-04T12:00:00.000Z', '2026-05-11T12:00:00Z'],
      ['2026-05-04T11:59:59.999Z', '2026-05-11T11:00:00Z'],
      ['2026-05-04T12:00:01.000Z', '2026-05-11T12:00:00Z'],
      // These seven days contain the end of a year, a February 29, a February 28, or a change to summer time.
      ['2026-12-31T23:59:59.999Z', '2027-01-07T23:00:00Z'],
      ['2028-02-25T06:30:00.000Z', '2028-03-03T06:00:00Z'],
      ['2027-02-25T06:30:00.000Z', '2027-03-04T06:00:00Z'],
      ['2026-03-08T01:30:00.000Z', '2026-03-15T01:00:00Z'],
    ] as const;
    const validities = times.map(([, expires]) => ({
      expiresAtSeconds: seconds(expires),
      deletesAtSeconds: seconds(expires) + 60 * day,
    }));
    expect(
      defaultsIn(
        zone,
        times.map(([now]) => now),
      ),
    ).toEqual({ offset, validities });
  },
);

test('the requested expiry of an API key is rounded down to the hour, and the key is deleted 60 days later', () => {
  const now = at('2027-12-31T23:30:00Z');
  expect(validityFrom(now, seconds('2028-02-29T23:59:59Z'))).toEqual({
    expiresAtSeconds: seconds('2028-02-29T23:00:00Z'),
    deletesAtSeconds: seconds('2028-04-29T23:00:00Z'),
  });
});

describe.each(['2026-05-04T12:00:00Z', '2026-05-04T12:59:59Z', '2027-12-31T23:59:59Z', '2028-02-29T00:00:00Z'])(
  'API keys at %s',
  (now) => {
    const nowSeconds = seconds(now);

    test(`at ${now} an API key may be valid for one day, but not for a second less`, () => {
      const expected = Math.floor((nowSeconds + day) / hour) * hour;
      expect(validityFrom(at(now), nowSeconds + day).expiresAtSeconds).toBe(expected);
      expect(() => validityFrom(at(now), nowSeconds + day - 1)).toThrow(
        expect.objectContaining({
          code: 'ApiKeyValidityOutOfBoundsException',
          message: 'API key must be valid for a minimum of 1 days.',
        }),
      );
    });

    test(`at ${now} an API key may be valid for 365 days, but not for a second more`, () => {
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

test('an API key cannot expire in the past, before the epoch or beyond the last date of JavaScript', () => {
  for (const expires of [0, -1, seconds('2026-01-01T00:00:00Z'), Number.MIN_SAFE_INTEGER]) {
    expect(() => validityFrom(at('2026-05-04T12:00:00Z'), expires)).toThrow('minimum of 1 days');
  }
  expect(() => validityFrom(at('2026-05-04T12:00:00Z'), Number.MAX_SAFE_INTEGER)).toThrow('maximum of 365 days');
});

test('the expiry of an API key is a full hour, at most one hour before the requested time', () => {
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

test('an API key is valid until it expires, and is listed until it is deleted', () => {
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
