import { expect, test } from 'vitest';
import { FairMessages, quietMessages } from '../../../../lib/local/sqs/fair-messages.ts';

interface Message {
  readonly id: string;
  readonly messageGroupId?: string;
}

const of = (group: string, count: number): Message[] =>
  Array.from({ length: count }, (_, index) => ({ id: `${group}${index + 1}`, messageGroupId: group }));

function taken(messages: FairMessages<Message>, count: number): readonly string[] {
  return Array.from({ length: count }, () => messages.shift()?.id ?? 'none');
}

test('messages of small groups are received in the order of their arrival', () => {
  const messages = new FairMessages<Message>([...of('a', 2), ...of('b', 2), { id: 'x' }, ...of('c', 1)]);
  expect(taken(messages, 7)).toEqual(['a1', 'a2', 'b1', 'b2', 'x', 'c1', 'none']);
});

test('a message of another group waits for the first messages of a noisy group, not for its backlog', () => {
  const messages = new FairMessages([...of('noisy', 5 * quietMessages), ...of('quiet', 1)]);
  const before = taken(messages, 5 * quietMessages).indexOf('quiet1');
  expect(before).toBeGreaterThanOrEqual(quietMessages);
  expect(before).toBeLessThanOrEqual(2 * quietMessages);
});

test('messages of several noisy groups are received alternately', () => {
  const messages = new FairMessages([...of('a', quietMessages + 3), ...of('b', quietMessages + 1)]);
  const isOfBacklog = (id: string) => Number(id.slice(1)) > quietMessages;
  expect(taken(messages, 2 * quietMessages + 4).filter(isOfBacklog)).toEqual(['a1001', 'b1001', 'a1002', 'a1003']);
});

test('messages without a group count as one group, so that they do not delay other groups', () => {
  const loose = Array.from({ length: 5 * quietMessages }, (_, index) => ({ id: `x${index}` }));
  const messages = new FairMessages<Message>([...loose, ...of('a', 2)]);
  expect(taken(messages, 5 * quietMessages).indexOf('a2')).toBeLessThanOrEqual(2 * quietMessages + 4);
});

test('messages of a group that was empty for a time are received again', () => {
  const messages = new FairMessages(of('a', 1));
  expect(taken(messages, 2)).toEqual(['a1', 'none']);
  for (const message of [...of('a', 2), ...of('b', 1)]) messages.push(message);
  expect(taken(messages, 3)).toEqual(['a1', 'a2', 'b1']);
});

test('messages of a withheld group stay in the queue, and messages without a group are never withheld', () => {
  const messages = new FairMessages<Message>([...of('a', 2), ...of('b', 1), { id: 'x' }]);
  const isA = (group: string) => group === 'a';
  expect(messages.withholding(isA, () => taken(messages, 3))).toEqual(['b1', 'x', 'none']);
  expect(messages.length).toBe(2);
  expect([messages.withholding(isA, () => messages.isOffering), messages.isOffering]).toEqual([false, true]);
  expect(taken(messages, 3)).toEqual(['a1', 'a2', 'none']);
  expect([messages.length, messages.isOffering]).toEqual([0, false]);
});

test('groups are no longer withheld after a receive from the queue has thrown an error', () => {
  const messages = new FairMessages(of('a', 1));
  const broken = (): never => {
    throw new Error('broken');
  };
  expect(() => messages.withholding(() => true, broken)).toThrow('broken');
  expect(taken(messages, 1)).toEqual(['a1']);
});

test('a receive asks only once whether a group is withheld', () => {
  const messages = new FairMessages([...of('a', 10_000), ...of('b', 10)]);
  let questions = 0;
  const isA = (group: string) => {
    questions += 1;
    return group === 'a';
  };
  expect(messages.withholding(isA, () => taken(messages, 10))).toHaveLength(10);
  expect(questions).toBeLessThanOrEqual(quietMessages + 20);
  questions = 0;
  messages.push({ id: 'b11', messageGroupId: 'b' });
  expect(messages.withholding(isA, () => taken(messages, 1))).toEqual(['b11']);
  expect(questions).toBeLessThanOrEqual(3);
});
