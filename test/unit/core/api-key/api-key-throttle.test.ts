import { expect, test } from 'vitest';
import type { ThrottleState } from '../../../../lib/core/api-key/throttle.ts';
import { throttle } from '../../../../lib/core/api-key/throttle.ts';

/** The number of requests that are allowed when one request arrives at each of these times. */
function allowed(timesMs: readonly number[]): number {
  let state: ThrottleState | undefined;
  let count = 0;
  for (const nowMs of timesMs) {
    const result = throttle(state, 50, nowMs);
    state = result.state;
    if (result.allowed) count += 1;
  }
  return count;
}

const times = (count: number, ms: number): number[] => Array.from({ length: count }, () => ms);

test('an API key allows fifty requests at once and throttles the next one', () => {
  expect(allowed(times(50, 0))).toBe(50);
  expect(allowed(times(60, 0))).toBe(50);
});

test('an API key allows fifty requests again after a second, and still only fifty after a day', () => {
  expect(allowed([...times(60, 0), ...times(60, 1000)])).toBe(100);
  expect(allowed([...times(60, 0), ...times(60, 86_400_000)])).toBe(100);
});

test('a throttled API key allows one request after 20 ms', () => {
  expect(allowed([...times(50, 0), 19])).toBe(50);
  expect(allowed([...times(50, 0), 20])).toBe(51);
});

test('a clock that steps back does not give a throttled API key more requests', () => {
  expect(allowed([...times(50, 10_000), ...times(5, 0)])).toBe(50);
});

test('a throttled client is told to wait a whole number of seconds', () => {
  expect(throttle({ tokens: 0.5, atMs: 0 }, 50, 0)).toMatchObject({ allowed: false, retryAfterSeconds: 1 });
});
