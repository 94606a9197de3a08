import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DelayedMessages, InflightMessages } from '../../../../lib/local/sqs/due-messages.ts';

function allDue<Item>(messages: { takeDue(nowMs: number): Item | undefined }, nowMs: number): Item[] {
  const due: Item[] = [];
  for (let item = messages.takeDue(nowMs); item !== undefined; item = messages.takeDue(nowMs)) due.push(item);
  return due;
}

test('delayed messages with the same time become due in the order of sending', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), fc.nat(20), (times, nowMs) => {
      const messages = times.map((delayUntil, id) => ({ id, delayUntil }));
      const delayed = new DelayedMessages(messages);
      const due = messages.filter(({ delayUntil }) => delayUntil <= nowMs);
      expect(allDue(delayed, nowMs)).toEqual(due.toSorted((one, other) => one.delayUntil - other.delayUntil));
      expect(delayed.length).toBe(messages.length - due.length);
      expect(allDue(delayed, 20)).toHaveLength(messages.length - due.length);
    }),
  );
});

test('the list of delayed messages knows when the next message is due', () => {
  const delayed = new DelayedMessages([{ delayUntil: 9 }, { delayUntil: 7 }]);
  expect(delayed.nextMs).toBe(7);
  allDue(delayed, 10);
  expect(delayed.nextMs).toBeUndefined();
});

test('a message in flight is due at its deadline, unless it was deleted before', () => {
  const inflight = new InflightMessages([
    ['a', { id: 'a', visibilityDeadline: 5 }],
    ['b', { id: 'b', visibilityDeadline: 5 }],
    ['c', { id: 'c', visibilityDeadline: 6 }],
  ]);
  inflight.delete('a');
  expect(allDue(inflight, 4)).toEqual([]);
  expect(allDue(inflight, 5)).toEqual([{ id: 'b', visibilityDeadline: 5 }]);
  expect([...inflight.keys()]).toEqual(['c']);
});

test.each([
  ['earlier', 3],
  ['later', 9],
])('a message whose deadline becomes %s is due at the new deadline', (_how, visibilityDeadline) => {
  const entry = { visibilityDeadline: 5 };
  const inflight = new InflightMessages([['a', entry]]);
  entry.visibilityDeadline = visibilityDeadline;
  inflight.noteDeadline('a');
  expect(allDue(inflight, visibilityDeadline - 1)).toEqual([]);
  expect(allDue(inflight, visibilityDeadline)).toEqual([entry]);
  expect(inflight.size).toBe(0);
});

test('a cleared list of delayed messages has no due message', () => {
  const inflight = new InflightMessages([['a', { visibilityDeadline: 5 }]]);
  inflight.clear();
  expect([inflight.nextMs, allDue(inflight, 9)]).toEqual([undefined, []]);
});

test('the times of deleted messages do not occupy memory', () => {
  const inflight = new InflightMessages<{ visibilityDeadline: number }>([]);
  inflight.set('kept', { visibilityDeadline: 2000 });
  for (let at = 0; at < 1000; at += 1) {
    inflight.set(String(at), { visibilityDeadline: at });
    inflight.delete(String(at));
  }
  // If the times of deleted messages were kept, the next time would be that of the first message.
  expect(inflight.nextMs).toBeGreaterThan(900);
  expect(allDue(inflight, 2000)).toHaveLength(1);
});
