import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FailedOutcome, WaitsFor } from '../../../../lib/core/delivery/delivery.ts';
import type { RetryPolicy } from '../../../../lib/core/destination/delivery-policy.ts';
import type { Backoff, RetryHistory } from '../../../../lib/core/delivery/retry.ts';
import {
  decideRetry,
  fullJitterDelayMs,
  isExpired,
  longestRequestTimeoutMs,
  retryPolicyOf,
  visibilityTimeoutSeconds,
  waitAfter,
} from '../../../../lib/core/delivery/retry.ts';

const nowMs = 1_790_000_000_000;
const defaults: RetryPolicy = { maximumRetryAttempts: 185, maximumEventAgeMs: 86_400_000 };
const backoff: Backoff = { baseMs: 1000, maximumMs: 900_000 };

const failed = (retryAfterMs?: number): FailedOutcome => ({
  kind: 'retryable',
  code: 'EndpointFailed',
  reason: 'The endpoint answered 503.',
  status: 503,
  ...(retryAfterMs === undefined ? undefined : { retryAfterMs }),
});

const after = (attempts: number, members: Partial<RetryHistory> = {}): RetryHistory => ({
  attempts,
  postponements: 0,
  firstReceivedAtMs: nowMs,
  ...members,
});

const never = (): number => expect.fail('No chance is needed here.');
const least = (): number => 0;
const most = (): number => 1 - Number.EPSILON / 2;

describe('attempts', () => {
  test('a delivery with N allowed retries is attempted exactly N + 1 times', () => {
    for (let allowed = 0; allowed <= 185; allowed += 1) {
      const policy = { ...defaults, maximumRetryAttempts: allowed };
      let attempts = 1;
      while (decideRetry(policy, backoff, after(attempts), failed(), nowMs, least).kind === 'retry') attempts += 1;
      expect(attempts).toBe(allowed + 1);
    }
  });

  test('a lowered retry limit stops a delivery that has already made more attempts', () => {
    const policy = { ...defaults, maximumRetryAttempts: 2 };
    expect(decideRetry(policy, backoff, after(100), failed(), nowMs, never)).toEqual({
      kind: 'stop',
      condition: 'MaximumRetryAttempts',
    });
  });

  test('postponements use up no retries, however many there are', () => {
    const policy = { ...defaults, maximumRetryAttempts: 0 };
    const history = after(0, { postponements: 1_000_000 });
    expect(decideRetry(policy, backoff, history, failed(), nowMs, least)).toEqual({ kind: 'retry', delayMs: 0 });
  });

  test('a postponement after the last allowed retry is not stopped by the retry limit', () => {
    const policy = { ...defaults, maximumRetryAttempts: 3 };
    const history = after(3, { postponements: 4 });
    expect(decideRetry(policy, backoff, history, failed(), nowMs, least).kind).toBe('retry');
  });
});

describe('Retry-After', () => {
  test('a delivery waits at least as long as Retry-After asks', () => {
    expect(decideRetry(defaults, backoff, after(1), failed(5000), nowMs, most)).toEqual({
      kind: 'retry',
      delayMs: 5000,
    });
  });

  test('no jitter is added to a Retry-After', () => {
    for (const random of [least, () => 0.5, most]) {
      expect(decideRetry(defaults, backoff, after(1), failed(60_000), nowMs, random)).toMatchObject({
        delayMs: 60_000,
      });
    }
  });

  test('a Retry-After that is shorter than the backoff does not shorten it', () => {
    expect(decideRetry(defaults, backoff, after(11), failed(1000), nowMs, most)).toMatchObject({ delayMs: 899_999 });
  });

  test('a Retry-After that is longer than any backoff is obeyed in full', () => {
    const hours = 7_200_000;
    expect(decideRetry(defaults, backoff, after(1), failed(hours), nowMs, most)).toMatchObject({ delayMs: hours });
  });

  test('a Retry-After of zero asks for no wait', () => {
    expect(decideRetry(defaults, backoff, after(1), failed(0), nowMs, least)).toEqual({ kind: 'retry', delayMs: 0 });
  });

  test('a delivery that waits for something all workers need waits exactly as long, without a backoff', () => {
    const outcome = { ...failed(), returnAfterMs: 1234 };
    expect(decideRetry(defaults, backoff, after(9), outcome, nowMs, never)).toEqual({ kind: 'retry', delayMs: 1234 });
  });

  test('a delivery that waits for something all workers need ends when its age limit would end before the wait', () => {
    const outcome = { ...failed(), returnAfterMs: 86_400_001 };
    expect(decideRetry(defaults, backoff, after(0), outcome, nowMs, never)).toEqual({
      kind: 'stop',
      condition: 'MaximumEventAgeInSeconds',
    });
  });

  test('a negative Retry-After stops the delivery even when retries are left', () => {
    expect(decideRetry(defaults, backoff, after(1), failed(-1), nowMs, never)).toEqual({ kind: 'stop' });
  });

  test('a negative Retry-After is given as the reason to stop even when no retry is left', () => {
    const policy = { ...defaults, maximumRetryAttempts: 0 };
    expect(decideRetry(policy, backoff, after(1), failed(-1), nowMs, never)).toEqual({ kind: 'stop' });
  });

  test.each([Number.MAX_SAFE_INTEGER, 86_400_001])(
    'a Retry-After of %d ms ends the delivery because of its age limit',
    (retryAfterMs) => {
      expect(decideRetry(defaults, backoff, after(1), failed(retryAfterMs), nowMs, least)).toEqual({
        kind: 'stop',
        condition: 'MaximumEventAgeInSeconds',
      });
    },
  );
});

test.each<[string, WaitsFor, Partial<FailedOutcome>, number]>([
  ['the whole of a Retry-After', 'retry-after', { retryAfterMs: 5000 }, 5000],
  ['a backoff that is longer than the Retry-After', 'backoff', { retryAfterMs: 5000 }, 5001],
  ['a Retry-After of zero', 'backoff', { retryAfterMs: 0 }, 0],
  ['a backoff without a Retry-After', 'backoff', {}, 5000],
  ['a missing token', 'token', { code: 'TokenUnavailable', returnAfterMs: 5000 }, 5000],
  ['a store that asks for a pause', 'store', { code: 'StoreUnavailable', retryAfterMs: 5000 }, 5000],
  ['a store that refuses', 'store', { code: 'StoreRefused' }, 5000],
])('a delivery that waits because of %s waits for: %s', (_why, waitsFor, members, delayMs) => {
  expect(waitAfter({ ...failed(), ...members }, delayMs)).toBe(waitsFor);
});

describe('age', () => {
  const policy = { ...defaults, maximumEventAgeMs: 60_000 };

  test('a retry exactly at the age limit is made, and one a millisecond later is not', () => {
    const history = after(1, { firstReceivedAtMs: nowMs - 50_000 });
    expect(decideRetry(policy, backoff, history, failed(10_000), nowMs, least).kind).toBe('retry');
    expect(decideRetry(policy, backoff, history, failed(10_001), nowMs, least)).toEqual({
      kind: 'stop',
      condition: 'MaximumEventAgeInSeconds',
    });
  });

  test('a retry whose backoff would end after the age limit is not made', () => {
    const history = after(11, { firstReceivedAtMs: nowMs });
    expect(decideRetry(policy, backoff, history, failed(), nowMs, most).kind).toBe('stop');
    expect(decideRetry(policy, backoff, history, failed(), nowMs, least).kind).toBe('retry');
  });

  test('the age limit ends a delivery that has only been postponed', () => {
    const history = after(0, { postponements: 9, firstReceivedAtMs: nowMs - 60_001 });
    expect(decideRetry(policy, backoff, history, failed(), nowMs, least)).toMatchObject({ kind: 'stop' });
  });

  test('an event expires a millisecond after its age limit', () => {
    const history = after(0, { firstReceivedAtMs: nowMs });
    expect(isExpired(policy, history, nowMs + 60_000)).toBe(false);
    expect(isExpired(policy, history, nowMs + 60_001)).toBe(true);
  });

  test('an event whose time of receipt lies in the future has not expired', () => {
    expect(isExpired(policy, after(0, { firstReceivedAtMs: nowMs + 5000 }), nowMs)).toBe(false);
  });
});

describe('backoff', () => {
  test('the bound of the backoff doubles with each failure in a row until the maximum', () => {
    const bounds = [1, 2, 3, 4, 10, 11, 12].map((failures) => fullJitterDelayMs(backoff, failures, most) + 1);
    expect(bounds).toEqual([1000, 2000, 4000, 8000, 512_000, 900_000, 900_000]);
  });

  test('postponements lengthen the backoff like failed attempts', () => {
    const once = decideRetry(defaults, backoff, after(1, { postponements: 3 }), failed(), nowMs, most);
    expect(once).toEqual(decideRetry(defaults, backoff, after(4), failed(), nowMs, most));
    expect(once).toEqual({ kind: 'retry', delayMs: 7999 });
  });

  test('the backoff is a whole number within its bound for every count, base, maximum and random number', () => {
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const bounds = fc.record({
      baseMs: fc.integer({ min: 1, max: 900_000 }),
      maximumMs: fc.integer({ min: 1, max: 86_400_000 }),
    });
    const counts = fc.oneof(fc.integer({ min: 0, max: 400 }), fc.constantFrom(185, 1024, 1_000_000_000));
    fc.assert(
      fc.property(bounds, counts, chance, (each, failures, random) => {
        const delayMs = fullJitterDelayMs(each, failures, () => random);
        expect(Number.isSafeInteger(delayMs) && delayMs >= 0).toBe(true);
        const boundMs = Math.min(
          each.maximumMs,
          failures > 40 ? Number.POSITIVE_INFINITY : each.baseMs * 2 ** failures,
        );
        expect(delayMs).toBeLessThanOrEqual(Math.max(boundMs, each.baseMs));
        expect(delayMs).toBeLessThan(Math.max(1, each.maximumMs));
      }),
    );
  });

  test('the backoff spreads over its whole range, from zero to just below its bound', () => {
    expect(fullJitterDelayMs(backoff, 185, least)).toBe(0);
    expect(fullJitterDelayMs(backoff, 185, () => 0.5)).toBe(450_000);
    expect(fullJitterDelayMs(backoff, 185, most)).toBe(899_999);
  });

  test('the backoff bound for a very large failure count is the maximum, not infinity', () => {
    expect(fullJitterDelayMs(backoff, 5000, () => 0.5)).toBe(450_000);
  });
});

describe('the retry policy', () => {
  test("the destination's retry policy applies when the target sets no retry policy", () => {
    expect(retryPolicyOf({}, defaults)).toEqual(defaults);
    expect(retryPolicyOf({ RetryPolicy: {} }, defaults)).toEqual(defaults);
  });

  test("each member of the target's retry policy applies, even when it is zero", () => {
    expect(retryPolicyOf({ RetryPolicy: { MaximumRetryAttempts: 0 } }, defaults)).toEqual({
      ...defaults,
      maximumRetryAttempts: 0,
    });
    expect(retryPolicyOf({ RetryPolicy: { MaximumEventAgeInSeconds: 60 } }, defaults)).toEqual({
      ...defaults,
      maximumEventAgeMs: 60_000,
    });
  });
});

test('a received message stays hidden for six times the time limit of the function', () => {
  expect(visibilityTimeoutSeconds(60)).toBe(360);
});

test('the longest request timeout is eight seconds below the time limit of the function', () => {
  expect(longestRequestTimeoutMs(60)).toBe(52_000);
});
