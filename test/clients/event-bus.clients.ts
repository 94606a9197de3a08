import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sharedStack } from '../fixtures/stack.ts';
import { type Boto3, type Boto3Client, startBoto3 } from './boto3.ts';
import { type AwsCli, startAwsCli } from './client-processes.ts';

let cli: AwsCli;
let boto3: Boto3;

sharedStack.beforeAll(({ stack }) => {
  cli = startAwsCli(stack.url);
  boto3 = startBoto3(stack.url);
});

afterAll(async () => {
  await cli.close();
  await boto3.close();
});

const arn = (region: string, resource: string) => `arn:aws:events:${region}:123456789012:${resource}`;
const EventPattern = '{"source": ["shop"], "detail-type": [{"prefix": "Order"}]}';
const nothingFailed = { FailedEntryCount: 0, FailedEntries: [] };

describe('the AWS CLI', () => {
  const region = 'eu-west-1';
  const events = (...args: readonly string[]) => cli.run(['--region', region, 'events', ...args]);

  /** The output of a command that must succeed. */
  async function done(...args: readonly string[]): Promise<unknown> {
    const { status, stderr, json } = await events(...args);
    expect([status, stderr]).toEqual([0, '']);
    return json;
  }

  test('the AWS CLI creates, reads and deletes a bus, a rule and its target', async () => {
    const bus = ['--event-bus-name', 'shop'];
    expect(await done('create-event-bus', '--name', 'shop', '--tags', 'Key=team,Value=a')).toEqual({
      EventBusArn: arn(region, 'event-bus/shop'),
    });
    expect(await done('put-rule', '--name', 'orders', ...bus, '--event-pattern', EventPattern)).toEqual({
      RuleArn: arn(region, 'rule/shop/orders'),
    });
    const target = {
      Id: 'api',
      Arn: arn(region, 'api-destination/orders/11111111-2222-3333-4444-555555555555'),
      RoleArn: 'arn:aws:iam::123456789012:role/any',
      InputTransformer: { InputPathsMap: { id: '$.detail.id' }, InputTemplate: '{"id": <id>, "text": "ü <id>"}' },
      HttpParameters: { HeaderParameters: { 'X-Id': '$.id' } },
      RetryPolicy: { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 3600 },
      DeadLetterConfig: { Arn: `arn:aws:sqs:${region}:123456789012:dead` },
    };
    const targets = ['--targets', JSON.stringify([target])];
    expect(await done('put-targets', '--rule', 'orders', ...bus, ...targets)).toEqual(nothingFailed);
    expect(await done('list-targets-by-rule', '--rule', 'orders', ...bus)).toEqual({ Targets: [target] });
    expect(await done('list-rule-names-by-target', '--target-arn', target.Arn, ...bus)).toEqual({
      RuleNames: ['orders'],
    });
    await done('disable-rule', '--name', 'orders', ...bus);
    expect(await done('describe-rule', '--name', 'orders', ...bus)).toEqual({
      Name: 'orders',
      Arn: arn(region, 'rule/shop/orders'),
      EventPattern,
      State: 'DISABLED',
      EventBusName: 'shop',
      CreatedBy: '123456789012',
    });
    await done('enable-rule', '--name', 'orders', ...bus);
    expect(await done('list-rules', ...bus, '--name-prefix', 'ord')).toMatchObject({ Rules: [{ State: 'ENABLED' }] });
    expect(await done('list-tags-for-resource', '--resource-arn', arn(region, 'event-bus/shop'))).toEqual({
      Tags: [{ Key: 'team', Value: 'a' }],
    });
    expect(await done('remove-targets', '--rule', 'orders', ...bus, '--ids', 'api')).toEqual(nothingFailed);
    await done('delete-rule', '--name', 'orders', ...bus);
    await done('delete-event-bus', '--name', 'shop');
    expect(await done('list-event-buses')).toMatchObject({ EventBuses: [{ Name: 'default' }] });
  });

  test('the AWS CLI prints the message of EventBridge for a refusal and exits with status 254', async () => {
    const { status, stderr } = await events('put-rule', '--name', 'late', '--schedule-expression', 'cron(0 1 * * * *)');
    expect(status).toBe(254);
    expect(stderr.trim()).toBe(
      'An error occurred (ValidationException) when calling the PutRule operation: Parameter ScheduleExpression is not valid.',
    );
  });

  test('the AWS CLI tests a pattern against an event', async () => {
    const event = { id: '1', account: '123456789012', source: 'shop', time: '2026-01-01T00:00:00Z', region };
    const text = JSON.stringify({ ...event, 'detail-type': 'OrderPlaced', resources: [], detail: {} });
    const tested = done('test-event-pattern', '--event-pattern', EventPattern, '--event', text);
    expect(await tested).toEqual({ Result: true });
  });
});

describe('boto3', () => {
  const region = 'us-west-2';
  let events: Boto3Client;

  beforeAll(() => {
    events = boto3.client('events', region);
  });

  test('boto3 creates, describes, lists and deletes a bus with its tags', async () => {
    const Tags = [{ Key: 'team', Value: '' }];
    const created = await events('create_event_bus', { Name: 'shop', Tags });
    expect(created).toEqual({ EventBusArn: arn(region, 'event-bus/shop'), status: 200 });
    const shown = { Name: 'shop', Arn: arn(region, 'event-bus/shop') };
    expect(await events('describe_event_bus', { Name: 'shop' })).toMatchObject({ ...shown, status: 200 });
    expect(await events('list_event_buses', { NamePrefix: 'shop' })).toMatchObject({ EventBuses: [shown] });
    const ResourceARN = shown.Arn;
    await events('tag_resource', { ResourceARN, Tags: [{ Key: 'more', Value: 'ü' }] });
    await events('untag_resource', { ResourceARN, TagKeys: ['team'] });
    expect(await events('list_tags_for_resource', { ResourceARN })).toEqual({
      Tags: [{ Key: 'more', Value: 'ü' }],
      status: 200,
    });
    expect(await events('delete_event_bus', { Name: 'shop' })).toEqual({ status: 200 });
    const refused = { code: 'ResourceNotFoundException', status: 400, message: 'Event bus shop does not exist.' };
    await expect(events('describe_event_bus', { Name: 'shop' })).rejects.toMatchObject(refused);
  });

  test('boto3 pages through rules and targets', async () => {
    for (const Name of ['r-1', 'r-2', 'r-3']) {
      await events('put_rule', { Name, ScheduleExpression: 'rate(1 day)', State: 'DISABLED' });
    }
    const first = await events<{ NextToken: string }>('list_rules', { NamePrefix: 'r-', Limit: 2 });
    expect(first).toMatchObject({ Rules: [{ Name: 'r-1' }, { Name: 'r-2' }] });
    const { NextToken } = first;
    const rule = { Name: 'r-3', Arn: arn(region, 'rule/r-3'), EventBusName: 'default', State: 'DISABLED' };
    expect(await events('list_rules', { NamePrefix: 'r-', Limit: 2, NextToken })).toEqual({
      Rules: [{ ...rule, ScheduleExpression: 'rate(1 day)' }],
      status: 200,
    });
    const Targets = ['a', 'b'].map((Id) => ({ Id, Arn: `arn:aws:sqs:${region}:123456789012:q`, Input: '{"x":1}' }));
    await events('put_targets', { Rule: 'r-3', Targets });
    expect(await events('list_targets_by_rule', { Rule: 'r-3', Limit: 1 })).toMatchObject({
      Targets: [Targets[0]],
      NextToken: expect.any(String),
    });
  });

  test.each([
    ['put_rule', { Name: 'r' }, 'Parameter(s) EventPattern or ScheduleExpression must be specified.'],
    ['delete_event_bus', { Name: 'default' }, 'Cannot delete event bus default.'],
    ['put_rule', { Name: 'r', ScheduleExpression: 'rate(0 days)' }, 'Parameter ScheduleExpression is not valid.'],
  ])('boto3 gets the message of EventBridge when %s is refused', async (operation, input, message) => {
    const refused = { code: 'ValidationException', status: 400, message };
    await expect(events(operation, input)).rejects.toMatchObject(refused);
  });

  test('boto3 gets the default bus of the region that it signs for', async () => {
    const described = await boto3.client('events', 'ap-south-1')('describe_event_bus');
    expect(described).toMatchObject({ Name: 'default', Arn: arn('ap-south-1', 'event-bus/default') });
  });
});
