import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../lib/core/input/json.ts';
import { InjectedFault } from '../../../fakes/faults.ts';
import type { World } from '../world.ts';
import { apiKeyInput, basicInput, createWorld, oauthInput } from '../world.ts';

async function worldWith(input: JsonObject): Promise<World> {
  const world = createWorld();
  await world.call('CreateConnection', input);
  await world.clock.advance(10_000);
  return world;
}

const update = (world: World, members: JsonObject) => world.call('UpdateConnection', { Name: 'orders', ...members });
const describeOrders = (world: World) => world.call('DescribeConnection', { Name: 'orders' });

describe('an update of the credentials that fails half-way', () => {
  test.each([
    ['secrets.addVersion', 'before', apiKeyInput],
    ['secrets.addVersion', 'after', apiKeyInput],
    ['connections.update', 'before', apiKeyInput],
    ['connections.update', 'after', apiKeyInput],
    ['secrets.makeCurrent', 'before', apiKeyInput],
    ['secrets.makeCurrent', 'after', apiKeyInput],
    ['authorizer.start', 'before', oauthInput],
    ['authorizer.start', 'after', oauthInput],
  ] as const)('an update keeps the old credentials when %s fails %s it takes effect', async (call, time, input) => {
    const world = await worldWith(basicInput);
    const shown = await describeOrders(world);
    world.faults.fail(call, time);
    await expect(update(world, input)).rejects.toThrow(InjectedFault);
    expect(await describeOrders(world)).toEqual(shown);
    expect(await world.secretInForce('orders')).toMatchObject({ username: 'someone' });
    const stored = await world.connections.read('orders');
    expect((await world.secrets.read(stored?.secretArn ?? '', 'AWSCURRENT'))?.version).toBe(stored?.secretVersion);
    await update(world, input);
    await world.expectConsistent();
  });

  test('an update that cannot start the authorization keeps the old credentials, even if a worker already has a token', async () => {
    const world = createWorld({
      onStart: async (incarnation, connections) => {
        const { secretVersion = '' } = (await connections.read('orders')) ?? {};
        await connections.change({ name: 'orders', incarnation, secretVersion, state: 'AUTHORIZED', nowMs: 1 });
      },
    });
    await world.call('CreateConnection', basicInput);
    world.faults.fail('authorizer.start', 'after');
    await expect(update(world, oauthInput)).rejects.toThrow(InjectedFault);
    expect(await describeOrders(world)).toMatchObject({ AuthorizationType: 'BASIC', ConnectionState: 'AUTHORIZED' });
    expect(await world.secretInForce('orders')).toMatchObject({ username: 'someone' });
  });

  test('a failed update leaves all of the new credentials in use when the item cannot be restored', async () => {
    const world = await worldWith(basicInput);
    world.faults.fail('secrets.makeCurrent', 'before', 'always');
    const held = world.faults.hold('secrets.makeCurrent');
    const updated = update(world, apiKeyInput);
    await held.reached;
    world.faults.fail('connections.update', 'before', 'always');
    held.release();
    await expect(updated).rejects.toThrow(InjectedFault);
    expect(await world.secretInForce('orders')).toEqual({ api_key_name: 'X-Api-Key', api_key_value: 'canary-key' });
    await world.expectConsistent();
  });

  test('a failed update does not undo another update that came in between', async () => {
    const world = await worldWith(basicInput);
    const held = world.faults.hold('connections.update');
    const loser = update(world, { AuthParameters: { BasicAuthParameters: { Username: 'loser' } } });
    await held.reached;
    await update(world, { AuthParameters: { BasicAuthParameters: { Username: 'winner' } } });
    held.release();
    await expect(loser).rejects.toMatchObject({ code: 'ConcurrentModificationException' });
    expect(await world.secretInForce('orders')).toMatchObject({ username: 'winner' });
    const stored = await world.connections.read('orders');
    expect((await world.secrets.read(stored?.secretArn ?? '', 'AWSCURRENT'))?.version).toBe(stored?.secretVersion);
  });
});

test('after two updates in quick succession, the label AWSCURRENT is on the version of the later one', async () => {
  const world = await worldWith(basicInput);
  const held = world.faults.hold('secrets.makeCurrent');
  const earlier = update(world, { AuthParameters: { BasicAuthParameters: { Username: 'earlier' } } });
  await held.reached;
  await update(world, { AuthParameters: { BasicAuthParameters: { Username: 'later' } } });
  held.release();
  await earlier;
  expect(await world.secretInForce('orders')).toMatchObject({ username: 'later' });
  const stored = await world.connections.read('orders');
  expect((await world.secrets.read(stored?.secretArn ?? '', 'AWSCURRENT'))?.version).toBe(stored?.secretVersion);
});

describe('a connection that was deauthorized', () => {
  async function deauthorized(): Promise<World> {
    const world = await worldWith(basicInput);
    await world.call('DeauthorizeConnection', { Name: 'orders' });
    return world;
  }

  test('a deauthorized connection is authorized by an update with all credentials, in a new secret', async () => {
    const world = await deauthorized();
    await expect(update(world, { AuthParameters: { BasicAuthParameters: { Password: 'canary' } } })).rejects.toThrow(
      'AuthParameters.BasicAuthParameters.Username is not valid',
    );
    expect(world.secrets.names()).toEqual([]);
    await update(world, { AuthParameters: basicInput.AuthParameters });
    const shown = await describeOrders(world);
    expect(shown).toMatchObject({ ConnectionState: 'AUTHORIZED', SecretArn: expect.any(String) as unknown });
    expect(shown).not.toHaveProperty('StateReason');
    expect(world.secrets.names()).toHaveLength(1);
    await world.expectConsistent();
  });

  test('the description of a deauthorized connection can be changed', async () => {
    const world = await deauthorized();
    await update(world, { Description: 'resting' });
    expect(await describeOrders(world)).toMatchObject({ ConnectionState: 'DEAUTHORIZED', Description: 'resting' });
  });

  test.each([
    ['secrets.create', 'before'],
    ['secrets.create', 'after'],
    ['connections.update', 'before'],
    ['connections.update', 'after'],
    ['secrets.remove', 'before'],
  ] as const)(
    'a deauthorized connection stays deauthorized, without any secret, when %s fails %s it takes effect',
    async (call, time) => {
      const world = await deauthorized();
      world.faults.fail(call, time);
      await expect(update(world, apiKeyInput)).rejects.toThrow(InjectedFault);
      expect(await describeOrders(world)).toMatchObject({
        ConnectionState: 'DEAUTHORIZED',
        AuthorizationType: 'BASIC',
      });
      expect(world.secrets.names()).toEqual([]);
    },
  );

  test('a deauthorized connection stays deauthorized, without any secret, when its first token cannot be requested', async () => {
    const world = await deauthorized();
    world.faults.fail('authorizer.start', 'after');
    await expect(update(world, oauthInput)).rejects.toThrow(InjectedFault);
    expect(await describeOrders(world)).toMatchObject({ ConnectionState: 'DEAUTHORIZED' });
    expect(world.secrets.names()).toEqual([]);
  });

  test('two simultaneous updates of a deauthorized connection leave one secret', async () => {
    const world = await deauthorized();
    const held = world.faults.hold('secrets.create');
    const late = update(world, apiKeyInput);
    await held.reached;
    await update(world, { AuthParameters: basicInput.AuthParameters });
    held.release();
    await expect(late).rejects.toMatchObject({ code: 'ConcurrentModificationException' });
    expect(await world.secretInForce('orders')).toMatchObject({ username: 'someone' });
    expect(world.secrets.names()).toHaveLength(1);
    await world.expectConsistent();
  });
});
