import { expect, test } from 'vitest';
import type { JsonObject } from '../../../../lib/core/input/json.ts';
import type { World } from '../world.ts';
import { basicInput, createWorld, oauthInput } from '../world.ts';

async function worldWithConnection(input: JsonObject = basicInput): Promise<{ world: World; ConnectionArn: string }> {
  const world = createWorld();
  const { ConnectionArn } = await world.call('CreateConnection', input);
  return { world, ConnectionArn: String(ConnectionArn) };
}

const endpoint = { InvocationEndpoint: 'https://example.com/orders', HttpMethod: 'POST' };
const named = { Name: 'sink' };
const nowSeconds = Date.UTC(2026, 0, 1) / 1000;
const arn = 'arn:aws:events:us-east-1:123456789012:api-destination/sink/00000000-0000-0000-0000-000000000003';

test('CreateApiDestination answers with ARN, state and times, and the new API destination has the default rate', async () => {
  const { world, ConnectionArn } = await worldWithConnection();
  const created = await world.call('CreateApiDestination', { ...named, ...endpoint, ConnectionArn });
  const written = {
    ApiDestinationArn: arn,
    ApiDestinationState: 'ACTIVE',
    CreationTime: nowSeconds,
    LastModifiedTime: nowSeconds,
  };
  expect(created).toEqual(written);
  const shown = { ...written, ...named, ...endpoint, ConnectionArn, InvocationRateLimitPerSecond: 300 };
  expect(await world.call('DescribeApiDestination', named)).toEqual(shown);
  expect(await world.call('ListApiDestinations', {})).toEqual({ ApiDestinations: [shown] });
});

test('an update changes only the sent members of an API destination, and an empty description removes the stored one', async () => {
  const { world, ConnectionArn } = await worldWithConnection();
  const members = { ...endpoint, ConnectionArn, Description: 'old', InvocationRateLimitPerSecond: 7 };
  await world.call('CreateApiDestination', { ...named, ...members });
  await world.clock.advance(5_000);
  const change = { HttpMethod: 'PUT', InvocationEndpoint: 'https://example.com/v2' };
  expect(await world.call('UpdateApiDestination', { ...named, ...change })).toEqual({
    ApiDestinationArn: arn,
    ApiDestinationState: 'ACTIVE',
    CreationTime: nowSeconds,
    LastModifiedTime: nowSeconds + 5,
  });
  expect(await world.call('DescribeApiDestination', named)).toMatchObject({ ...members, ...change });
  await world.call('UpdateApiDestination', { ...named, Description: '', InvocationRateLimitPerSecond: 8 });
  const shown = await world.call('DescribeApiDestination', named);
  expect(shown).toMatchObject({ ...change, InvocationRateLimitPerSecond: 8 });
  expect(shown).not.toHaveProperty('Description');
});

test('an API destination is INACTIVE when its connection is not authorized, or was deleted and created again', async () => {
  const { world, ConnectionArn } = await worldWithConnection(oauthInput);
  await world.call('CreateApiDestination', { ...named, ...endpoint, ConnectionArn });
  const state = async () => (await world.call('DescribeApiDestination', named))['ApiDestinationState'];
  expect(await state()).toBe('INACTIVE');
  const { incarnation = '', secretVersion = '' } = (await world.connections.read('orders')) ?? {};
  await world.connections.change({ name: 'orders', incarnation, secretVersion, state: 'AUTHORIZED', nowMs: 1 });
  expect(await state()).toBe('ACTIVE');
  await world.call('DeleteConnection', { Name: 'orders' });
  expect(await state()).toBe('INACTIVE');
  await world.call('CreateConnection', basicInput);
  expect(await state()).toBe('INACTIVE');
  expect(await world.call('ListApiDestinations', {})).toMatchObject({
    ApiDestinations: [{ ApiDestinationState: 'INACTIVE', ConnectionArn }],
  });
  expect(await world.call('UpdateApiDestination', { ...named, HttpMethod: 'GET' })).toMatchObject({
    ApiDestinationState: 'INACTIVE',
  });
});

test.each([
  ['that does not exist', (text: string) => text.replace('/orders/', '/nobody/')],
  ['that was deleted and created again', (text: string) => text.replace(/1$/, '9')],
  ['in another account', (text: string) => text.replace('123456789012', '210987654321')],
  ['in another partition', (text: string) => text.replace('arn:aws:', 'arn:aws-cn:')],
])('an API destination cannot name a connection %s', async (_which, change) => {
  const { world, ConnectionArn } = await worldWithConnection();
  const other = change(ConnectionArn);
  const create = world.call('CreateApiDestination', { ...named, ...endpoint, ConnectionArn: other });
  await expect(create).rejects.toMatchObject({
    code: 'ResourceNotFoundException',
    message: `Failed to create the api-destination(s). Connection '${other}' does not exist.`,
  });
  await world.call('CreateApiDestination', { ...named, ...endpoint, ConnectionArn });
  const update = world.call('UpdateApiDestination', { ...named, ConnectionArn: other });
  await expect(update).rejects.toMatchObject({
    code: 'ResourceNotFoundException',
    message: `Failed to update the api-destination(s). Connection '${other}' does not exist.`,
  });
  expect(await world.call('DescribeApiDestination', named)).toMatchObject({ ConnectionArn });
});

test('the ARN of a connection in another region is not valid for an API destination', async () => {
  const { world, ConnectionArn } = await worldWithConnection();
  const other = ConnectionArn.replace('us-east-1', 'eu-west-1');
  await expect(
    world.call('CreateApiDestination', { ...named, ...endpoint, ConnectionArn: other }),
  ).rejects.toMatchObject({
    code: 'ValidationException',
    message: `Failed to create the api-destination(s). Invalid ARN: '${other}'`,
  });
  await world.call('CreateApiDestination', { ...named, ...endpoint, ConnectionArn });
  await expect(world.call('UpdateApiDestination', { ...named, ConnectionArn: other })).rejects.toMatchObject({
    code: 'ValidationException',
    message: `Failed to update the api-destination(s). Invalid ARN: '${other}'`,
  });
});

test('an API destination cannot name a connection that is being deleted', async () => {
  const { world, ConnectionArn } = await worldWithConnection();
  world.faults.fail('secrets.remove', 'before');
  await expect(world.call('DeleteConnection', { Name: 'orders' })).rejects.toThrow();
  await expect(world.call('CreateApiDestination', { ...named, ...endpoint, ConnectionArn })).rejects.toMatchObject({
    code: 'ResourceNotFoundException',
  });
});

test('an invalid endpoint is refused before the table is read', async () => {
  const { world, ConnectionArn } = await worldWithConnection();
  const InvocationEndpoint = 'http://example.com/';
  const reason =
    "Parameter InvocationEndpoint is not valid. Reason: Endpoint 'http://example.com/' is invalid, please provide a valid HTTPS endpoint URL.";
  await expect(
    world.call('CreateApiDestination', { ...named, ...endpoint, ConnectionArn, InvocationEndpoint }),
  ).rejects.toMatchObject({ message: `Failed to create the api-destination(s). ${reason}` });
  await expect(world.call('UpdateApiDestination', { ...named, InvocationEndpoint })).rejects.toMatchObject({
    code: 'ValidationException',
    message: `Failed to update the api-destination(s). ${reason}`,
  });
});

test.each([
  ['DescribeApiDestination', 'describe'],
  ['UpdateApiDestination', 'update'],
  ['DeleteApiDestination', 'delete'],
])('%s of an unknown API destination answers that it does not exist', async (operation, verb) => {
  await expect(createWorld().call(operation, named)).rejects.toMatchObject({
    code: 'ResourceNotFoundException',
    message: `Failed to ${verb} the api-destination(s). An api-destination 'sink' does not exist.`,
  });
});

test('only one of several simultaneous creates of an API destination with the same name succeeds', async () => {
  const { world, ConnectionArn } = await worldWithConnection();
  const input = { ...named, ...endpoint, ConnectionArn };
  const outcomes = await Promise.allSettled([
    world.call('CreateApiDestination', input),
    world.call('CreateApiDestination', input),
  ]);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  const taken = {
    code: 'ResourceAlreadyExistsException',
    message: "Failed to create the api-destination(s). An api-destination 'sink' already exists.",
  };
  expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: taken });
  await expect(world.call('CreateApiDestination', input)).rejects.toMatchObject(taken);
  expect(await world.call('DeleteApiDestination', named)).toEqual({});
  const { ApiDestinationArn } = await world.call('CreateApiDestination', input);
  expect(ApiDestinationArn).not.toBe(arn);
});

test('exactly one of several simultaneous updates of an API destination succeeds', async () => {
  const { world, ConnectionArn } = await worldWithConnection();
  await world.call('CreateApiDestination', { ...named, ...endpoint, ConnectionArn });
  const outcomes = await Promise.allSettled(
    [1, 2, 3].map((rate) => world.call('UpdateApiDestination', { ...named, InvocationRateLimitPerSecond: rate })),
  );
  const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
    reason: {
      code: 'ConcurrentModificationException',
      message:
        "Failed to update the api-destination(s). Api-destination 'sink' has been modified concurrently. Try again.",
    },
  });
  expect(await world.call('DescribeApiDestination', named)).toMatchObject({
    InvocationRateLimitPerSecond: winner + 1,
  });
  const held = world.faults.hold('apiDestinations.update');
  const late = world.call('UpdateApiDestination', { ...named, HttpMethod: 'GET' });
  await held.reached;
  await world.call('DeleteApiDestination', named);
  held.release();
  await expect(late).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
});

test('deleting an API destination that is updated at the same time is refused, and succeeds when repeated', async () => {
  const { world, ConnectionArn } = await worldWithConnection();
  await world.call('CreateApiDestination', { ...named, ...endpoint, ConnectionArn });
  const held = world.faults.hold('apiDestinations.remove');
  const late = world.call('DeleteApiDestination', named);
  await held.reached;
  await world.call('UpdateApiDestination', { ...named, HttpMethod: 'GET' });
  held.release();
  await expect(late).rejects.toMatchObject({ code: 'ConcurrentModificationException' });
  expect(await world.call('DeleteApiDestination', named)).toEqual({});
});

test('the API destination that reaches the quota is created, and the next one is refused', async () => {
  const { world, ConnectionArn } = await worldWithConnection();
  await world.call('CreateApiDestination', { ...named, ...endpoint, ConnectionArn });
  const first = await world.apiDestinations.read('sink');
  if (first === undefined) throw new Error('There is no first destination.');
  for (let index = 1; index < 2999; index += 1) {
    await world.apiDestinations.create({ ...first, name: `d-${index}`, incarnation: `i-${index}` });
  }
  await world.call('CreateApiDestination', { Name: 'last', ...endpoint, ConnectionArn });
  await expect(
    world.call('CreateApiDestination', { Name: 'one-more', ...endpoint, ConnectionArn }),
  ).rejects.toMatchObject({
    code: 'LimitExceededException',
    message: 'Failed to create the api-destination(s). The quota of 3000 api-destinations has been reached.',
  });
});
