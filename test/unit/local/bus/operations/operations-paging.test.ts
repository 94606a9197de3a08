import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../../lib/core/input/json.ts';
import { type BusWorld, createBusWorld, pattern, queueArn } from './operations-world.ts';

interface List {
  readonly operation: string;
  readonly input: JsonObject;
  readonly member: string;
  readonly nameOf: (item: unknown) => unknown;
  readonly put: (world: BusWorld, name: string) => Promise<unknown>;
  readonly remove: (world: BusWorld, name: string) => Promise<unknown>;
}

const Arn = queueArn('q');
const named = (member: string) => (item: unknown) => (item as Record<string, unknown>)[member];
const putRule = ({ call }: BusWorld, Name: string) => call('PutRule', { Name, EventPattern: pattern });

const lists: readonly List[] = [
  {
    operation: 'ListEventBuses',
    input: { NamePrefix: 'n' },
    member: 'EventBuses',
    nameOf: named('Name'),
    put: ({ call }, Name) => call('CreateEventBus', { Name }),
    remove: ({ call }, Name) => call('DeleteEventBus', { Name }),
  },
  {
    operation: 'ListRules',
    input: { NamePrefix: 'n' },
    member: 'Rules',
    nameOf: named('Name'),
    put: putRule,
    remove: ({ call }, Name) => call('DeleteRule', { Name }),
  },
  {
    operation: 'ListTargetsByRule',
    input: { Rule: 'of-targets' },
    member: 'Targets',
    nameOf: named('Id'),
    put: async (world, Id) => {
      await putRule(world, 'of-targets');
      await world.call('PutTargets', { Rule: 'of-targets', Targets: [{ Id, Arn }] });
    },
    remove: ({ call }, id) => call('RemoveTargets', { Rule: 'of-targets', Ids: [id] }),
  },
  {
    operation: 'ListRuleNamesByTarget',
    input: { TargetArn: Arn },
    member: 'RuleNames',
    nameOf: (item) => item,
    put: async (world, Rule) => {
      await putRule(world, Rule);
      await world.call('PutTargets', { Rule, Targets: [{ Id: 'a', Arn }] });
    },
    remove: ({ call }, Rule) => call('RemoveTargets', { Rule, Ids: ['a'] }),
  },
];

describe.each(lists)('$operation', ({ operation, input, member, nameOf, put, remove }) => {
  async function page(world: BusWorld, members: JsonObject) {
    const { NextToken, ...answer } = await world.call(operation, { ...input, ...members });
    return { names: (answer[member] as unknown[]).map(nameOf), NextToken: NextToken as string };
  }

  async function filled(): Promise<BusWorld> {
    const world = createBusWorld();
    for (const name of ['n4', 'n2', 'n3', 'n1']) await put(world, name);
    return world;
  }

  test(`${operation} sorts by name and returns pages of Limit items`, async () => {
    const world = await filled();
    const first = await page(world, { Limit: 2 });
    expect(first).toEqual({ names: ['n1', 'n2'], NextToken: expect.any(String) });
    const second = await page(world, { Limit: 2, NextToken: first.NextToken });
    expect(second).toEqual({ names: ['n3', 'n4'], NextToken: undefined });
  });

  test(`${operation} lists each item once, even if others are created and deleted between pages`, async () => {
    const world = await filled();
    const first = await page(world, { Limit: 2 });
    await remove(world, 'n1');
    await remove(world, 'n2');
    await put(world, 'n0');
    await put(world, 'n5');
    const { NextToken } = first;
    expect((await page(world, { Limit: 3, NextToken })).names).toEqual(['n3', 'n4', 'n5']);
  });

  test.each(['x', 'bm90IG91cnM'])(
    `${operation} refuses the NextToken %s, which no list has returned`,
    async (NextToken) => {
      const world = await filled();
      await expect(world.call(operation, { ...input, NextToken })).rejects.toMatchObject({
        code: 'ValidationException',
        message: expect.stringMatching(/^Parameter NextToken is not valid\./),
      });
    },
  );
});

test('a NextToken is refused with another prefix, bus, region or operation', async () => {
  const { call } = createBusWorld();
  await call('CreateEventBus', { Name: 'shop' });
  for (const Name of ['n1', 'n2', 'n3']) await call('PutRule', { Name, EventPattern: pattern });
  const { NextToken } = (await call('ListRules', { Limit: 1, NamePrefix: 'n' })) as { NextToken: string };
  const refused = { code: 'ValidationException' };
  await expect(call('ListRules', { NextToken })).rejects.toMatchObject(refused);
  await expect(call('ListRules', { NextToken, NamePrefix: 'n', EventBusName: 'shop' })).rejects.toMatchObject(refused);
  await expect(call('ListRules', { NextToken, NamePrefix: 'n' }, 'us-east-1')).rejects.toMatchObject(refused);
  await expect(call('ListEventBuses', { NextToken, NamePrefix: 'n' })).rejects.toMatchObject(refused);
});

test('the characters % and _ in a NamePrefix are not wildcards', async () => {
  const { call } = createBusWorld();
  for (const Name of ['a_b', 'axb', 'A_b', 'a_']) await call('PutRule', { Name, EventPattern: pattern });
  const { Rules } = (await call('ListRules', { NamePrefix: 'a_' })) as { Rules: { Name: string }[] };
  expect(Rules.map(({ Name }) => Name)).toEqual(['a_', 'a_b']);
});
