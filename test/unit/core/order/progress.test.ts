import { expect, test } from 'vitest';
import type { OrderedProgress } from '../../../../lib/core/order/progress.ts';
import { beforeAttempt, progressOf, withProgress } from '../../../../lib/core/order/progress.ts';
import { deliveryOf } from '../../delivery/outcomes.ts';

const delivery = deliveryOf({ attempts: 2, postponements: 1, attemptTimes: { firstMs: 10, lastMs: 20 } });

test('a waiting delivery continues from its progress, with its attempts, its times and its turn', () => {
  const waiting = { delivery, notBeforeMs: 30, turnGeneration: 4 };
  const progress = progressOf(waiting, { receiveCount: 3, settledEvents: 0 });
  expect(withProgress({ delivery: deliveryOf({ firstReceivedAtMs: delivery.firstReceivedAtMs }) }, progress)).toEqual(
    waiting,
  );
});

test('a delivery without progress, or whose progress says nothing of it, stays as it is', () => {
  const queued = { delivery };
  expect(withProgress(queued, undefined)).toBe(queued);
  expect(withProgress(queued, marked(1))).toBe(queued);
});

/** The progress of a message whose attempts were begun, and that never waited. */
function marked(unfinishedAttempts: number, finishedReceives = 0): OrderedProgress {
  return { finishedReceives, unfinishedAttempts, settledEvents: 0, attempts: 0, postponements: 0 };
}

test.each([
  [1, undefined],
  [3, undefined],
  [3, marked(1)],
  [103, marked(0, 100)],
])('an attempt begins at once after %i receives with the progress %j', (receiveCount, progress) => {
  expect(beforeAttempt(receiveCount, progress)).toBeUndefined();
});

test('a message that crashes its workers gets eight attempts, and is refused at its ninth receive', () => {
  let progress: OrderedProgress | undefined;
  const decisions = Array.from({ length: 9 }, (_, index) => {
    const decision = beforeAttempt(index + 1, progress);
    if (typeof decision === 'object') progress = decision;
    return decision === 'refuse' ? 'refuse' : 'attempt';
  });
  expect(decisions).toEqual([...Array<string>(8).fill('attempt'), 'refuse']);
});

test('a message that was received very often, because it waited behind another one, gets all its attempts', () => {
  expect(beforeAttempt(500, undefined)).toEqual(marked(1));
});

test('receives that a worker has finished do not count against a message', () => {
  expect(beforeAttempt(104, marked(0, 100))).toEqual(marked(1, 100));
  expect(beforeAttempt(104, marked(5, 100))).toBe('refuse');
});
