import { expect, test } from 'vitest';
import { FairMessages } from '../../../../lib/local/sqs/fair-messages.ts';

interface Message {
  readonly id: string;
  readonly messageGroupId?: string;
}

const of = (group: string, count: number): Message[] =>
  Array.from({ length: count }, (_, index) => ({ id: `${group}${index + 1}`, messageGroupId: group }));

function taken(messages: FairMessages<Message>, count: number): readonly string[] {
  return Array.from({ length: count }, () => messages.shift()?.id ?? 'none');
}

test('groups take turns, and each group keeps the order of its messages', () => {
  const messages = new FairMessages([...of('a', 4), ...of('b', 2), ...of('c', 1)]);
  expect(taken(messages, 8)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4', 'none']);
});

test('a message of another group waits for one message of the noisy group, not for its backlog', () => {
  const messages = new FairMessages(of('noisy', 1000));
  expect(taken(messages, 3)).toEqual(['noisy1', 'noisy2', 'noisy3']);
  messages.push({ id: 'quiet1', messageGroupId: 'quiet' });
  expect(taken(messages, 3)).toEqual(['noisy4', 'quiet1', 'noisy5']);
});

test('a message without a group takes turns as a group of its own', () => {
  const messages = new FairMessages<Message>([...of('a', 2), { id: 'x' }, { id: 'y' }]);
  expect(taken(messages, 4)).toEqual(['a1', 'x', 'y', 'a2']);
});

test('a group that was empty takes turns again', () => {
  const messages = new FairMessages(of('a', 1));
  expect(taken(messages, 2)).toEqual(['a1', 'none']);
  for (const message of [...of('a', 2), ...of('b', 1)]) messages.push(message);
  expect(taken(messages, 3)).toEqual(['a1', 'b1', 'a2']);
});

test('a withheld group keeps its messages, and a message without a group is never withheld', () => {
  const messages = new FairMessages<Message>([...of('a', 2), ...of('b', 1), { id: 'x' }]);
  const isA = (group: string) => group === 'a';
  expect(messages.withholding(isA, () => taken(messages, 3))).toEqual(['b1', 'x', 'none']);
  expect(messages.length).toBe(2);
  expect([messages.withholding(isA, () => messages.isOffering), messages.isOffering]).toEqual([false, true]);
  expect(taken(messages, 3)).toEqual(['a1', 'a2', 'none']);
  expect([messages.length, messages.isOffering]).toEqual([0, false]);
});

test('groups are no longer withheld after work that throws', () => {
  const messages = new FairMessages(of('a', 1));
  const broken = (): never => {
    throw new Error('broken');
  };
  expect(() => messages.withholding(() => true, broken)).toThrow('broken');
  expect(taken(messages, 1)).toEqual(['a1']);
});

test('a step asks about a withheld group once, however many messages it has', () => {
  const messages = new FairMessages([...of('a', 10_000), ...of('b', 10)]);
  let questions = 0;
  const isA = (group: string) => {
    questions += 1;
    return group === 'a';
  };
  expect(messages.withholding(isA, () => taken(messages, 10))).toHaveLength(10);
  expect(questions).toBeLessThanOrEqual(20);
});
