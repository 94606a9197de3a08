import { expect, test } from 'vitest';
import { createSlotHorizon } from '../../../../lib/delivery/rate/slot-horizon.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { createWorker, message } from '../worker.ts';

function setUp(batchingWindowMs?: number) {
  const clock = createManualClock();
  const horizon = createSlotHorizon(2000, clock, batchingWindowMs);
  clock.set(clock.nowMs() + 60_000);
  return { clock, horizon, messageCame: (lateMs: number) => horizon.messageCame(clock.nowMs() - lateMs) };
}

test('requests wait up to 2 s for a slot while messages come as soon as they can', () => {
  const { horizon, messageCame } = setUp();
  messageCame(0);
  messageCame(499);
  expect(horizon.longestWaitMs(300)).toBe(2000);
});

test('requests wait only for the next slots for a second after a message came half a second late', () => {
  const { clock, horizon, messageCame } = setUp();
  messageCame(500);
  messageCame(0);
  expect(horizon.longestWaitMs(300)).toBe(400);
  clock.set(clock.nowMs() + 999);
  expect(horizon.longestWaitMs(300)).toBe(400);
  clock.set(clock.nowMs() + 1);
  expect(horizon.longestWaitMs(300)).toBe(2000);
});

test('requests at a low rate wait for two slots even if a message came late, but never longer than otherwise', () => {
  const { horizon, messageCame } = setUp();
  messageCame(10_000);
  expect([4, 1, 0.1].map((rate) => horizon.longestWaitMs(rate))).toEqual([500, 2000, 2000]);
});

test('a message that was sent before the worker started does not count as late', () => {
  const { horizon, messageCame } = setUp();
  messageCame(60_001);
  expect(horizon.longestWaitMs(300)).toBe(2000);
});

test('the time that Lambda waits for a full batch does not count as lateness', () => {
  const { horizon, messageCame } = setUp(5000);
  messageCame(5499);
  expect(horizon.longestWaitMs(300)).toBe(2000);
  messageCame(5500);
  expect(horizon.longestWaitMs(300)).toBe(400);
});

test('a message of the delivery queue counts as late if it comes half a second after the end of its wait', async () => {
  const { clock, run, horizon } = createWorker();
  const sentAtMs = clock.nowMs();
  clock.set(sentAtMs + 10_499);
  await run([message('in time', { notBeforeMs: sentAtMs + 9001 }), message('again', { receiveCount: 2 })]);
  expect(horizon.longestWaitMs(300)).toBe(2000);
  await run([message('late', { notBeforeMs: sentAtMs + 9000 })]);
  expect(horizon.longestWaitMs(300)).toBe(400);
});
