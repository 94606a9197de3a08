import { describe, expect, test } from 'vitest';
import { balance, quantile } from '../../../bench/peers/balance.ts';
import { inTens, numberedEvent } from '../../../bench/peers/events.ts';
import { countSettled } from '../../../bench/peers/settled.ts';

function arrived(events: readonly number[], unanswered = 0) {
  return { events, unanswered, atMs: events.map(() => 0) };
}

describe('the balance after a kill', () => {
  test('the peers bench counts an event that arrived three times as repeated twice', () => {
    expect(balance(10, 3, arrived([10, 11, 10, 12, 10], 1))).toEqual({ unanswered: 1, again: 2, lost: 0 });
  });

  test('the peers bench counts an event that never arrived as lost, even if another one was repeated', () => {
    expect(balance(10, 3, arrived([10, 11, 11]))).toEqual({ unanswered: 0, again: 1, lost: 1 });
  });

  test('the peers bench ignores events of another round', () => {
    expect(balance(10, 2, arrived([9, 10, 11, 12]))).toEqual({ unanswered: 0, again: 0, lost: 0 });
  });
});

test('the 0.99 quantile of a hundred values has one value above it', () => {
  const values = Array.from({ length: 100 }, (_, index) => 99 - index);
  expect(quantile(values, 0.99)).toBe(99);
  expect(quantile(values, 0.5)).toBe(50);
  expect(quantile([7], 0.99)).toBe(7);
});

test('the peers bench numbers its events in order and sends ten in each call', () => {
  expect(inTens(5, 12)).toEqual([
    [5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
    [15, 16],
  ]);
});

test('an event of the peers bench has 0.8 KB, and its id contains its number', () => {
  const event = numberedEvent(12_345);
  expect(event.id).toBe('00000000-0000-4000-8000-000000012345');
  expect(JSON.stringify(event).length).toBeGreaterThan(750);
  expect(JSON.stringify(event).length).toBeLessThan(850);
});

test('a wait of the peers bench for a number of requests ends when that number is reached', async () => {
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
