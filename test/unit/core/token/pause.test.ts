import { describe, expect, test } from 'vitest';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import type { TokenPause } from '../../../../lib/core/token/pause.ts';
import { isPaused, pauseAfter, returnSpreadMs } from '../../../../lib/core/token/pause.ts';

const nowMs = Date.UTC(2026, 0, 1);
const [longest, shortest] = [() => 0, () => 1];
const unavailable = new Failure('TokenUnavailable', 'The token endpoint answered with HTTP status 503.');

function pauseOf(failure: Failure, before?: Partial<TokenPause>, random = longest): TokenPause | undefined {
  const code = 'TokenUnavailable' as const;
  const earlier = { untilMs: nowMs, failures: 1, code, reason: '', secretVersion: 'v1', ...before };
  return pauseAfter(failure, before === undefined ? undefined : earlier, 'v1', nowMs, random);
}

describe('the pause after a failed token request', () => {
  test.each([
    [1, 1000],
    [2, 2000],
    [3, 4000],
    [6, 32_000],
    [7, 60_000],
    [100_000, 60_000],
  ])('after failure %i in a row the pause lasts %i ms, or up to a quarter less', (failures, pauseMs) => {
    const before = failures === 1 ? undefined : { failures: failures - 1 };
    expect(pauseOf(unavailable, before)).toMatchObject({ failures, untilMs: nowMs + pauseMs });
    expect(pauseOf(unavailable, before, shortest)?.untilMs).toBe(nowMs + pauseMs * 0.75);
  });

  test('a pause names the failure and the credentials that it is about', () => {
    expect(pauseOf(unavailable)).toMatchObject({
      code: 'TokenUnavailable',
      reason: 'The token endpoint answered with HTTP status 503.',
      secretVersion: 'v1',
    });
  });

  test('the failures of other credentials do not count', () => {
    expect(pauseOf(unavailable, { failures: 5, secretVersion: 'v0' })?.failures).toBe(1);
  });

  test.each([
    ['is longer than the pause', 7000, 7000],
    ['is shorter than the pause', 10, 1000],
    ['is longer than 15 minutes', 3_600_000, 900_000],
  ])('a Retry-After that %s gives the longer of both, but at most 15 minutes', (_, retryAfterMs, pauseMs) => {
    const asked = new Failure('TokenUnavailable', 'busy', { retryAfterMs });
    expect(pauseOf(asked)?.untilMs).toBe(nowMs + pauseMs);
  });

  test('a refusal that has deauthorized the connection pauses the others with the refusal itself', () => {
    const cause = new Failure('TokenRefused', 'refused');
    const failure = new Failure('ConnectionDeauthorized', 'deauthorized', { cause });
    expect(pauseOf(failure)).toMatchObject({ code: 'TokenRefused', reason: 'refused' });
    expect(pauseOf(new Failure('ConnectionDeauthorized', 'deauthorized'))).toBeUndefined();
  });

  test.each(['TokenInvalid', 'TokenRefused', 'InvalidSecret'] as const)('a failure %s causes a pause', (code) => {
    expect(pauseOf(new Failure(code, 'why'))).toMatchObject({ code });
  });

  test.each(['OutOfTime', 'StoreUnavailable', 'AddressRefused'] as const)(
    'a failure %s says nothing about the requests of other workers, so it causes no pause',
    (code) => {
      expect(pauseOf(new Failure(code, 'why'))).toBeUndefined();
    },
  );

  test('a long reason is cut to 512 characters', () => {
    expect(pauseOf(new Failure('TokenInvalid', 'x'.repeat(600)))?.reason).toBe('x'.repeat(512));
  });
});

test.each([
  ['that has just ended stops nobody', 0, false],
  ['that ends in a millisecond stops token requests', 1, true],
  ['that ends in 15 minutes stops token requests', 900_000, true],
  ['that ends later than any pause may stops nobody', 900_001, false],
])('a pause %s', (_, inMs, expected) => {
  expect(isPaused({ untilMs: nowMs + inMs }, nowMs)).toBe(expected);
});

test('without a pause token requests are made', () => {
  expect(isPaused(undefined, nowMs)).toBe(false);
});

test.each([
  [0, 2000],
  [1, 2000],
  [4, 2000],
  [5, 4000],
  [7, 15_000],
  [100, 15_000],
])('after %i failures waiting deliveries come back over %i ms', (failures, spreadMs) => {
  expect(returnSpreadMs(failures)).toBe(spreadMs);
});
