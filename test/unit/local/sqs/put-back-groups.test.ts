import { expect, test } from 'vitest';
import { PutBackGroups } from '../../../../lib/local/sqs/put-back-groups.ts';

/** @param putBack of how many of the messages of the group `a` are put back, counted from the first */
function isMostlyPutBack(handedOut: number, putBack: number): boolean {
  const groups = new PutBackGroups();
  for (let message = 0; message < handedOut; message += 1) {
    groups.noteHandedOut('a');
    if (message < putBack) groups.notePutBack('a');
  }
  return groups.has('a');
}

test.each([
  [50, 45, true],
  [50, 44, false],
  [49, 49, false],
  [100, 90, true],
  [100, 89, false],
])('a group of which %d messages were handed out and %d put back is mostly put back: %s', (all, back, expected) => {
  expect(isMostlyPutBack(all, back)).toBe(expected);
});

test('a group whose messages are delivered again is no longer mostly put back after 200 messages', () => {
  expect(isMostlyPutBack(1000, 1000)).toBe(true);
  expect(isMostlyPutBack(1200, 1000)).toBe(false);
});

test('messages that are put back count for their own group only', () => {
  const groups = new PutBackGroups();
  for (let message = 0; message < 100; message += 1) {
    groups.noteHandedOut('a');
    groups.noteHandedOut('b');
    groups.notePutBack('a');
  }
  expect([groups.has('a'), groups.has('b'), groups.has('unknown')]).toEqual([true, false, false]);
  expect([...groups.names()]).toEqual(['a']);
  for (let message = 0; message < 200; message += 1) groups.noteHandedOut('a');
  expect([...groups.names()]).toEqual([]);
});

test('messages that are sent with a delay before any was handed out do not count', () => {
  const groups = new PutBackGroups();
  for (let message = 0; message < 100; message += 1) groups.notePutBack('a');
  for (let message = 0; message < 50; message += 1) groups.noteHandedOut('a');
  expect(groups.has('a')).toBe(false);
});
