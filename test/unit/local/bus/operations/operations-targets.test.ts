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

const aws = (service: string, resource: string): string => `arn:aws:${service}:eu-west-1:123456789012:${resource}`;
const RoleArn = 'arn:aws:iam::123456789012:role/r';
const cluster = aws('ecs', 'cluster/c');
const task = aws('ecs', 'task-definition/t');
const batch = { JobDefinition: 'd', JobName: 'j' };
const run = { RunCommandTargets: [{ Key: 'InstanceIds', Values: ['i-1'] }] };
const ecs = (EcsParameters: JsonObject): JsonObject => ({
  Arn: cluster,
  RoleArn,
  EcsParameters: { TaskDefinitionArn: task, ...EcsParameters },
});

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

describe('accepted requests', () => {
  test.each<[string, JsonObject]>([
    ['an API destination without a role', { Arn: arn('api-destination/orders/1-2'), HttpParameters: {} }],
    ['a queue with SqsParameters', { SqsParameters: { MessageGroupId: 'g' } }],
    ['a function with SqsParameters', { Arn: aws('lambda', 'function:f'), SqsParameters: { MessageGroupId: 'g' } }],
    ['a state machine with a role', { Arn: aws('states', 'stateMachine:s'), RoleArn }],
    [
      'a task with a network',
      ecs({ NetworkConfiguration: { awsvpcConfiguration: { Subnets: ['s'] } }, TaskCount: 10 }),
    ],
    ['a job with bounds', { Arn: aws('batch', 'job-queue/j'), RoleArn, BatchParameters: batch }],
    ['an API of API Gateway', { Arn: aws('execute-api', 'a/prod/GET/orders'), HttpParameters: {} }],
    ['a path into a list', { InputPath: '$.detail.a[0]' }],
    ['the whole event', { InputPath: '$' }],
  ])('PutTargets accepts %s', async (_what, members) => {
    const { call } = await withRule();
    expect(await call('PutTargets', { Rule: 'r', Targets: [target('t', members)] })).toEqual(nothingFailed);
  });
});

describe('refused requests', () => {
  test('PutTargets refuses two targets with one Id and writes none of them', async () => {
    const { call } = await withRule();
    const message = "Parameter targets is not valid. Reason: More than one target with Id 't1' is provided.";
    const twice = call('PutTargets', { Rule: 'r', Targets: [target('t1'), target('t2'), target('t1')] });
    await expect(twice).rejects.toMatchObject(refusal('ValidationException', message));
    expect(await call('ListTargetsByRule', { Rule: 'r' })).toEqual({ Targets: [] });
  });

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
      'InputPath for target t is invalid.',
    ],
    [{ Input: "{'a': 1}" }, 'JSON syntax error in input for target t.'],
    [{ InputPath: 'detail' }, 'InputPath for target t is invalid.'],
    [{ InputPath: 'detail.a' }, 'InputPath for target t is invalid.'],
    [{ InputPath: "$.detail['a']" }, 'InputPath for target t is invalid.'],
    [
      { InputTransformer: { InputPathsMap: { id: '$["id"]' }, InputTemplate: '"<id>"' } },
      'InputPath for target t is invalid.',
    ],
    [
      { InputTransformer: { InputTemplate: '[<aws.events.event.json>]' } },
      'InputTemplate for target t contains placeholder aws.events.event.json valid only for JSON template.',
    ],
    [
      { InputTransformer: { InputTemplate: '"<aws.events.event.json>"' } },
      'InputTemplate for target t contains placeholder aws.events.event.json valid only for JSON template.',
    ],
    [
      { DeadLetterConfig: { Arn: 'arn:aws:sns:eu-west-1:123456789012:dead' } },
      'sns is not supported as a dead letter resource',
    ],
    [
      { DeadLetterConfig: { Arn: 'arn:aws:lambda:eu-west-1:123456789012:function:dead' } },
      'lambda is not supported as a dead letter resource',
    ],
    [{ DeadLetterConfig: { Arn: queueArn('dead.fifo') } }, 'SQS FIFO is not supported by Dead Letter Queues'],
    [
      { DeadLetterConfig: { Arn: 'dead' } },
      'Parameter dead is not valid. Reason: Provided Arn is not in correct format.',
    ],
    [
      { DeadLetterConfig: { Arn: 'arn:aws:sqs:us-east-1:123456789012:dead' } },
      'Parameter DeadLetterConfig.Arn is not valid. Reason: arn:aws:sqs:us-east-1:123456789012:dead is not in the region eu-west-1.',
    ],
    [{ HttpParameters: {} }, 'Parameter(s) HttpParameters not supported for target: t'],
    [{ EcsParameters: { TaskDefinitionArn: task } }, 'Parameter(s) EcsParameters not supported for target: t'],
    [{ KinesisParameters: { PartitionKeyPath: '$.id' } }, 'Parameter(s) KinesisParameters not supported for target: t'],
    [{ BatchParameters: batch }, 'Parameter(s) BatchParameters not supported for target: t'],
    [{ RedshiftDataParameters: { Database: 'd' } }, 'Parameter(s) RedshiftDataParameters not supported for target: t'],
    [{ RunCommandParameters: run }, 'Parameter(s) RunCommandParameters not supported for target: t'],
    [{ SageMakerPipelineParameters: {} }, 'Parameter(s) SageMakerPipelineParameters not supported for target: t'],
    [{ AppSyncParameters: {} }, 'Parameter(s) AppSyncParameters not supported for target: t'],
    [{ Arn: aws('kinesis', 'stream/s') }, `RoleArn is required for target ${aws('kinesis', 'stream/s')}`],
    [{ Arn: aws('states', 'stateMachine:s') }, `RoleArn is required for target ${aws('states', 'stateMachine:s')}`],
    [{ Arn: aws('events', 'event-bus/b') }, `RoleArn is required for target ${aws('events', 'event-bus/b')}`],
    [{ Arn: cluster, RoleArn }, 'Parameter(s) EcsParameters must be specified for target: t.'],
    [{ Arn: aws('batch', 'job-queue/j'), RoleArn }, 'Parameter(s) BatchParameters must be specified for target: t.'],
    [
      ecs({ LaunchType: 'FARGATE' }),
      'Parameter NetworkConfiguration must be specified for target t when launch type is FARGATE.',
    ],
    [
      ecs({ LaunchType: 'EC2', PlatformVersion: '1' }),
      'Parameter PlatformVersion for target t is not supported when launch type is EC2.',
    ],
    [
      ecs({
        LaunchType: 'EC2',
        NetworkConfiguration: { awsvpcConfiguration: { Subnets: ['s'], AssignPublicIp: 'ENABLED' } },
      }),
      'Parameter AssignPublicIp for target t is not supported when launch type is EC2.',
    ],
    [
      ecs({ NetworkConfiguration: { awsvpcConfiguration: { Subnets: Array<string>(17).fill('s') } } }),
      'Parameter Subnets is not valid. Reason: size must be in between 1 and 16.',
    ],
    [
      ecs({
        NetworkConfiguration: { awsvpcConfiguration: { Subnets: ['s'], SecurityGroups: Array<string>(6).fill('g') } },
      }),
      'Parameter SecurityGroups is not valid. Reason: size must be in between 0 and 5.',
    ],
    [ecs({ TaskCount: 11 }), 'Parameter(s) TaskCount not valid for target: t.'],
    [
      ecs({ TaskDefinitionArn: 'arn:aws:ecs:us-east-1:123456789012:task-definition/t' }),
      `Region of ${cluster} does not match region of arn:aws:ecs:us-east-1:123456789012:task-definition/t.`,
    ],
    [
      { Arn: aws('batch', 'job-queue/j'), RoleArn, BatchParameters: { ...batch, ArrayProperties: { Size: 1 } } },
      'Parameter ArrayProperties is not valid. Reason: Size must be in between 2 and 10000.',
    ],
    [
      { Arn: aws('batch', 'job-queue/j'), RoleArn, BatchParameters: { ...batch, RetryStrategy: { Attempts: 11 } } },
      'Parameter RetryStrategy is not valid. Reason: Attempts must be in between 1 and 10.',
    ],
    [
      {
        Arn: aws('redshift', 'cluster:c'),
        RoleArn,
        RedshiftDataParameters: { Database: 'd', Sql: 'select 1', Sqls: ['select 1'] },
      },
      'Either RedshiftDataParameters.sql or RedshiftDataParameters.sqls',
    ],
    [
      {
        Arn: aws('redshift', 'cluster:c'),
        RoleArn,
        RedshiftDataParameters: { Database: 'd', Sql: 's', DbUser: 'u', SecretManagerArn: aws('secretsmanager', 's') },
      },
      'Either RedshiftDataParameters.dBUser or RedshiftDataParameters.secretManagerArn',
    ],
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
