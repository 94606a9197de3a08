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

test('messages that wait together are sent at the rate, and the first one waits for an interval too', async () => {
  const { clock, wait, waited } = setUp(2);
  const all = Promise.all([wait(1), wait(1), wait(1)]);
  for (let steps = 0; steps < 15; steps += 1) await clock.advance(100);
  await all;
  expect(waited).toEqual([500, 1000, 1500]);
});

test('slots that were not used are lost', async () => {
  const { clock, wait, waited } = setUp(2);
  await clock.advance(10_000);
  const all = Promise.all([wait(1), wait(1)]);
  for (let steps = 0; steps < 10; steps += 1) await clock.advance(100);
  await all;
  expect(waited).toEqual([10_500, 11_000]);
});

test('a message that still waits at the deadline is not sent', async () => {
  const { deadline, pace } = setUp(1);
  const wait = pace.wait(1);
  deadline.abort();
  expect(await wait).toBe(false);
});

test('no message waits when there is no rate, and no message is sent after the deadline', async () => {
  const { deadline, pace } = setUp(undefined);
  expect(await pace.wait(10)).toBe(true);
  deadline.abort();
  expect(await pace.wait(10)).toBe(false);
});

test.each([
  [undefined, [10, 10, 3]],
  [1000, [10, 10, 3]],
  [55, [5, 5, 5, 5, 3]],
  [0.1, Array.from({ length: 23 }, () => 1)],
])('at a rate of %j a second, 23 messages are sent in batches of %j', (ratePerSecond, sizes) => {
  const batches = setUp(ratePerSecond).pace.batches(Array.from({ length: 23 }, (_, index) => index));
  expect(batches.map(({ length }) => length)).toEqual(sizes);
  expect(batches.flat()).toHaveLength(23);
});
