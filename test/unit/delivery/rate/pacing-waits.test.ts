import { expect, test } from 'vitest';
import { createSharedWaits } from '../../../../lib/delivery/rate/pacing.ts';
import type { Clock } from '../../../../lib/ports/clock.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';

const startMs = Date.UTC(2026, 0, 1);

function setUp() {
  const manual = createManualClock(startMs);
  const delays: number[] = [];
  const clock: Clock = {
    nowMs: () => manual.nowMs(),
    delay(delayMs, signal) {
      delays.push(delayMs);
      return manual.delay(delayMs, signal);
    },
  };
  const waitUntil = createSharedWaits(clock);
  const { signal } = new AbortController();
  const goneAtMs = async (slotMs: number) => {
    await waitUntil(slotMs, signal);
    return manual.nowMs() - startMs;
  };
  return { manual, delays, waitUntil, goneAtMs };
}

test('waits for slots of the same millisecond share a timer and do not end before it', async () => {
  const { manual, delays, goneAtMs } = setUp();
  const gone = Promise.all([4.2, 4.4, 4.6, 5, 5.2].map((slot) => goneAtMs(startMs + slot)));
  for (let passed = 0; passed < 6; passed += 1) await manual.advance(1);
  expect(await gone).toEqual([5, 5, 5, 5, 6]);
  expect(delays).toEqual([5, 6]);
});

test('a wait for a slot that has passed ends at once', async () => {
  const { delays, goneAtMs } = setUp();
  expect(await Promise.all([goneAtMs(startMs), goneAtMs(startMs - 0.5)])).toEqual([0, 0]);
  expect(delays).toEqual([]);
});

test('the end of an invocation ends only the waits of that invocation', async () => {
  const { manual, waitUntil } = setUp();
  const ending = new AbortController();
  const ended = waitUntil(startMs + 10, ending.signal);
  const other = waitUntil(startMs + 10, new AbortController().signal);
  const reason = new Error('out of time');
  ending.abort(reason);
  await expect(ended).rejects.toBe(reason);
  await manual.advance(10);
  await other;
});

test('a wait for a millisecond that has already passed once, before the clock stepped back, gets a new timer', async () => {
  const { manual, delays, waitUntil } = setUp();
  const { signal } = new AbortController();
  const first = waitUntil(startMs + 5, signal);
  await manual.advance(5);
  await first;
  manual.set(startMs);
  const second = waitUntil(startMs + 5, signal);
  expect(delays).toEqual([5, 5]);
  await manual.advance(5);
  await second;
});
