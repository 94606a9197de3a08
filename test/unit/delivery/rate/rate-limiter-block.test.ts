import { describe, expect, test } from 'vitest';
import { EventCounter, ReturnBlock } from '../../../../lib/delivery/rate/return-block.ts';

const secondUs = 1_000_000;
const takenAtUs = 100 * secondUs;
const timesUs = [1, 2, 3, 4].map((seconds) => takenAtUs + seconds * secondUs);
const [first, second, third, fourth] = timesUs;

describe('a block of return times', () => {
  test('a block gives each of its return times once, in their order, until it ends', () => {
    const block = new ReturnBlock(timesUs, 7, takenAtUs);
    expect(block.generation).toBe(7);
    expect(block.take(1, takenAtUs)).toEqual([first]);
    expect(block.take(2, takenAtUs)).toEqual([second, third]);
    expect(block.take(2, takenAtUs)).toEqual([fourth]);
    expect(block.take(2, takenAtUs)).toEqual([]);
  });

  test('a block skips the return times that have passed', () => {
    const block = new ReturnBlock(timesUs, 1, takenAtUs);
    expect(block.take(1, takenAtUs + 2 * secondUs)).toEqual([third]);
  });

  test('a block gives nothing when it is older than ten seconds, or after the clock has stepped back', () => {
    const late = [takenAtUs + 20 * secondUs];
    expect(new ReturnBlock(late, 1, takenAtUs).take(1, takenAtUs + 10 * secondUs)).toEqual(late);
    expect(new ReturnBlock(late, 1, takenAtUs).take(1, takenAtUs + 10 * secondUs + 1)).toEqual([]);
    expect(new ReturnBlock(late, 1, takenAtUs).take(1, takenAtUs - 1)).toEqual([]);
  });
});

const nowMs = 1_790_000_000_000;
const rate = 10_000;

/** Calls of ten events each, at these times after the beginning. */
function counterOf(...callsMs: readonly number[]): EventCounter {
  const counter = new EventCounter();
  for (const callMs of callsMs) counter.add(10, nowMs + callMs);
  return counter;
}

const six = [0, 0, 0, 0, 0, 0];

describe('the size of a block', () => {
  test.each([
    { calls: 5, areWritesScarce: false, size: 0 },
    { calls: 6, areWritesScarce: false, size: 300 },
    { calls: 2, areWritesScarce: true, size: 0 },
    { calls: 3, areWritesScarce: true, size: 150 },
  ])(
    'a block has $size return times after $calls calls of ten events (writes are scarce: $areWritesScarce)',
    ({ calls, areWritesScarce, size }) => {
      const counter = counterOf(...Array.from({ length: calls }, () => 0));
      expect(counter.blockCount(nowMs, rate, areWritesScarce)).toBe(size);
    },
  );

  test('no block is taken when the latest six calls did not come within two seconds', () => {
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
    'a block has $size return times, for 1,250 ms of events, when 60 events have come since $ageMs ms ago',
    ({ ageMs, size }) => {
      expect(counterOf(...six).blockCount(nowMs + ageMs, rate, false)).toBe(size);
    },
  );

  test('a block has at most as many return times as the rate allows in one second', () => {
    expect(counterOf(...six).blockCount(nowMs, 100, false)).toBe(100);
  });

  test.each([{ callMs: 1000 }, { callMs: 1200 }])(
    'the size of a block counts the last second in part when the next call comes $callMs ms after the first',
    ({ callMs }) => {
      // The ten latest events, and three quarters of the 60 before.
      expect(counterOf(...six, callMs).blockCount(nowMs + 1250, rate, false)).toBe(Math.ceil(55 * 1.25));
    },
  );

  test('the events of a block are counted from the latest call alone when two seconds have passed before it', () => {
    expect(counterOf(...six, 2000).blockCount(nowMs + 2000, rate, false)).toBe(50);
  });

  test('the events of a block are counted from the latest call alone when the clock has stepped back before it', () => {
    expect(counterOf(...six, -500).blockCount(nowMs - 500, rate, false)).toBe(50);
  });
});
