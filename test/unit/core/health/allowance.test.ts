import { expect, test } from 'vitest';
import { allowanceOf, limitsOf, longestSlotWaitUs } from '../../../../lib/core/health/allowance.ts';
import { unknownHealth } from '../../../../lib/core/health/health.ts';
import { at, nowUs } from '../../../contract/dynamodb/rate-requests.ts';
import { orders } from '../../delivery/rate/rate-limiters.ts';

const second = 1_000_000;
const limits = { invocations: 30, timeoutUs: 5 * second, batchSize: 10 };
const share = { ratePerSecond: 640, burst: 4 };

const allowed = (health: object, more: object = {}) =>
  allowanceOf({ ...unknownHealth, ...health }, share, { ...limits, ...more }, nowUs);

test('each shard gets its part of the concurrency and of the invocations, and the whole time limit', () => {
  const destination = { ...orders, timeoutMs: 5000, maximumConcurrency: 20 };
  expect(limitsOf(destination, 4, { invocations: 100, batchSize: 10 })).toEqual({
    maximumConcurrency: 5,
    invocations: 25,
    batchSize: 10,
    timeoutUs: 5 * second,
  });
});

test('a second probe may follow after the time limit of a request plus the interval between probes', () => {
  expect(allowed({ openedAtUs: at(-1), failedProbes: 2 }).share).toEqual({ ratePerSecond: 1 / 9, burst: 1 });
});

test('an endpoint that answers soon gets exactly the share of its destination', () => {
  expect(allowed({ answerUs: 1000 }).share).toBe(share);
});

test('only without a maximum concurrency does a reservation cost at least the time that keeps a third of the invocations free', () => {
  expect(allowed({ answerUs: 2 * second }).leastCostUs).toBe(0.2 * second);
  expect(allowed({ answerUs: 2 * second }, { maximumConcurrency: 7 }).leastCostUs).toBe(0);
});

test('return times of a slow endpoint are as far apart as a third of the invocations allows', () => {
  // Ten invocations with ten requests each, and each request takes two seconds.
  expect(allowed({ answerUs: 2 * second }).returnShare).toEqual({ ratePerSecond: 50, burst: 4 });
  expect(allowed({ answerUs: 2 * second }, { maximumConcurrency: 7 }).returnShare.ratePerSecond).toBe(3.5);
});

test('return times are as far apart as the slots of the rate when the duration allows exactly this rate, or is not known', () => {
  const of = (ratePerSecond: number, answerUs: number) => {
    const given = { ratePerSecond, burst: 4 };
    return allowanceOf({ ...unknownHealth, answerUs }, given, limits, nowUs).returnShare === given;
  };
  expect([of(50, 2 * second), of(640, 0)]).toEqual([true, true]);
});

test.each([
  ['begins at a sixty-fourth of the rate', 0, 10],
  ['has twice as much after each second', -3000, 80],
  ['has the whole rate after six seconds', -6000, 640],
  ['does not depend on a clock of another worker that is three seconds ahead', 3000, 10],
  ['has the whole rate when the time at which it closed is more than six seconds ahead', 6001, 640],
  ['begins at a sixty-fourth of the rate when that time is exactly six seconds ahead', 6000, 10],
])('a destination whose circuit has closed %s', (_what, closedAtMs, ratePerSecond) => {
  expect(allowed({ closedAtUs: at(closedAtMs), answerUs: 1000 }).share.ratePerSecond).toBe(ratePerSecond);
});

test('a destination whose circuit has closed may send at least one request a second', () => {
  const health = { ...unknownHealth, closedAtUs: nowUs, answerUs: 1000 };
  expect(allowanceOf(health, { ratePerSecond: 10, burst: 1 }, limits, nowUs).share.ratePerSecond).toBe(1);
  expect(longestSlotWaitUs(1, health, { share, leastCostUs: 0 }, limits)).toBe(Number.POSITIVE_INFINITY);
});
