import { expect, test } from 'vitest';
import { allowedInSecond, RateCount } from '../../../soak/rate-count.ts';

/** The count of requests that arrived at these times, each recorded when it arrived. */
function countOf(ratePerSecond: number, ...times: readonly number[]): RateCount {
  const count = new RateCount();
  count.mayBe(ratePerSecond, 0);
  for (const seenMs of times) count.arrived({ earliestMs: seenMs, seenMs });
  return count;
}

const evenly = (requests: number, everyMs: number, fromMs = 1000) =>
  Array.from({ length: requests }, (_, index) => fromMs + index * everyMs);

test('the count finds the second with the most requests, whenever it begins', () => {
  expect(countOf(2, 1900, 1950, 2050, 2100).fullest()).toMatchObject({ requests: 4 });
  expect(countOf(2, 1900, 2900, 3900).fullest()).toMatchObject({ requests: 1 });
});

test('requests at the rate stay below the allowed number, and requests at twice the rate exceed it', () => {
  for (const rate of [2, 5, 10, 40, 300]) {
    const allowed = allowedInSecond(rate);
    expect(countOf(rate, ...evenly(rate * 3, 1000 / rate)).fullest()?.requests).toBeLessThan(allowed);
    expect(countOf(rate, ...evenly(rate * 6, 500 / rate)).fullest()?.requests).toBeGreaterThan(
      rate >= 5 ? allowed : rate,
    );
  }
});

test('requests that a busy process notices late, all at the same moment, do not count as simultaneous', () => {
  const count = new RateCount();
  count.mayBe(2, 0);
  for (let request = 0; request < 6; request += 1) count.arrived({ earliestMs: 1000, seenMs: 4000 });
  expect(count.fullest()).toMatchObject({ requests: 1 });
});

test('after a change of the rate, the higher rate is allowed as long as a worker may still use it', () => {
  const count = countOf(40);
  count.mayBe(20, 10_000);
  count.endEarlier(35_000);
  for (const seenMs of evenly(30, 30, 20_000)) count.arrived({ earliestMs: seenMs, seenMs });
  expect(count.fullest()).toMatchObject({ requests: 30, ratePerSecond: 40, allowed: allowedInSecond(40) });
  for (const seenMs of evenly(30, 30, 36_000)) count.arrived({ earliestMs: seenMs, seenMs });
  expect(count.fullest()).toMatchObject({ requests: 30, ratePerSecond: 20, allowed: allowedInSecond(20) });
});

test('the count finds no second with the most requests when there were no requests', () => {
  expect(countOf(5).fullest()).toBeUndefined();
});
