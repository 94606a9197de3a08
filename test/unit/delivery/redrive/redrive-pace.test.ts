import { expect, test } from 'vitest';
import { createPace } from '../../../../lib/delivery/redrive/pace.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';

function setUp(ratePerSecond: number | undefined) {
  const clock = createManualClock();
  const startMs = clock.nowMs();
  const deadline = new AbortController();
  const pace = createPace(ratePerSecond, clock, deadline.signal);
  const waited: number[] = [];
  const wait = (count: number) => pace.wait(count).then((may) => void (may && waited.push(clock.nowMs() - startMs)));
  return { clock, deadline, pace, wait, waited };
}

test('a redrive sends messages one interval of its rate apart, and waits before the first one too', async () => {
  const { clock, wait, waited } = setUp(2);
  const all = Promise.all([wait(1), wait(1), wait(1)]);
  for (let steps = 0; steps < 15; steps += 1) await clock.advance(100);
  await all;
  expect(waited).toEqual([500, 1000, 1500]);
});

test('a redrive that falls behind its rate does not send faster afterwards', async () => {
  const { clock, wait, waited } = setUp(2);
  await clock.advance(10_000);
  const all = Promise.all([wait(1), wait(1)]);
  for (let steps = 0; steps < 10; steps += 1) await clock.advance(100);
  await all;
  expect(waited).toEqual([10_500, 11_000]);
});

test('a message of a redrive that still waits at the deadline is not sent', async () => {
  const { deadline, pace } = setUp(1);
  const wait = pace.wait(1);
  deadline.abort();
  expect(await wait).toBe(false);
});

test('a redrive without a rate sends messages without a wait, but not after the deadline', async () => {
  const { deadline, pace } = setUp(undefined);
  expect(await pace.wait(10)).toBe(true);
  deadline.abort();
  expect(await pace.wait(10)).toBe(false);
});

test.each([
  ['without a rate', 'ten', undefined, [10, 10, 3]],
  ['at 1,000 a second', 'ten', 1000, [10, 10, 3]],
  ['at 55 a second', 'five', 55, [5, 5, 5, 5, 3]],
  ['at a rate of 0.1 a second', 'one', 0.1, Array.from({ length: 23 }, () => 1)],
])('a redrive %s sends messages in batches of %s', (_rate, _most, ratePerSecond, sizes) => {
  const batches = setUp(ratePerSecond).pace.batches(Array.from({ length: 23 }, (_, index) => index));
  expect(batches.map(({ length }) => length)).toEqual(sizes);
  expect(batches.flat()).toHaveLength(23);
});
