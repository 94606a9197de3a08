import { expect, test } from 'vitest';
import { SpareTime } from '../../../../lib/local/sqs/spare-time.ts';

/** An event loop with a history that the test decides. */
function newSpareTime() {
  const times = { idle: 1000, active: 5000 };
  const spareTime = new SpareTime(() => ({ ...times }));
  const pass = (more: Partial<typeof times>): void => {
    times.idle += more.idle ?? 0;
    times.active += more.active ?? 0;
  };
  return { spareTime, pass };
}

test('work begins at once in a process that has done nothing yet', () => {
  expect(newSpareTime().spareTime.isEnough).toBe(true);
});

test('after 10 ms of work, there is spare time once the event loop has been idle for 10 ms', () => {
  const { spareTime, pass } = newSpareTime();
  spareTime.noteBeginning();
  pass({ active: 10, idle: 9 });
  expect(spareTime.isEnough).toBe(false);
  pass({ idle: 1 });
  expect(spareTime.isEnough).toBe(true);
});

test('idle time before the beginning of a piece of work does not count', () => {
  const { spareTime, pass } = newSpareTime();
  pass({ idle: 500 });
  spareTime.noteBeginning();
  pass({ active: 10 });
  expect(spareTime.isEnough).toBe(false);
});

test('a process that is never idle allows the work after one second', () => {
  const { spareTime, pass } = newSpareTime();
  spareTime.noteBeginning();
  pass({ active: 999 });
  expect(spareTime.isEnough).toBe(false);
  pass({ active: 1 });
  expect(spareTime.isEnough).toBe(true);
});
