import { describe, expect, test } from 'vitest';
import type { AuthorizedCall, Statement } from '../../policies/evaluate.ts';
import { grantsOf, isAllowed, needlessGrants } from '../../policies/evaluate.ts';

const allow = (Action: string, Resource: string, leadingKeys?: readonly string[]): Statement => ({
  Effect: 'Allow',
  Action: [Action],
  Resource: [Resource],
  ...(leadingKeys && { Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': leadingKeys } } }),
});
const call = (action: string, resource: string, leadingKeys?: readonly string[]): AuthorizedCall => ({
  action,
  resources: [resource],
  ...(leadingKeys && { leadingKeys }),
});

describe('the evaluator of policies', () => {
  test.each<[string, Statement[], AuthorizedCall, boolean]>([
    [
      'allows a call whose action and resource a statement names',
      [allow('sqs:SendMessage', 'a')],
      call('sqs:SendMessage', 'a'),
      true,
    ],
    ['denies a call when there is no statement', [], call('sqs:SendMessage', 'a'), false],
    [
      'denies an action that no statement names',
      [allow('sqs:SendMessage', 'a')],
      call('sqs:ReceiveMessage', 'a'),
      false,
    ],
    [
      'denies a resource that no statement names',
      [allow('sqs:SendMessage', 'a')],
      call('sqs:SendMessage', 'ab'),
      false,
    ],
    [
      'denies an action of which a statement names only the beginning',
      [allow('sqs:Send', 'a')],
      call('sqs:SendMessage', 'a'),
      false,
    ],
    ['ignores the case of actions', [allow('SQS:sendmessage', 'a')], call('sqs:SendMessage', 'a'), true],
    ['does not ignore the case of resources', [allow('sqs:SendMessage', 'A')], call('sqs:SendMessage', 'a'), false],
    ['lets * stand for any text', [allow('sqs:*Message', 'a/*/d')], call('sqs:SendMessage', 'a/b/c/d'), true],
    ['lets * stand for an empty text', [allow('sqs:*', 'a*')], call('sqs:SendMessage', 'a'), true],
    ['lets ? stand for exactly one character', [allow('sqs:*', 'a?')], call('sqs:SendMessage', 'a'), false],
    ['lets a dot stand only for a dot', [allow('sqs:*', 'a.b')], call('sqs:SendMessage', 'a-b'), false],
    [
      'does not combine the action of one statement with the resource of another',
      [allow('x:A', 'b'), allow('x:B', 'a')],
      call('x:A', 'a'),
      false,
    ],
    ['allows a key that a condition names', [allow('x:A', 'a', ['RATE#*'])], call('x:A', 'a', ['RATE#1']), true],
    [
      'denies a call with a key that no condition names',
      [allow('x:A', 'a', ['RATE#*'])],
      call('x:A', 'a', ['RATE#1', 'CONNECTION']),
      false,
    ],
    [
      'allows keys that match different patterns of a condition',
      [allow('x:A', 'a', ['RATE#*', 'C'])],
      call('x:A', 'a', ['RATE#1', 'C']),
      true,
    ],
    ['allows a call without keys under a condition of keys', [allow('x:A', 'a', ['RATE#*'])], call('x:A', 'a'), true],
  ])('the evaluator of policies %s', (_, statements, asked, allowed) => {
    expect(isAllowed(statements, asked)).toBe(allowed);
  });

  test('the evaluator of policies denies a call when one of its resources is not allowed', () => {
    const statements = [allow('x:A', 'a'), allow('x:A', 'b')];
    expect(isAllowed(statements, { action: 'x:A', resources: ['a', 'b'] })).toBe(true);
    expect(isAllowed(statements, { action: 'x:A', resources: ['a', 'c'] })).toBe(false);
    expect(isAllowed(statements, { action: 'x:A', resources: [] })).toBe(false);
  });

  test.each<[string, object]>([
    ['effect is Deny', { Effect: 'Deny' }],
    ['member NotAction', { NotAction: ['x:B'] }],
    ['StringEquals of dynamodb:LeadingKeys', { Condition: { StringEquals: { 'dynamodb:LeadingKeys': ['a'] } } }],
    [
      'ForAllValues:StringLike of aws:SourceIp',
      { Condition: { 'ForAllValues:StringLike': { 'aws:SourceIp': ['a'] } } },
    ],
  ])('the evaluator of policies throws an error for a statement that it cannot evaluate: %s', (words, members) => {
    expect(() => isAllowed([{ ...allow('x:A', 'a'), ...members }], call('x:A', 'a'))).toThrow(words);
  });

  test('the evaluator of policies splits policies by action, resource and key', () => {
    const statement = { ...allow('x:A', 'a', ['K', 'L']), Action: ['x:A', 'x:B'] };
    expect(grantsOf([statement, allow('x:C', 'c')]).map(({ text }) => text)).toEqual([
      'x:A a K',
      'x:A a L',
      'x:B a K',
      'x:B a L',
      'x:C c',
    ]);
  });

  test('the evaluator of policies finds permissions that no call needs or that occur twice', () => {
    const needless = (statements: Statement[], ...calls: AuthorizedCall[]) =>
      needlessGrants(grantsOf(statements), calls).map(({ text }) => text);
    const calls = [call('x:A', 'a', ['K']), call('x:B', 'b')];
    expect(needless([allow('x:A', 'a', ['K']), allow('x:B', 'b')], ...calls)).toEqual([]);
    expect(needless([allow('x:A', 'a', ['K', 'L']), allow('x:B', 'b')], ...calls)).toEqual(['x:A a L']);
    expect(needless([allow('x:A', 'a', ['K']), allow('x:B', 'b'), allow('x:*', 'b')], ...calls)).toEqual([
      'x:B b',
      'x:* b',
    ]);
  });
});
