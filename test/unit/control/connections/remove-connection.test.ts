import { expect, test } from 'vitest';
import { InjectedFault } from '../../../fakes/faults.ts';
import type { World } from '../world.ts';
import { basicInput, createWorld, oauthInput } from '../world.ts';

async function worldWithOrders(): Promise<World> {
  const world = createWorld();
  await world.call('CreateConnection', basicInput);
  await world.clock.advance(10_000);
  return world;
}

const orders = { Name: 'orders' };

test('a deletion answers DELETING with every time; afterwards connection and secret are gone', async () => {
  const world = await worldWithOrders();
  const { ConnectionArn, CreationTime } = await world.call('DescribeConnection', orders);
  expect(await world.call('DeleteConnection', orders)).toEqual({
    ConnectionArn,
    ConnectionState: 'DELETING',
    CreationTime,
    LastModifiedTime: Number(CreationTime) + 10,
    LastAuthorizedTime: CreationTime,
  });
  expect(world.secrets.names()).toEqual([]);
  await expect(world.call('DescribeConnection', orders)).rejects.toMatchObject({
    code: 'ResourceNotFoundException',
    message: "Failed to describe the connection(s). Connection 'orders' does not exist.",
  });
  await expect(world.call('DeleteConnection', orders)).rejects.toMatchObject({
    code: 'ResourceNotFoundException',
    message: "Failed to delete the connection(s). Connection 'orders' does not exist.",
  });
});

test('a connection of the same name can be created after a deletion and has another ARN', async () => {
  const world = await worldWithOrders();
  const { ConnectionArn: before } = await world.call('DeleteConnection', orders);
  const { ConnectionArn: after } = await world.call('CreateConnection', basicInput);
  expect(after).not.toBe(before);
});

test.each([
  ['connections.update', 'before'],
  ['connections.update', 'after'],
  ['secrets.remove', 'before'],
  ['secrets.remove', 'after'],
  ['connections.remove', 'before'],
] as const)('a deletion that failed when %s failed %s its effect is finished by the next', async (call, time) => {
  const world = await worldWithOrders();
  world.faults.fail(call, time);
  await expect(world.call('DeleteConnection', orders)).rejects.toThrow(InjectedFault);
  await world.expectConsistent();
  expect(await world.call('DeleteConnection', orders)).toMatchObject({ ConnectionState: 'DELETING' });
  expect(world.connections.all()).toEqual([]);
  expect(world.secrets.names()).toEqual([]);
});

test('a deauthorization answers DEAUTHORIZING; afterwards there are no credentials and no secret', async () => {
  const world = await worldWithOrders();
  const { ConnectionArn, CreationTime } = await world.call('DescribeConnection', orders);
  expect(await world.call('DeauthorizeConnection', orders)).toEqual({
    ConnectionArn,
    ConnectionState: 'DEAUTHORIZING',
    CreationTime,
    LastModifiedTime: Number(CreationTime) + 10,
    LastAuthorizedTime: CreationTime,
  });
  expect(world.secrets.names()).toEqual([]);
  expect(await world.call('DescribeConnection', orders)).toEqual({
    ConnectionArn,
    Name: 'orders',
    ConnectionState: 'DEAUTHORIZED',
    StateReason: 'Its authorization parameters were removed by DeauthorizeConnection.',
    AuthorizationType: 'BASIC',
    CreationTime,
    LastModifiedTime: Number(CreationTime) + 10,
    LastAuthorizedTime: CreationTime,
  });
});

test('deauthorizing what is deauthorized answers the same again', async () => {
  const world = await worldWithOrders();
  await world.call('DeauthorizeConnection', orders);
  expect(await world.call('DeauthorizeConnection', orders)).toMatchObject({ ConnectionState: 'DEAUTHORIZING' });
  expect(await world.call('DescribeConnection', orders)).toMatchObject({ ConnectionState: 'DEAUTHORIZED' });
});

test.each([
  ['connections.update', 'before'],
  ['connections.update', 'after'],
  ['secrets.remove', 'before'],
  ['secrets.remove', 'after'],
] as const)(
  'a deauthorization that failed when %s failed %s its effect is finished by the next',
  async (call, time) => {
    const world = await worldWithOrders();
    world.faults.fail(call, time);
    await expect(world.call('DeauthorizeConnection', orders)).rejects.toThrow(InjectedFault);
    await world.expectConsistent();
    await world.call('DeauthorizeConnection', orders);
    expect(await world.call('DescribeConnection', orders)).toMatchObject({ ConnectionState: 'DEAUTHORIZED' });
    expect(world.secrets.names()).toEqual([]);
  },
);

test('while a connection is being deauthorized or deleted, a late worker cannot bring it back', async () => {
  const world = createWorld();
  await world.call('CreateConnection', oauthInput);
  const { incarnation = '', secretVersion = '' } = (await world.connections.read('orders')) ?? {};
  const late = { name: 'orders', incarnation, secretVersion, state: 'AUTHORIZED' as const, nowMs: 1 };
  for (const operation of ['DeauthorizeConnection', 'DeleteConnection']) {
    const held = world.faults.hold('secrets.remove');
    const removed = world.call(operation, orders);
    await held.reached;
    expect(await world.connections.change(late)).toBe(false);
    held.release();
    await removed;
    expect(await world.connections.change(late)).toBe(false);
  }
});

test('a deletion and an update at the same time: one of them is refused, and nothing is left over', async () => {
  const world = await worldWithOrders();
  const held = world.faults.hold('connections.update');
  const updated = world.call('UpdateConnection', { ...orders, AuthParameters: basicInput.AuthParameters });
  await held.reached;
  await world.call('DeleteConnection', orders);
  held.release();
  await expect(updated).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
  expect(world.secrets.names()).toEqual([]);
});
