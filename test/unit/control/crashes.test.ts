import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../lib/core/input/json.ts';
import type { World } from './world.ts';
import { apiKeyInput, basicInput, createWorld, oauthInput } from './world.ts';

/*
 * A process can die before or after any of its calls to a store. Whenever it dies, every secret must still belong to a
 * connection, every usable connection must have its secret, and a deletion must remove everything.
 */

interface Scenario {
  readonly operation: string;
  readonly input: JsonObject;
  readonly prepare: (world: World) => Promise<unknown>;
}

const created = (input: JsonObject) => (world: World) => world.call('CreateConnection', input);

async function deauthorized(world: World): Promise<void> {
  await world.call('CreateConnection', basicInput);
  await world.call('DeauthorizeConnection', { Name: 'orders' });
}

const scenarios: readonly (readonly [string, Scenario])[] = [
  ['a create', { operation: 'CreateConnection', input: basicInput, prepare: async () => {} }],
  ['a create with OAuth', { operation: 'CreateConnection', input: oauthInput, prepare: async () => {} }],
  ['an update', { operation: 'UpdateConnection', input: apiKeyInput, prepare: created(basicInput) }],
  ['an update to OAuth', { operation: 'UpdateConnection', input: oauthInput, prepare: created(basicInput) }],
  [
    'an update of a deauthorized connection',
    { operation: 'UpdateConnection', input: apiKeyInput, prepare: deauthorized },
  ],
  [
    'a deauthorization',
    { operation: 'DeauthorizeConnection', input: { Name: 'orders' }, prepare: created(basicInput) },
  ],
  ['a deletion', { operation: 'DeleteConnection', input: { Name: 'orders' }, prepare: created(basicInput) }],
];

/** The number of calls to stores that the operation makes when nothing fails. */
async function countCalls({ operation, input, prepare }: Scenario): Promise<number> {
  const world = createWorld();
  await prepare(world);
  world.faults.heal();
  await world.call(operation, input);
  return world.faults.calls.length;
}

describe.each(scenarios)('%s that is interrupted', (name, scenario) => {
  test.each(['before', 'after'] as const)(
    `DeleteConnection removes everything after a process has died %s a call of ${name}`,
    async (time) => {
      const calls = await countCalls(scenario);
      expect(calls).toBeGreaterThan(2);
      for (let call = 1; call <= calls; call += 1) {
        const world = createWorld();
        await scenario.prepare(world);
        world.faults.heal();
        world.faults.dieAt(call, time);
        await expect(world.call(scenario.operation, scenario.input)).rejects.toThrow();
        await world.expectConsistent();
        world.faults.heal();
        if ((await world.connections.read('orders')) !== undefined) {
          await world.call('DescribeConnection', { Name: 'orders' });
          await world.call('DeleteConnection', { Name: 'orders' });
        }
        expect(world.connections.all()).toEqual([]);
        expect(world.secrets.names()).toEqual([]);
      }
    },
  );

  test.each(['before', 'after'] as const)(
    `${name} can be repeated within two minutes when the process has died %s a call`,
    async (time) => {
      const calls = await countCalls(scenario);
      for (let call = 1; call <= calls; call += 1) {
        const world = createWorld();
        await scenario.prepare(world);
        world.faults.heal();
        world.faults.dieAt(call, time);
        await expect(world.call(scenario.operation, scenario.input)).rejects.toThrow();
        world.faults.heal();
        await world.clock.advance(120_000);
        await world.call(scenario.operation, scenario.input).catch((error: unknown) => {
          // The operation had already finished and only its answer was lost.
          expect(error).toMatchObject({
            code: expect.stringMatching(/^Resource(AlreadyExists|NotFound)Exception$/) as unknown,
          });
        });
        await world.expectConsistent();
      }
    },
  );
});
