import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../../lib/core/input/json.ts';
import { arn, type BusWorld, createBusWorld, pattern, queueArn, refusal } from './operations-world.ts';

const nothingFailed = { FailedEntryCount: 0, FailedEntries: [] };

async function withRule(Name = 'r'): Promise<BusWorld> {
  const world = createBusWorld();
  await world.call('PutRule', { Name, EventPattern: pattern });
  return world;
}

function target(Id: string, members: JsonObject = {}): JsonObject {
  return { Id, Arn: queueArn('q'), ...members };
}

const five = ['a', 'b', 'c', 'd', 'e'].map((id) => target(id));

describe('targets of a rule', () => {
  test('ListTargetsByRule returns every member of a target as it was sent', async () => {
    const { call } = await withRule();
    const sent = {
      Id: 'api',
      Arn: arn('api-destination/orders/11111111-2222-3333-4444-555555555555'),
      RoleArn: 'arn:aws:iam::123456789012:role/r',
      InputTransformer: {
        InputPathsMap: { id: '$.detail.id' },
        InputTemplate: '{"id": <id>, "all": <aws.events.event>}',
      },
      HttpParameters: {
        PathParameterValues: ['a b', '$.detail.id'],
        HeaderParameters: { 'X-Id': '$.id' },
        QueryStringParameters: { q: '$.detail.q' },
      },
      RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
      DeadLetterConfig: { Arn: queueArn('dead') },
    };
    expect(await call('PutTargets', { Rule: 'r', Targets: [sent] })).toEqual(nothingFailed);
    expect(await call('ListTargetsByRule', { Rule: 'r' })).toEqual({ Targets: [sent] });
  });

  test('a target is refused when its dead letters would go to the delivery queue', async () => {
    const { call } = await withRule();
    const named = (name: string) => target('a', { DeadLetterConfig: { Arn: queueArn(name) } });
    const refused = call('PutTargets', { Rule: 'r', Targets: [named('lastmile-local-deliveries')] });
    const reason = `${queueArn('lastmile-local-deliveries')} is the delivery queue, which would deliver its dead letters again.`;
    const message = `Parameter DeadLetterConfig.Arn is not valid. Reason: ${reason}`;
    await expect(refused).rejects.toMatchObject(refusal('ValidationException', message));
    expect(await call('PutTargets', { Rule: 'r', Targets: [named('lastmile-local-dead-letters')] })).toEqual(
      nothingFailed,
    );
  });

  test('a target with an existing Id replaces the earlier target completely', async () => {
    const { call } = await withRule();
    await call('PutTargets', { Rule: 'r', Targets: [target('a', { Input: '"x"' })] });
    await call('PutTargets', { Rule: 'r', Targets: [target('a', { InputPath: '$.notexisting' })] });
    expect(await call('ListTargetsByRule', { Rule: 'r' })).toEqual({
      Targets: [target('a', { InputPath: '$.notexisting' })],
    });
  });

  test('one ARN may be the target of a rule twice', async () => {
    const { call } = await withRule();
    const twice = [target('a', { InputPath: '$.detail' }), target('b', { Input: '{}' })];
    await call('PutTargets', { Rule: 'r', Targets: twice });
    expect(await call('ListTargetsByRule', { Rule: 'r' })).toEqual({ Targets: twice });
    expect(await call('ListRuleNamesByTarget', { TargetArn: queueArn('q') })).toEqual({ RuleNames: ['r'] });
  });

  test('RemoveTargets removes the named targets and accepts an Id that does not exist', async () => {
    const { call } = await withRule();
    await call('PutTargets', { Rule: 'r', Targets: [target('a'), target('b')] });
    expect(await call('RemoveTargets', { Rule: 'r', Ids: ['a', 'z'] })).toEqual(nothingFailed);
    expect(await call('ListTargetsByRule', { Rule: 'r' })).toEqual({ Targets: [target('b')] });
  });

  test('ListRuleNamesByTarget finds the rules of one bus by their target', async () => {
    const { call } = await withRule('first');
    await call('PutRule', { Name: 'second', EventPattern: pattern });
    await call('PutRule', { Name: 'other', EventPattern: pattern });
    for (const Rule of ['second', 'first']) await call('PutTargets', { Rule, Targets: [target('a')] });
    await call('PutTargets', { Rule: 'other', Targets: [{ Id: 'a', Arn: queueArn('another') }] });
    const named = await call('ListRuleNamesByTarget', { TargetArn: queueArn('q') });
    expect(named).toEqual({ RuleNames: ['first', 'second'] });
    await call('CreateEventBus', { Name: 'shop' });
    const elsewhere = await call('ListRuleNamesByTarget', { TargetArn: queueArn('q'), EventBusName: 'shop' });
    expect(elsewhere).toEqual({ RuleNames: [] });
  });
});

describe('refused requests', () => {
  test('PutTargets refuses a sixth target and all other targets of the request', async () => {
    const { call } = await withRule();
    const refused = refusal('LimitExceededException', 'The requested resource exceeds the maximum number allowed.');
    const six = [...five, target('f')];
    await expect(call('PutTargets', { Rule: 'r', Targets: six })).rejects.toMatchObject(refused);
    expect(await call('ListTargetsByRule', { Rule: 'r' })).toEqual({ Targets: [] });
    await call('PutTargets', { Rule: 'r', Targets: five });
    await expect(call('PutTargets', { Rule: 'r', Targets: [target('f')] })).rejects.toMatchObject(refused);
    expect(await call('PutTargets', { Rule: 'r', Targets: [target('e', { Input: '1' })] })).toEqual(nothingFailed);
  });

  test.each([
    [
      { Id: '!@#$@!#$' },
      "1 validation error detected: Value '!@#$@!#$' at 'targets.1.member.id' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
    ],
    [
      { Id: 'x'.repeat(65) },
      `1 validation error detected: Value '${'x'.repeat(65)}' at 'targets.1.member.id' failed to satisfy constraint: Member must have length less than or equal to 64`,
    ],
    [{ Arn: 'queue' }, 'Parameter queue is not valid. Reason: Provided Arn is not in correct format.'],
    [{ Arn: queueArn('q.fifo') }, 'Parameter(s) SqsParameters must be specified for target: t.'],
    [
      { InputPath: '$.detail', InputTransformer: { InputTemplate: '"x"' } },
      'Only one of Input, InputPath, or InputTransformer must be provided for target t.',
    ],
    [
      { Input: '{}', InputPath: '$.detail' },
      'Only one of Input, InputPath, or InputTransformer must be provided for target t.',
    ],
    [
      { InputTransformer: { InputPathsMap: { id: '$.id' }, InputTemplate: '{"a": <id>, "b": <notdefinedkey>}' } },
      'InputTemplate for target t contains invalid placeholder notdefinedkey.',
    ],
    [
      { InputTransformer: { InputTemplate: '<aws.events.nothing>' } },
      'InputTemplate for target t contains invalid placeholder aws.events.nothing.',
    ],
    [
      { InputTransformer: { InputPathsMap: { id: 'id' }, InputTemplate: '"<id>"' } },
      'Invalid path for id in InputPathsMap for target t.',
    ],
    [{ Input: "{'a': 1}" }, 'JSON syntax error in input for target t.'],
    [{ InputPath: 'detail' }, 'Invalid InputPath for target t.'],
  ])('PutTargets refuses a target with %j and all other targets of the request', async (members, message) => {
    const { call } = await withRule();
    const bad = { Rule: 'r', Targets: [target('t', members), target('good')] };
    await expect(call('PutTargets', bad)).rejects.toMatchObject(refusal('ValidationException', message));
    expect(await call('ListTargetsByRule', { Rule: 'r' })).toEqual({ Targets: [] });
  });

  test.each([
    '{"rule": <aws.events.rule-arn>, "name": <aws.events.rule-name>, "at": <aws.events.event.ingestion-time>}',
    '{"event": <aws.events.event>, "json": <aws.events.event.json>}',
    '"the name {{inner}} is left to whoever reads the template next, and 1 < 2 > 0 is no placeholder"',
  ])('PutTargets accepts the InputTemplate %s', async (InputTemplate) => {
    const { call } = await withRule();
    const targets = [target('t', { InputTransformer: { InputTemplate } })];
    expect(await call('PutTargets', { Rule: 'r', Targets: targets })).toEqual(nothingFailed);
  });
});
