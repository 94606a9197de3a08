import { expect, test } from 'vitest';
import type { ThrottleState } from '../../../../lib/core/api-key/throttle.ts';
import { throttle } from '../../../../lib/core/api-key/throttle.ts';

/** The number of requests that are let through, when this many arrive at each of these times. */
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

test('fifty requests at once are let through, and the next one is not', () => {
  expect(allowed(times(50, 0))).toBe(50);
  expect(allowed(times(60, 0))).toBe(50);
});

test('a second later fifty more requests are let through, and after a day no more than that', () => {
  expect(allowed([...times(60, 0), ...times(60, 1000)])).toBe(100);
  expect(allowed([...times(60, 0), ...times(60, 86_400_000)])).toBe(100);
});

test('a throttled key may make a request again after 20 ms', () => {
  expect(allowed([...times(50, 0), 19])).toBe(50);
  expect(allowed([...times(50, 0), 20])).toBe(51);
});

test('a clock that steps back neither adds nor removes requests', () => {
  expect(allowed([...times(50, 10_000), ...times(5, 0)])).toBe(50);
});

test('a throttled client is told to wait a whole number of seconds', () => {
  expect(throttle({ tokens: 0.5, atMs: 0 }, 50, 0)).toMatchObject({ allowed: false, retryAfterSeconds: 1 });
});
