import { expect, test } from 'vitest';
import { authorize, createResourceWorld } from './resource-world.ts';
import { basicInput, oauthInput, someonesSecret } from '../control/world.ts';

const secretArn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:someones-AbCdEf';
const destination = { Name: 'orders', InvocationEndpoint: 'https://orders.example.com/', HttpMethod: 'POST' };

/** A connection and an API destination that somebody else has made. */
async function createPolicyWorld(input = basicInput, onStart?: Parameters<typeof createResourceWorld>[0]) {
  const world = await createResourceWorld({
    onRead: (arn) => Promise.resolve(arn === secretArn ? someonesSecret : undefined),
    ...onStart,
  });
  const { ConnectionArn = '' } = await world.call('CreateConnection', input);
  const created = await world.call('CreateApiDestination', { ...destination, ConnectionArn });
  return { world, connectionArn: String(ConnectionArn), destinationArn: String(created['ApiDestinationArn']) };
}

const deliveryPolicy = {
  ApiDestinationName: 'orders',
  TimeoutSeconds: '12.5',
  Burst: '3',
  RetryPolicy: { MaximumRetryAttempts: '4' },
  RetryableStatuses: ['404', '410'],
};

test('a delivery policy gets its numbers from texts, and its physical id is the ARN of its API destination', async () => {
  const { world, destinationArn } = await createPolicyWorld();
  expect(await world.ask('Create', 'DeliveryPolicy', { properties: deliveryPolicy })).toMatchObject({
    Status: 'SUCCESS',
    PhysicalResourceId: destinationArn,
    Data: { ApiDestinationName: 'orders', ApiDestinationArn: destinationArn },
  });
  expect(await world.call('GetDeliveryPolicy', { ApiDestinationName: 'orders' })).toMatchObject({
    TimeoutSeconds: 12.5,
    Burst: 3,
    RetryPolicy: { MaximumRetryAttempts: 4 },
    RetryableStatuses: [404, 410],
  });
});

test('an update replaces the whole delivery policy, a rollback brings the former one back, and Delete removes it', async () => {
  const { world, destinationArn } = await createPolicyWorld();
  const physicalId = destinationArn;
  const [before, after] = [deliveryPolicy, { ApiDestinationName: 'orders', Burst: '9' }];
  await world.ask('Create', 'DeliveryPolicy', { properties: before });
  await world.ask('Update', 'DeliveryPolicy', { properties: after, former: before, physicalId });
  const policy = () => world.call('GetDeliveryPolicy', { ApiDestinationName: 'orders' });
  expect(await policy()).toEqual({ ApiDestinationName: 'orders', ApiDestinationArn: destinationArn, Burst: 9 });
  await world.ask('Update', 'DeliveryPolicy', { properties: before, former: after, physicalId });
  expect(await policy()).toMatchObject({ TimeoutSeconds: 12.5, Burst: 3 });
  expect(await world.ask('Delete', 'DeliveryPolicy', { properties: before, physicalId })).toMatchObject({
    Status: 'SUCCESS',
  });
  await expect(policy()).rejects.toThrow('has no delivery policy');
  expect(await world.ask('Delete', 'DeliveryPolicy', { properties: before, physicalId })).toMatchObject({
    Status: 'SUCCESS',
  });
});

test('the rollback of a policy that was refused leaves the policy that was there before', async () => {
  const { world } = await createPolicyWorld();
  await world.call('PutDeliveryPolicy', { ApiDestinationName: 'orders', Burst: 2 });
  const properties = { ...deliveryPolicy, Burst: '0' };
  const answer = await world.ask('Create', 'DeliveryPolicy', { properties });
  expect(answer).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining("'burst'") });
  await world.ask('Delete', 'DeliveryPolicy', { properties, physicalId: answer.PhysicalResourceId });
  expect(await world.call('GetDeliveryPolicy', { ApiDestinationName: 'orders' })).toMatchObject({ Burst: 2 });
});

test.each([
  ['is removed', 'the one of the template', deliveryPolicy, undefined],
  ['stays', 'another one', { ApiDestinationName: 'orders', Burst: 2 }, 2],
])('after a Create without an answer, a policy %s if it is %s', async (_ends, _which, inForce, burst) => {
  const { world } = await createPolicyWorld();
  const typed = {
    ApiDestinationName: 'orders',
    TimeoutSeconds: 12.5,
    Burst: 3,
    RetryPolicy: { MaximumRetryAttempts: 4 },
    RetryableStatuses: [404, 410],
  };
  await world.call('PutDeliveryPolicy', inForce === deliveryPolicy ? typed : inForce);
  await world.ask('Delete', 'DeliveryPolicy', { properties: deliveryPolicy, physicalId: 'shop-Shop-1ABCDEF2GHIJK' });
  const left = await world.call('GetDeliveryPolicy', { ApiDestinationName: 'orders' }).catch(() => undefined);
  expect(left?.['Burst']).toBe(burst);
});

test('the policy of an API destination that was created again is not deleted with the former one', async () => {
  const { world, destinationArn, connectionArn } = await createPolicyWorld();
  await world.ask('Create', 'DeliveryPolicy', { properties: deliveryPolicy });
  await world.call('DeleteApiDestination', { Name: 'orders' });
  await world.call('CreateApiDestination', { ...destination, ConnectionArn: connectionArn });
  await world.call('PutDeliveryPolicy', { ApiDestinationName: 'orders', Burst: 2 });
  await world.ask('Delete', 'DeliveryPolicy', { properties: deliveryPolicy, physicalId: destinationArn });
  expect(await world.call('GetDeliveryPolicy', { ApiDestinationName: 'orders' })).toMatchObject({ Burst: 2 });
});

test('a connection policy binds the credentials to a secret, and the connection then ignores those of its own template', async () => {
  const { world } = await createPolicyWorld();
  const own = { ...basicInput, Name: 'own' };
  await world.ask('Create', 'Connection', { properties: own });
  const policy = { ConnectionName: 'own', SecretArn: secretArn, AllowedHosts: ['orders.example.com'] };
  expect(await world.ask('Create', 'ConnectionPolicy', { properties: policy })).toMatchObject({
    Status: 'SUCCESS',
    Data: { ConnectionName: 'own', ConnectionArn: expect.stringContaining(':connection/own/') },
  });
  const changed = {
    ...own,
    Description: 'new',
    AuthParameters: { BasicAuthParameters: { Username: 'x', Password: 'y' } },
  };
  const update = { properties: changed, former: own, physicalId: 'own' };
  expect(await world.ask('Update', 'Connection', update)).toMatchObject({
    Status: 'SUCCESS',
    Data: { SecretArn: secretArn },
  });
  expect(await world.connections.read('own')).toMatchObject({ description: 'new', secretArn, state: 'AUTHORIZED' });
  expect(world.told()).not.toContain('canary');
});

test('a connection policy waits until the credentials in its secret have got a token', async () => {
  const text = JSON.stringify({
    client_id: 'client',
    client_secret: 'canary-named',
    authorization_endpoint: 'https://login.example.com/token',
    http_method: 'POST',
  });
  let starts = 0;
  const { world } = await createPolicyWorld(oauthInput as never, {
    onRead: () => Promise.resolve({ version: 'one', text }),
    async onStart(_incarnation, connections) {
      starts += 1;
      if (starts === 2) void world.clock.delay(2500).then(() => authorize(connections, 'orders'));
    },
  });
  const properties = { ConnectionName: 'orders', SecretArn: secretArn };
  expect(await world.ask('Create', 'ConnectionPolicy', { properties })).toMatchObject({ Status: 'SUCCESS' });
  expect(world.lines[0]?.durationMs).toBeGreaterThan(2500);
  expect(world.told()).not.toContain('canary');
});

test('the policy of another connection is another resource, and its former connection keeps its own until CloudFormation deletes it', async () => {
  const { world, connectionArn } = await createPolicyWorld();
  await world.call('CreateConnection', { ...basicInput, Name: 'other' });
  const before = { ConnectionName: 'orders', AllowedHosts: ['a.example.com'] };
  const after = { ...before, ConnectionName: 'other' };
  await world.ask('Create', 'ConnectionPolicy', { properties: before });
  const answer = await world.ask('Update', 'ConnectionPolicy', {
    properties: after,
    former: before,
    physicalId: connectionArn,
  });
  expect(answer.PhysicalResourceId).toContain(':connection/other/');
  await world.ask('Delete', 'ConnectionPolicy', { properties: before, physicalId: connectionArn });
  await expect(world.call('GetConnectionPolicy', { ConnectionName: 'orders' })).rejects.toThrow(
    'has no connection policy',
  );
  expect(await world.call('GetConnectionPolicy', { ConnectionName: 'other' })).toMatchObject({
    AllowedHosts: ['a.example.com'],
  });
});

test('a policy for a connection that does not exist fails with the reason of the control API', async () => {
  const { world } = await createPolicyWorld();
  const properties = { ConnectionName: 'nobody', AllowedHosts: ['a.example.com'] };
  const answer = await world.ask('Create', 'ConnectionPolicy', { properties });
  expect(answer).toMatchObject({
    Status: 'FAILED',
    Reason: "ResourceNotFoundException: Failed to update the connection(s). Connection 'nobody' does not exist.",
  });
  const asked = { properties, physicalId: answer.PhysicalResourceId };
  expect(await world.ask('Delete', 'ConnectionPolicy', asked)).toMatchObject({ Status: 'SUCCESS' });
});
