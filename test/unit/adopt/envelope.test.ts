import { expect, test } from 'vitest';
import { destinationOfMoved, lastmileTarget } from '../../../lib/adopt/envelope.ts';
import type { Target } from '../../../lib/adopt/descriptions.ts';
import { isJsonObject } from '../../../lib/core/input/json.ts';
import { parseDelivery } from '../../../lib/core/message/parse-delivery.ts';
import { targetInput } from '../../../lib/local/bus/targets/input.ts';
import { checkTarget } from '../../../lib/local/bus/targets/checks.ts';
import { queueArn, target } from './adopt-story.ts';

const to = { apiDestination: 'orders', queueArn, keepsDeadLetterQueue: true };
const move = (old: Target) => lastmileTarget(old, to);

function templateOf({ InputTransformer: transformer }: Target): string {
  return isJsonObject(transformer) ? String(transformer['InputTemplate']) : '';
}

/** The delivery that a worker reads from what the rule sends to the queue. */
function deliveryThrough(moved: Target) {
  const text = '{"id":"e1","detail":{"orderId":7}}';
  const ruleArn = 'arn:aws:events:eu-central-1:123456789012:rule/placed';
  const event = { value: JSON.parse(text), text };
  const source = { event, rule: ruleArn, firstReceivedAtMs: 0 };
  const input = targetInput({ InputTransformer: { InputTemplate: templateOf(moved) } }, source);
  return parseDelivery(JSON.parse(input), { apiDestination: undefined, nowMs: 0 });
}

test('a moved target keeps its Id, and its envelope has its settings', () => {
  const settings = {
    InputPath: '$.detail',
    HttpParameters: { PathParameterValues: ['$.detail.orderId'], HeaderParameters: { 'X-A': '$.source' } },
    RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 600 },
    DeadLetterConfig: { Arn: 'arn:aws:sqs:eu-central-1:123456789012:failed' },
  };
  const moved = move(target('t1', settings));
  expect(moved).toMatchObject({
    Id: 't1',
    Arn: queueArn,
    SqsParameters: { MessageGroupId: 'orders' },
    DeadLetterConfig: settings.DeadLetterConfig,
  });
  expect(moved).not.toHaveProperty('RoleArn');
  expect(deliveryThrough(moved)).toMatchObject({
    apiDestination: 'orders',
    rule: 'arn:aws:events:eu-central-1:123456789012:rule/placed',
    event: { value: { id: 'e1', detail: { orderId: 7 } } },
    target: { Id: 't1', ...settings },
  });
  expect(destinationOfMoved(moved, queueArn)).toBe('orders');
});

test('placeholders of an InputTemplate are written in double braces, and every other < is escaped', () => {
  const InputTemplate = '{"id": <id>, "rule": "<aws.events.rule-name>", "html": "<b >1 < 2</b>"}';
  const moved = move(target('t1', { InputTransformer: { InputPathsMap: { id: '$.detail.orderId' }, InputTemplate } }));
  expect(templateOf(moved).match(/<[^>]*>?/g)).toStrictEqual(['<aws.events.rule-arn>', '<aws.events.event.json>']);
  expect(deliveryThrough(moved).target.InputTransformer).toEqual({
    InputPathsMap: { id: '$.detail.orderId' },
    InputTemplate: '{"id": {{id}}, "rule": "{{aws.events.rule-name}}", "html": "<b >1 < 2</b>"}',
  });
});

test('a constant input with angle brackets arrives as it was', () => {
  const moved = move(target('t1', { Input: '{"html": "<b>bold</b>"}' }));
  expect(deliveryThrough(moved).target.Input).toBe('{"html": "<b>bold</b>"}');
});

test('EventBridge accepts the moved target', () => {
  const moved = move(target('t1', { InputTransformer: { InputPathsMap: {}, InputTemplate: '"<aws.events.event>"' } }));
  const caller = { region: 'eu-central-1', account: '123456789012', partition: 'aws', requestId: '' };
  expect(checkTarget(moved, caller)).toStrictEqual(moved);
});

test('a shadow target has another Id, and leaves the dead-letter queue of the rule alone', () => {
  const old = target('t1', { DeadLetterConfig: { Arn: 'arn:aws:sqs:eu-central-1:123456789012:failed' } });
  const moved = lastmileTarget(old, { ...to, id: 't1-shadow', keepsDeadLetterQueue: false });
  expect(moved.Id).toBe('t1-shadow');
  expect(JSON.stringify(moved)).not.toContain('failed');
});

test('a target whose envelope would be longer than an InputTemplate may be cannot be moved', () => {
  const input = (characters: number) => target('t1', { Input: `"${'x'.repeat(characters)}"` });
  const overhead = templateOf(move(input(1000))).length - 1000;
  expect(templateOf(move(input(8192 - overhead)))).toHaveLength(8192);
  expect(() => move(input(8193 - overhead))).toThrow(/would have 8193 characters/);
});

test.each([
  ['a text in double braces', { InputTransformer: { InputTemplate: '{"a": "{{name}}"}' } }, /double braces/],
  ['a placeholder without a path', { InputTransformer: { InputTemplate: '{"a": <b>}' } }, /placeholder b/],
  [
    'more than 100 paths',
    {
      InputTransformer: {
        InputPathsMap: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`p${index}`, '$.a'])),
        InputTemplate: '"a"',
      },
    },
    /InputPathsMap/,
  ],
  ['a path that Lastmile does not read', { InputPath: '$..a' }, /InputPath is not a JSON path/],
  [
    'a header path that Lastmile does not read',
    { HttpParameters: { HeaderParameters: { a: '$.b[?(1)]' } } },
    /JSON path/,
  ],
  ['a member that Lastmile does not have', { AppSyncParameters: {} }, /AppSyncParameters/],
])('a target with %s cannot be moved', (_what, members, reason) => {
  expect(() => move(target('t1', members))).toThrow(reason);
});
