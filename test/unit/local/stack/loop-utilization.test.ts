import { expect, test } from 'vitest';
import type { EventLoopTimes } from '../../../../lib/local/sqs/spare-time.ts';
import { LoopUtilization } from '../../../../lib/local/stack/loop-utilization.ts';

/** A process that worked and was idle for these times, in ms, before each call of `average`. */
function averages(...spans: readonly EventLoopTimes[]): number[] {
  let [idle, active] = [1000, 500];
  const utilization = new LoopUtilization(() => ({ idle, active }));
  return spans.map((span) => {
    idle += span.idle;
    active += span.active;
    return utilization.average();
  });
}

test('a process that works all the time has a utilization of nearly 1 after a few milliseconds', () => {
  const [first = 0, second = 0] = averages({ active: 5, idle: 0 }, { active: 10, idle: 0 });
  expect(first).toBeCloseTo(0.63, 2);
  expect(second).toBeCloseTo(0.95, 2);
});

test('a long idle time counts more than the work before it', () => {
  const [, later = 1] = averages({ active: 100, idle: 0 }, { active: 2, idle: 73 });
  expect(later).toBeCloseTo(2 / 75, 2);
});

test('one idle moment of a busy process lowers its utilization only a little', () => {
  const [, later = 0] = averages({ active: 100, idle: 0 }, { active: 0, idle: 2 });
  expect(later).toBeGreaterThan(0.6);
});

test('the utilization stays the same when no time has passed', () => {
  const [first, second] = averages({ active: 5, idle: 0 }, { active: 0, idle: 0 });
  expect(second).toBe(first);
});
