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

test('DeleteConnection answers with the state DELETING and all times, and removes the connection and its secret', async () => {
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

test('a connection that is created again after its deletion has another ARN', async () => {
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
] as const)(
  'the next DeleteConnection finishes a deletion that failed because %s failed %s it took effect',
  async (call, time) => {
    const world = await worldWithOrders();
    world.faults.fail(call, time);
    await expect(world.call('DeleteConnection', orders)).rejects.toThrow(InjectedFault);
    await world.expectConsistent();
    expect(await world.call('DeleteConnection', orders)).toMatchObject({ ConnectionState: 'DELETING' });
    expect(world.connections.all()).toEqual([]);
    expect(world.secrets.names()).toEqual([]);
  },
);

test('DeauthorizeConnection answers with the state DEAUTHORIZING, and removes the credentials and the secret', async () => {
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
    StateReason: 'DeauthorizeConnection removed the authorization parameters.',
    AuthorizationType: 'BASIC',
    CreationTime,
    LastModifiedTime: Number(CreationTime) + 10,
    LastAuthorizedTime: CreationTime,
  });
});

test('a second DeauthorizeConnection gives the same answer as the first', async () => {
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
  'the next DeauthorizeConnection finishes one that failed because %s failed %s it took effect',
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

test('a late worker cannot authorize a connection that is being deauthorized or deleted', async () => {
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

test('when a connection is deleted and updated at the same time, one request is refused and no secret is left over', async () => {
  const world = await worldWithOrders();
  const held = world.faults.hold('connections.update');
  const updated = world.call('UpdateConnection', { ...orders, AuthParameters: basicInput.AuthParameters });
  await held.reached;
  await world.call('DeleteConnection', orders);
  held.release();
  await expect(updated).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
  expect(world.secrets.names()).toEqual([]);
});
