import { expect, test } from 'vitest';
import { createResourceWorld, type ResourceWorld } from './resource-world.ts';

const connection = {
  Name: 'shop',
  AuthorizationType: 'BASIC',
  AuthParameters: { BasicAuthParameters: { Username: 'jo', Password: 'canary-password' } },
};

/** A world with a connection, and the properties of a destination that uses it. */
async function createDestinationWorld() {
  const world = await createResourceWorld();
  const { Data } = await world.ask('Create', 'Connection', { properties: connection, logicalId: 'Connection' });
  const properties = {
    Name: 'orders',
    ConnectionArn: Data?.['Arn'] ?? '',
    InvocationEndpoint: 'https://orders.example.com/',
    HttpMethod: 'POST',
  };
  return { world, properties };
}

const stored = (world: ResourceWorld) => world.apiDestinations.all();

test('a created API destination answers its name and its ARNs, and gets its rate as a number', async () => {
  const { world, properties } = await createDestinationWorld();
  const asked = { ...properties, InvocationRateLimitPerSecond: '7' };
  expect(await world.ask('Create', 'ApiDestination', { properties: asked })).toMatchObject({
    Status: 'SUCCESS',
    PhysicalResourceId: 'orders',
    Data: {
      Name: 'orders',
      Arn: expect.stringMatching(/^arn:aws:events:us-east-1:123456789012:api-destination\/orders\/[-0-9a-f]{36}$/),
      ArnForPolicy: 'arn:aws:events:us-east-1:123456789012:api-destination/orders',
    },
  });
  expect(stored(world)).toMatchObject([{ invocationRateLimitPerSecond: 7 }]);
});

test('an update in place keeps the ARN, and properties that are gone have their defaults again', async () => {
  const { world, properties } = await createDestinationWorld();
  const before = { ...properties, Description: 'old', InvocationRateLimitPerSecond: '7' };
  const first = await world.ask('Create', 'ApiDestination', { properties: before });
  const after = { ...properties, HttpMethod: 'PUT' };
  const update = { properties: after, former: before, physicalId: 'orders' };
  expect(await world.ask('Update', 'ApiDestination', update)).toMatchObject({ Data: first.Data });
  expect(stored(world)).toMatchObject([{ httpMethod: 'PUT', invocationRateLimitPerSecond: 300 }]);
  expect(stored(world)[0]).not.toHaveProperty('description');
});

test('the same Create request that comes twice makes one API destination', async () => {
  const { world, properties } = await createDestinationWorld();
  const first = await world.ask('Create', 'ApiDestination', { properties, requestId: 'the-same' });
  expect(await world.ask('Create', 'ApiDestination', { properties, requestId: 'the-same' })).toEqual(first);
  expect(stored(world)).toMatchObject([{ revision: 1 }]);
});

test('the same Create request that runs twice at the same time makes one API destination, and both get its ARN', async () => {
  const { world, properties } = await createDestinationWorld();
  const held = world.faults.hold('apiDestinations.create');
  const first = world.ask('Create', 'ApiDestination', { properties, requestId: 'the-same' });
  await held.reached;
  const second = await world.ask('Create', 'ApiDestination', { properties, requestId: 'the-same' });
  held.release();
  await first;
  const answers = world.received.slice(-2).map(({ text }) => JSON.parse(text) as typeof second);
  expect(answers).toMatchObject([{ Status: 'SUCCESS' }, { Status: 'SUCCESS', Data: second.Data }]);
  expect(stored(world)).toHaveLength(1);
});

test.each([
  [
    'a rate that is no number',
    { InvocationRateLimitPerSecond: 'fast' },
    /invocationRateLimitPerSecond' must be an integer/,
  ],
  [
    'a rate that is too high',
    { InvocationRateLimitPerSecond: '0' },
    /invocationRateLimitPerSecond.*greater than or equal to 1/,
  ],
  [
    'an endpoint that is not HTTPS',
    { InvocationEndpoint: 'http://orders.example.com' },
    /invocationEndpoint|InvocationEndpoint/,
  ],
  ['an unknown property', { RateLimit: '5' }, /has no member "RateLimit"/],
])('an API destination with %s fails, and its rollback leaves nothing', async (_what, more, reason) => {
  const { world, properties } = await createDestinationWorld();
  const asked = { properties: { ...properties, ...more } };
  const answer = await world.ask('Create', 'ApiDestination', asked);
  expect(answer).toMatchObject({ Status: 'FAILED', Reason: expect.stringMatching(reason) });
  const physicalId = answer.PhysicalResourceId;
  expect(await world.ask('Delete', 'ApiDestination', { ...asked, physicalId })).toMatchObject({ Status: 'SUCCESS' });
  expect(stored(world)).toEqual([]);
});

test('a connection that API destinations still use can be deleted, as in EventBridge', async () => {
  const { world, properties } = await createDestinationWorld();
  await world.ask('Create', 'ApiDestination', { properties });
  const asked = { properties: connection, logicalId: 'Connection', physicalId: 'shop' };
  expect(await world.ask('Delete', 'Connection', asked)).toMatchObject({ Status: 'SUCCESS' });
  expect(await world.call('DescribeApiDestination', { Name: 'orders' })).toMatchObject({
    ApiDestinationState: 'INACTIVE',
  });
});
