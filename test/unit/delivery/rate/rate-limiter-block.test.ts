import { describe, expect, test } from 'vitest';
import { EventCounter, ReturnBlock } from '../../../../lib/delivery/rate/return-block.ts';

const secondUs = 1_000_000;
const takenAtUs = 100 * secondUs;
const timesUs = [1, 2, 3, 4].map((seconds) => takenAtUs + seconds * secondUs);
const [first, second, third, fourth] = timesUs;

describe('a block of return times', () => {
  test('each return time of a reserved block is given once, in order', () => {
    const block = new ReturnBlock(timesUs, 7, takenAtUs);
    expect(block.generation).toBe(7);
    expect(block.take(1, takenAtUs)).toEqual([first]);
    expect(block.take(2, takenAtUs)).toEqual([second, third]);
    expect(block.take(2, takenAtUs)).toEqual([fourth]);
    expect(block.take(2, takenAtUs)).toEqual([]);
  });

  test('a block of return times skips those that have passed', () => {
    const block = new ReturnBlock(timesUs, 1, takenAtUs);
    expect(block.take(1, takenAtUs + 2 * secondUs)).toEqual([third]);
  });

  test('a block of return times is not used when it is older than ten seconds or comes from the future', () => {
    const late = [takenAtUs + 20 * secondUs];
    expect(new ReturnBlock(late, 1, takenAtUs).take(1, takenAtUs + 10 * secondUs)).toEqual(late);
    expect(new ReturnBlock(late, 1, takenAtUs).take(1, takenAtUs + 10 * secondUs + 1)).toEqual([]);
    expect(new ReturnBlock(late, 1, takenAtUs).take(1, takenAtUs - 1)).toEqual([]);
  });
});

const nowMs = 1_790_000_000_000;
const rate = 10_000;

/** A counter after calls of ten events each, at these times after `nowMs`. */
function counterOf(...callsMs: readonly number[]): EventCounter {
  const counter = new EventCounter();
  for (const callMs of callsMs) counter.add(10, nowMs + callMs);
  return counter;
}

const six = [0, 0, 0, 0, 0, 0];

describe('the size of a block', () => {
  test.each([
    [0, 5, 'not scarce', false],
    [20, 6, 'not scarce', false],
    [0, 2, 'scarce', true],
    [150, 3, 'scarce', true],
  ])(
    'a worker takes a block of %i return times after %i calls for ten events each when writes are %s',
    (size, calls, _scarce, areWritesScarce) => {
      const counter = counterOf(...Array.from({ length: calls }, () => 0));
      expect(counter.blockCount(nowMs, rate, areWritesScarce)).toBe(size);
    },
  );

  test('a worker takes no block of return times when its latest six calls took more than two seconds', () => {
    const counter = counterOf(0, ...six, 1);
    expect(counter.blockCount(nowMs + 2000, rate, false)).toBeGreaterThan(0);
    expect(counter.blockCount(nowMs + 2001, rate, false)).toBe(0);
    expect(counter.blockCount(nowMs - 2001, rate, false)).toBe(0);
  });

  test.each([
    { ageMs: 0, size: 300 },
    { ageMs: 500, size: 150 },
    { ageMs: 1200, size: 75 },
  ])(
    'while writes are scarce, a block of return times has a size of $size when 60 events began to arrive $ageMs ms ago',
    ({ ageMs, size }) => {
      expect(counterOf(...six).blockCount(nowMs + ageMs, rate, true)).toBe(size);
    },
  );

  test('a block of return times is never larger than the number of events that the rate allows in one second', () => {
    expect(counterOf(...six).blockCount(nowMs, 100, true)).toBe(100);
    expect(counterOf(...six).blockCount(nowMs, 15, false)).toBe(15);
    expect(counterOf(...six, 1000, 1000, 1000).blockCount(nowMs + 1000, 100, false)).toBe(100);
  });

  test.each([{ callMs: 1000 }, { callMs: 1200 }])(
    'the size of a block of return times includes part of an earlier second that began $callMs ms before the latest call',
    ({ callMs }) => {
      // The ten latest events and three quarters of the 60 earlier ones, since a quarter of the next second has passed.
      expect(counterOf(...six, callMs).blockCount(nowMs + 1250, rate, false)).toBe(Math.ceil(55 * 1.25));
    },
  );

  test('the size of a block of return times depends only on the latest call when two seconds have passed before that call', () => {
    expect(counterOf(...six, 2000).blockCount(nowMs + 2000, rate, true)).toBe(50);
  });

  test('the size of a block of return times depends only on the latest call when the clock stepped back before that call', () => {
    expect(counterOf(...six, -500).blockCount(nowMs - 500, rate, true)).toBe(50);
  });
});
