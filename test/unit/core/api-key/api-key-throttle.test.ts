import { expect, test } from 'vitest';
import type { ThrottleState } from '../../../../lib/core/api-key/throttle.ts';
import { throttle } from '../../../../lib/core/api-key/throttle.ts';

/** How many of so many requests at these times are let through. */
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

test('fifty requests at once are let through, the next is not', () => {
  expect(allowed(times(50, 0))).toBe(50);
  expect(allowed(times(60, 0))).toBe(50);
});

test('a second later there are fifty more, after a day no more than that', () => {
  expect(allowed([...times(60, 0), ...times(60, 1000)])).toBe(100);
  expect(allowed([...times(60, 0), ...times(60, 86_400_000)])).toBe(100);
});

test('a key comes back 20 ms after it was throttled', () => {
  expect(allowed([...times(50, 0), 19])).toBe(50);
  expect(allowed([...times(50, 0), 20])).toBe(51);
});

test('a clock that steps back neither fills nor empties', () => {
  expect(allowed([...times(50, 10_000), ...times(5, 0)])).toBe(50);
});

test('the throttled are told whole seconds to wait', () => {
  expect(throttle({ tokens: 0.5, atMs: 0 }, 50, 0)).toMatchObject({ allowed: false, retryAfterSeconds: 1 });
});
