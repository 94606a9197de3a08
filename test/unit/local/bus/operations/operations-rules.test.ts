import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../../lib/core/input/json.ts';
import { account, arn, createBusWorld, pattern, queueArn, refusal } from './operations-world.ts';

describe('answers about a rule', () => {
  test.each([
    ['default', 'rule/orders'],
    ['shop', 'rule/shop/orders'],
  ])('every answer about a rule on the bus %s gives the rule an ARN that ends with %s', async (bus, resource) => {
    const { call } = createBusWorld();
    if (bus !== 'default') await call('CreateEventBus', { Name: bus });
    const put = await call('PutRule', { Name: 'orders', EventBusName: bus, EventPattern: pattern });
    expect(put).toEqual({ RuleArn: arn(resource) });
    const shown = { Name: 'orders', Arn: arn(resource), EventBusName: bus, EventPattern: pattern, State: 'ENABLED' };
    expect(await call('ListRules', { EventBusName: bus })).toEqual({ Rules: [shown] });
    const described = await call('DescribeRule', { Name: 'orders', EventBusName: bus });
    expect(described).toEqual({ ...shown, CreatedBy: account });
  });

  test('the operations on rules accept the ARN of a bus as its name', async () => {
    const { call } = createBusWorld();
    await call('CreateEventBus', { Name: 'shop' });
    const EventBusName = arn('event-bus/shop');
    await call('PutRule', { Name: 'orders', EventBusName, EventPattern: pattern });
    expect(await call('DescribeRule', { Name: 'orders', EventBusName })).toMatchObject({ EventBusName: 'shop' });
  });

  test('DescribeRule returns schedule, description and role of a rule as they were sent', async () => {
    const { call } = createBusWorld();
    const sent = { EventPattern: '{ "source" : ["ü"] }', ScheduleExpression: 'rate(1 minute)', Description: 'both' };
    await call('PutRule', { Name: 'both', ...sent, RoleArn: 'arn:aws:iam::1:role/r', State: 'DISABLED' });
    const shown = { ...sent, RoleArn: 'arn:aws:iam::1:role/r', State: 'DISABLED' };
    expect(await call('DescribeRule', { Name: 'both' })).toMatchObject(shown);
  });

  test('PutRule replaces everything of an existing rule except its targets and tags', async () => {
    const { call } = createBusWorld();
    const tags = [{ Key: 'team', Value: 'a' }];
    await call('PutRule', { Name: 'orders', EventPattern: pattern, Description: 'old', State: 'DISABLED', Tags: tags });
    const target = { Id: 'one', Arn: queueArn('q') };
    await call('PutTargets', { Rule: 'orders', Targets: [target] });
    const again = { Name: 'orders', ScheduleExpression: 'rate(5 minutes)', Tags: [{ Key: 'team', Value: 'b' }] };
    expect(await call('PutRule', again)).toEqual({ RuleArn: arn('rule/orders') });
    expect(await call('DescribeRule', { Name: 'orders' })).toEqual({
      Name: 'orders',
      Arn: arn('rule/orders'),
      EventBusName: 'default',
      ScheduleExpression: 'rate(5 minutes)',
      State: 'ENABLED',
      CreatedBy: account,
    });
    expect(await call('ListTargetsByRule', { Rule: 'orders' })).toEqual({ Targets: [target] });
    expect(await call('ListTagsForResource', { ResourceARN: arn('rule/orders') })).toEqual({ Tags: tags });
  });

  test('rules with the same name on two buses or in two regions are different rules', async () => {
    const { call } = createBusWorld();
    await call('CreateEventBus', { Name: 'shop' });
    await call('PutRule', { Name: 'orders', EventPattern: pattern });
    await call('PutRule', { Name: 'orders', EventBusName: 'shop', EventPattern: pattern });
    await call('PutRule', { Name: 'orders', EventPattern: pattern }, 'us-east-1');
    await call('DeleteRule', { Name: 'orders' });
    expect(await call('ListRules')).toEqual({ Rules: [] });
    expect(await call('ListRules', { EventBusName: 'shop' })).toMatchObject({ Rules: [{ Name: 'orders' }] });
    expect(await call('ListRules', {}, 'us-east-1')).toMatchObject({ Rules: [{ Name: 'orders' }] });
  });
});

describe('the enabling time of a rule', () => {
  async function enabledAt(steps: readonly (readonly [string, JsonObject])[]): Promise<number | undefined> {
    const world = createBusWorld();
    world.now = 0;
    for (const [operation, input] of steps) {
      world.now += 1000;
      await world.call(operation, { Name: 'orders', ...input });
    }
    return world.store.rule('eu-west-1', 'default', 'orders')?.enabledAtMs;
  }
  const put = (members: JsonObject = {}) => ['PutRule', { EventPattern: pattern, ...members }] as const;

  test('a new rule is enabled from the time of its creation', async () => {
    expect(await enabledAt([put()])).toBe(1000);
  });

  test('enabling or replacing an enabled rule does not change its enabling time', async () => {
    expect(await enabledAt([put(), ['EnableRule', {}], put({ Description: 'new' })])).toBe(1000);
  });

  test('EnableRule and PutRule give a disabled rule a new enabling time', async () => {
    expect(await enabledAt([put(), ['DisableRule', {}], ['EnableRule', {}]])).toBe(3000);
    expect(await enabledAt([put({ State: 'DISABLED' }), put()])).toBe(2000);
  });

  test('a new schedule gives a rule a new enabling time', async () => {
    const schedule = (ScheduleExpression: string) => put({ ScheduleExpression });
    expect(await enabledAt([schedule('rate(1 hour)'), schedule('rate(2 hours)')])).toBe(2000);
    expect(await enabledAt([schedule('rate(1 hour)'), schedule('rate(1 hour)')])).toBe(1000);
  });

  test('DisableRule and EnableRule return nothing and change the state of the rule', async () => {
    const { call } = createBusWorld();
    await call('PutRule', { Name: 'orders', EventPattern: pattern });
    expect(await call('DisableRule', { Name: 'orders' })).toEqual({});
    expect(await call('DescribeRule', { Name: 'orders' })).toMatchObject({ State: 'DISABLED' });
    expect(await call('EnableRule', { Name: 'orders' })).toEqual({});
    expect(await call('DescribeRule', { Name: 'orders' })).toMatchObject({ State: 'ENABLED' });
  });
});

describe('refused requests', () => {
  test('PutRule accepts a pattern of 2,048 bytes and refuses a longer one', async () => {
    const { call } = createBusWorld();
    const ofBytes = (bytes: number): string => `{"source":["x${'\u00e9'.repeat((bytes - 16) / 2)}"]}`;
    expect(Buffer.byteLength(ofBytes(2048))).toBe(2048);
    await call('PutRule', { Name: 'p', EventPattern: ofBytes(2048) });
    const message = 'Parameter EventPattern for rule p exceeds limit of 2048';
    const refused = refusal('ValidationException', message);
    await expect(call('PutRule', { Name: 'p', EventPattern: ofBytes(2050) })).rejects.toMatchObject(refused);
  });

  test.each([
    [{}, 'Parameter(s) EventPattern or ScheduleExpression must be specified.'],
    [
      { EventPattern: '', ScheduleExpression: '' },
      'Parameter(s) EventPattern or ScheduleExpression must be specified.',
    ],
    [{ ScheduleExpression: 'rate(1 minutes)' }, 'Parameter ScheduleExpression is not valid.'],
    [{ ScheduleExpression: 'cron(INVALID)' }, 'Parameter ScheduleExpression is not valid.'],
    [{ ScheduleExpression: 'cron(0 dummy ? * MON-FRI *)' }, 'Parameter ScheduleExpression is not valid.'],
    [{ ScheduleExpression: 'cron(7 20 * * NOT *)' }, 'Parameter ScheduleExpression is not valid.'],
    [{ ScheduleExpression: 'cron(71 8 1 * ? *)' }, 'Parameter ScheduleExpression is not valid.'],
    [{ ScheduleExpression: 'cron(0 1 * * * *)' }, 'Parameter ScheduleExpression is not valid.'],
    [{ EventPattern: pattern, ScheduleExpression: 'hourly' }, 'Parameter ScheduleExpression is not valid.'],
  ])('PutRule refuses %j and stores nothing', async (when, message) => {
    const { call } = createBusWorld();
    await expect(call('PutRule', { Name: 'r', ...when })).rejects.toMatchObject(
      refusal('ValidationException', message),
    );
    expect(await call('ListRules')).toEqual({ Rules: [] });
  });

  test.each(['rate(1 minute)', ''])(
    'PutRule refuses the schedule "%s" on a bus other than the default one',
    async (schedule) => {
      const { call } = createBusWorld();
      await call('CreateEventBus', { Name: 'shop' });
      const rule = { Name: 'r', EventBusName: 'shop', EventPattern: pattern, ScheduleExpression: schedule };
      const message = 'ScheduleExpression is supported only on the default event bus.';
      await expect(call('PutRule', rule)).rejects.toMatchObject(refusal('ValidationException', message));
    },
  );

  test('PutRule refuses an invalid event pattern with the reason and stores nothing', async () => {
    const { call } = createBusWorld();
    const refused = call('PutRule', { Name: 'r', EventPattern: '{"source":"shop"}' });
    await expect(refused).rejects.toMatchObject({
      code: 'InvalidEventPatternException',
      message: expect.stringMatching(/^Event pattern is not valid\. Reason: /),
    });
    expect(await call('ListRules')).toEqual({ Rules: [] });
  });

  test.each([
    ['PutRule', { Name: 'r', EventPattern: pattern }],
    ['DescribeRule', { Name: 'r' }],
    ['ListRules', {}],
    ['DeleteRule', { Name: 'r' }],
    ['EnableRule', { Name: 'r' }],
    ['DisableRule', { Name: 'r' }],
    ['PutTargets', { Rule: 'r', Targets: [{ Id: 'a', Arn: queueArn('q') }] }],
    ['ListTargetsByRule', { Rule: 'r' }],
    ['RemoveTargets', { Rule: 'r', Ids: ['a'] }],
    ['ListRuleNamesByTarget', { TargetArn: queueArn('q') }],
  ])('%s is refused for a bus that does not exist', async (operation, input) => {
    const refused = createBusWorld().call(operation, { ...input, EventBusName: 'gone' });
    await expect(refused).rejects.toMatchObject(refusal('ResourceNotFoundException', 'Event bus gone does not exist.'));
  });

  test.each([
    ['DescribeRule', { Name: 'r' }],
    ['EnableRule', { Name: 'r' }],
    ['DisableRule', { Name: 'r' }],
    ['PutTargets', { Rule: 'r', Targets: [{ Id: 'a', Arn: queueArn('q') }] }],
    ['ListTargetsByRule', { Rule: 'r' }],
    ['RemoveTargets', { Rule: 'r', Ids: ['a'] }],
  ])('%s is refused for a rule that does not exist', async (operation, input) => {
    await expect(createBusWorld().call(operation, input)).rejects.toMatchObject(
      refusal('ResourceNotFoundException', 'Rule r does not exist on EventBus default.'),
    );
  });

  test('DeleteRule is refused while the rule has targets', async () => {
    const { call } = createBusWorld();
    await call('PutRule', { Name: 'r', EventPattern: pattern });
    await call('PutTargets', { Rule: 'r', Targets: [{ Id: 'a', Arn: queueArn('q') }] });
    const refused = refusal('ValidationException', "Rule can't be deleted since it has targets.");
    await expect(call('DeleteRule', { Name: 'r', Force: true })).rejects.toMatchObject(refused);
    await call('RemoveTargets', { Rule: 'r', Ids: ['a'] });
    expect(await call('DeleteRule', { Name: 'r' })).toEqual({});
    expect(await call('DeleteRule', { Name: 'r' })).toEqual({});
  });

  test('a bus can have at most 300 rules', async () => {
    const { call } = createBusWorld();
    for (let index = 0; index < 300; index += 1) await call('PutRule', { Name: `r-${index}`, EventPattern: pattern });
    const refused = refusal('LimitExceededException', 'The requested resource exceeds the maximum number allowed.');
    await expect(call('PutRule', { Name: 'more', EventPattern: pattern })).rejects.toMatchObject(refused);
    await expect(call('PutRule', { Name: 'r-7', EventPattern: pattern })).resolves.toBeDefined();
    await call('CreateEventBus', { Name: 'shop' });
    const elsewhere = call('PutRule', { Name: 'more', EventBusName: 'shop', EventPattern: pattern });
    await expect(elsewhere).resolves.toBeDefined();
  });
});

describe('testing a pattern', () => {
  const event = (source: string): string =>
    JSON.stringify({
      id: 'a',
      'detail-type': 'b',
      source,
      account,
      time: '2026-01-01T00:00:00Z',
      region: 'eu-west-1',
      resources: [],
      detail: {},
    });

  test('TestEventPattern tells whether the event matches', async () => {
    const { call } = createBusWorld();
    const matching = await call('TestEventPattern', { EventPattern: pattern, Event: event('shop') });
    expect(matching).toEqual({ Result: true });
    const other = await call('TestEventPattern', { EventPattern: pattern, Event: event('warehouse') });
    expect(other).toEqual({ Result: false });
  });

  test.each(['plain text', '{"source"', '[]'])('TestEventPattern refuses the event %s', async (Event) => {
    const refused = createBusWorld().call('TestEventPattern', { EventPattern: pattern, Event });
    await expect(refused).rejects.toMatchObject(refusal('ValidationException', 'Parameter Event is not valid.'));
  });
});
