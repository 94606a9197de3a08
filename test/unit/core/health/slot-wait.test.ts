import { describe, expect, test } from 'vitest';
import { allowanceOf, longestSlotWaitUs } from '../../../../lib/core/health/allowance.ts';
import { unknownHealth } from '../../../../lib/core/health/health.ts';

const second = 1_000_000;
const nowUs = 1_767_225_600 * second;
const limits = { invocations: 30, timeoutUs: 5 * second, batchSize: 10 };

/** For ten requests, in us. */
function waitUs(answerUs: number, ratePerSecond: number, stalledUs = 0): number {
  const health = { ...unknownHealth, answerUs, stalledUs };
  const allowance = allowanceOf(health, { ratePerSecond, burst: 1 }, limits, nowUs);
  return longestSlotWaitUs(10, health, allowance, limits);
}

describe('the longest wait for a slot', () => {
  test('an invocation may wait up to its own horizon for an endpoint that answers within a second', () => {
    expect(waitUs(1, 300)).toBe(Number.POSITIVE_INFINITY);
    expect(waitUs(second - 1, 300)).toBe(Number.POSITIVE_INFINITY);
  });

  test('at most a third of all invocations wait for a slot of a slow endpoint or for its answer', () => {
    // Ten invocations are a third of all. Each sends ten requests, so at ten requests a second one invocation begins each
    // second. It waits 4 s for the answers, which leaves 6 s for the slots.
    expect(waitUs(4 * second, 10)).toBe(6 * second);
    expect(waitUs(4 * second, 20)).toBe(1 * second);
  });

  test('an invocation waits at least for the next reservation of a slow endpoint, and never less than 100 ms', () => {
    expect(waitUs(4 * second, 300)).toBe(0.4 * second);
    expect(waitUs(1 * second, 100_000)).toBe(0.1 * second);
  });

  test('an endpoint that has never been called counts as one that answers after half a second', () => {
    expect(waitUs(0, 10)).toBe(9.5 * second);
    expect(allowanceOf(unknownHealth, { ratePerSecond: 300, burst: 1 }, limits, nowUs).leastCostUs).toBe(0.05 * second);
  });

  test('an endpoint whose requests have stalled for half a second counts as one that answers after two seconds', () => {
    expect(waitUs(1000, 10, 0.5 * second)).toBe(8 * second);
  });
});

describe('a maximum concurrency', () => {
  const limited = { ...limits, maximumConcurrency: 5 };
  const share = { ratePerSecond: 300, burst: 50 };

  test('an endpoint with a maximum concurrency gets no burst, whose requests would all be in progress at once', () => {
    const health = { ...unknownHealth, answerUs: second };
    expect(allowanceOf(health, share, limited, nowUs).share).toEqual({ ratePerSecond: 5, burst: 1 });
  });

  test('a maximum concurrency holds before the first answer, with an assumed answer time of half a second', () => {
    expect(allowanceOf(unknownHealth, share, limited, nowUs).share).toEqual({ ratePerSecond: 10, burst: 1 });
  });

  test('a slow endpoint gets no burst, and one that answers soon gets the whole burst', () => {
    const burstAt = (answerUs: number) => allowanceOf({ ...unknownHealth, answerUs }, share, limits, nowUs).share.burst;
    expect([burstAt(second), burstAt(second - 1)]).toEqual([1, 50]);
  });
});
