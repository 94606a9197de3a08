import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../../lib/core/input/json.ts';
import { arn, type BusWorld, createBusWorld, refusal } from './operations-world.ts';

async function policyOf({ call }: BusWorld, Name: string): Promise<unknown> {
  const { Policy } = await call('DescribeEventBus', { Name });
  return Policy === undefined ? undefined : JSON.parse(String(Policy));
}

async function withBus(): Promise<BusWorld> {
  const world = createBusWorld();
  await world.call('CreateEventBus', { Name: 'shop' });
  return world;
}

const allowed = (StatementId: string, Principal: string): JsonObject => ({
  Action: 'events:PutEvents',
  Principal,
  StatementId,
});

const statement = (Sid: string, account: string, bus: string): JsonObject => ({
  Sid,
  Effect: 'Allow',
  Principal: account === '*' ? '*' : { AWS: `arn:aws:iam::${account}:root` },
  Action: 'events:PutEvents',
  Resource: arn(`event-bus/${bus}`),
});

const whole = {
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'five',
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'events:ListRules',
      Resource: '*',
    },
  ],
};

describe.each(['shop', 'default'])('the policy of the bus %s', (EventBusName) => {
  test(`statements for the bus ${EventBusName} are added, replaced by their id, and shown in order`, async () => {
    const world = await withBus();
    for (const [id, account] of [
      ['one', '123456789012'],
      ['two', '*'],
      ['three', '210987654321'],
      ['two', '123456789012'],
    ] as const) {
      expect(await world.call('PutPermission', { EventBusName, ...allowed(id, account) })).toEqual({});
    }
    expect(await policyOf(world, EventBusName)).toEqual({
      Version: '2012-10-17',
      Statement: [
        statement('one', '123456789012', EventBusName),
        statement('two', '123456789012', EventBusName),
        statement('three', '210987654321', EventBusName),
      ],
    });
  });

  test(`a whole policy for the bus ${EventBusName} replaces all statements, and another statement can be added to it`, async () => {
    const world = await withBus();
    await world.call('PutPermission', { EventBusName, ...allowed('one', '*') });
    await world.call('PutPermission', { EventBusName, Policy: JSON.stringify(whole) });
    expect(await policyOf(world, EventBusName)).toEqual(whole);
    await world.call('PutPermission', { EventBusName, ...allowed('six', '*') });
    expect(await policyOf(world, EventBusName)).toEqual({
      ...whole,
      Statement: [...whole.Statement, statement('six', '*', EventBusName)],
    });
  });

  test(`a statement for the bus ${EventBusName} is removed by its id, and the policy ends with its last statement`, async () => {
    const world = await withBus();
    await world.call('PutPermission', { EventBusName, ...allowed('one', '123456789012') });
    await world.call('PutPermission', { EventBusName, ...allowed('two', '210987654321') });
    const removal = { EventBusName, StatementId: 'one', RemoveAllPermissions: false };
    expect(await world.call('RemovePermission', removal)).toEqual({});
    expect(await policyOf(world, EventBusName)).toMatchObject({ Statement: [{ Sid: 'two' }] });
    await world.call('RemovePermission', { EventBusName, StatementId: 'two' });
    expect(await policyOf(world, EventBusName)).toBeUndefined();
  });

  test(`RemoveAllPermissions removes the policy of the bus ${EventBusName}`, async () => {
    const world = await withBus();
    await world.call('PutPermission', { EventBusName, ...allowed('one', '*') });
    expect(await world.call('RemovePermission', { EventBusName, RemoveAllPermissions: true })).toEqual({});
    expect(await policyOf(world, EventBusName)).toBeUndefined();
    await expect(world.call('RemovePermission', { EventBusName, RemoveAllPermissions: true })).rejects.toMatchObject(
      refusal('ResourceNotFoundException', 'EventBus does not have a policy.'),
    );
  });

  test.each([true, false])(
    `removing a missing statement from the bus ${EventBusName} is refused, also when a policy is there: %s`,
    async (hasPolicy) => {
      const { call } = await withBus();
      if (hasPolicy) await call('PutPermission', { EventBusName, ...allowed('one', '*') });
      await expect(call('RemovePermission', { EventBusName, StatementId: 'gone' })).rejects.toMatchObject(
        refusal('ResourceNotFoundException', 'Statement with the provided id does not exist.'),
      );
    },
  );
});

test('a permission that names no bus belongs to the default bus, and ListEventBuses shows it', async () => {
  const world = createBusWorld();
  const Condition = { Type: 'StringEquals', Key: 'aws:PrincipalOrgID', Value: 'o-1' };
  await world.call('PutPermission', { ...allowed('org', '*'), Condition });
  const expected = {
    ...statement('org', '*', 'default'),
    Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } },
  };
  const policy = { Version: '2012-10-17', Statement: [expected] };
  expect(await policyOf(world, 'default')).toEqual(policy);
  expect(await world.call('ListEventBuses')).toMatchObject({ EventBuses: [{ Policy: JSON.stringify(policy) }] });
});

test('the policy of a deleted bus is gone when a bus of that name is created again', async () => {
  const world = await withBus();
  await world.call('PutPermission', { EventBusName: 'shop', ...allowed('one', '*') });
  await world.call('DeleteEventBus', { Name: 'shop' });
  await world.call('CreateEventBus', { Name: 'shop' });
  expect(await policyOf(world, 'shop')).toBeUndefined();
});

const neither = 'Either Policy, or Action, Principal and StatementId must be specified.';

test.each<[string, JsonObject, string, string]>([
  [
    'PutPermission',
    { EventBusName: 'gone', ...allowed('one', '*') },
    'ResourceNotFoundException',
    'Event bus gone does not exist.',
  ],
  [
    'RemovePermission',
    { EventBusName: 'gone', StatementId: 'one' },
    'ResourceNotFoundException',
    'Event bus gone does not exist.',
  ],
  ['PutPermission', {}, 'ValidationException', neither],
  ['PutPermission', { Action: 'events:PutEvents', Principal: '*' }, 'ValidationException', neither],
  [
    'PutPermission',
    { Policy: JSON.stringify(whole), StatementId: 'one' },
    'ValidationException',
    'Either Policy, or Action, Principal and StatementId must be specified, but not both.',
  ],
  [
    'PutPermission',
    { ...allowed('one', '*'), Action: 'events:PutRule' },
    'ValidationException',
    "Provided value in parameter 'action' is not supported.",
  ],
  [
    'PutPermission',
    { ...allowed('one', '*'), Condition: { Type: 'StringLike', Key: 'aws:PrincipalOrgID', Value: 'o' } },
    'ValidationException',
    'Parameter Condition.Type is not valid. Reason: The only supported type is StringEquals.',
  ],
  [
    'PutPermission',
    { ...allowed('one', '*'), Condition: { Type: 'StringEquals', Key: 'aws:SourceIp', Value: 'o' } },
    'ValidationException',
    'Parameter Condition.Key is not valid. Reason: The only supported key is aws:PrincipalOrgID.',
  ],
  ...['', '{', '[]', '7', '{}', '{"Statement":[]}', '{"Statement":"x"}', '{"Statement":[7]}'].map(
    (Policy): [string, JsonObject, string, string] => [
      'PutPermission',
      { Policy },
      'ValidationException',
      'Parameter Policy is not valid. Reason: It must be a JSON object with at least one Statement.',
    ],
  ),
  ['RemovePermission', {}, 'ValidationException', 'Either StatementId or RemoveAllPermissions must be specified.'],
  [
    'PutPermission',
    { Policy: JSON.stringify({ ...whole, Id: 'x'.repeat(10_240) }) },
    'PolicyLengthExceededException',
    'The policy of an event bus must have at most 10240 bytes.',
  ],
])('%s with %j is refused as %s: %s', async (operation, input, code, message) => {
  const world = createBusWorld();
  await expect(world.call(operation, input)).rejects.toMatchObject(refusal(code, message));
  expect(await policyOf(world, 'default')).toBeUndefined();
});

test.each([
  [{ ...allowed('a b', '*') }, "Value 'a b' at 'statementId'"],
  [{ ...allowed('one', '1234') }, "Value '1234' at 'principal'"],
  [{ ...allowed('one', '*'), Action: 'PutEvents' }, "Value 'PutEvents' at 'action'"],
])('PutPermission with %j is refused by the service model', async (input, part) => {
  await expect(createBusWorld().call('PutPermission', input)).rejects.toThrow(part);
});
