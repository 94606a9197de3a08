import { describe, expect, test } from 'vitest';
import { balance, quantile } from '../../../bench/peers/balance.ts';
import { inTens, numberedEvent } from '../../../bench/peers/events.ts';
import { countSettled } from '../../../bench/peers/settled.ts';

function arrived(events: readonly number[], unanswered = 0) {
  return { events, unanswered, atMs: events.map(() => 0) };
}

describe('the balance after a kill', () => {
  test('an event that came three times counts as sent again twice', () => {
    expect(balance(10, 3, arrived([10, 11, 10, 12, 10], 1))).toEqual({ unanswered: 1, again: 2, lost: 0 });
  });

  test('an event that never came is lost, even when there are as many requests as events', () => {
    expect(balance(10, 3, arrived([10, 11, 11]))).toEqual({ unanswered: 0, again: 1, lost: 1 });
  });

  test('an event of another round does not count', () => {
    expect(balance(10, 2, arrived([9, 10, 11, 12]))).toEqual({ unanswered: 0, again: 0, lost: 0 });
  });
});

test('the 0.99 quantile of a hundred values has one value above it', () => {
  const values = Array.from({ length: 100 }, (_, index) => 99 - index);
  expect(quantile(values, 0.99)).toBe(99);
  expect(quantile(values, 0.5)).toBe(50);
  expect(quantile([7], 0.99)).toBe(7);
});

test('events are numbered from the given first number, ten in a call', () => {
  expect(inTens(5, 12)).toEqual([
    [5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
    [15, 16],
  ]);
});

test('an event is 0.8 KB as in every bench, and its id holds its number', () => {
  const event = numberedEvent(12_345);
  expect(event.id).toBe('00000000-0000-4000-8000-000000012345');
  expect(JSON.stringify(event).length).toBeGreaterThan(750);
  expect(JSON.stringify(event).length).toBeLessThan(850);
});

test('a wait for a count ends when the count is reached, and not before', async () => {
  const settled = countSettled();
  const passed: number[] = [];
  const waits = [3, 2].map((count) => settled.atLeast(count).then(() => passed.push(count)));
  settled.add(2);
  await waits[1];
  expect(passed).toEqual([2]);
  settled.add(1);
  await Promise.all(waits);
  expect(passed).toEqual([2, 3]);
  await settled.atLeast(3);
});
