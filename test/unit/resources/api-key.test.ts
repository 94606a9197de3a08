import { expect, test } from 'vitest';
import { createResourceWorld, type ResourceWorld } from './resource-world.ts';

const key = { apiId: 'events', description: 'of the shop' };

const keys = (world: ResourceWorld) => world.apiKeys.all();

async function secretOf(world: ResourceWorld, arn: string | undefined) {
  const { text = '' } = (await world.secrets.read(arn ?? '', 'AWSCURRENT')) ?? {};
  return JSON.parse(text) as { readonly AccessKeyId: string; readonly SecretAccessKey: string };
}

test('a created key is in a secret, and the answer has only its public id and the ARN of the secret', async () => {
  const world = await createResourceWorld();
  const answer = await world.ask('Create', 'ApiKey', { properties: key });
  const id = answer.PhysicalResourceId;
  expect(answer).toMatchObject({ Status: 'SUCCESS', Data: { Id: id, SecretArn: expect.stringContaining(id) } });
  const secret = await secretOf(world, answer.Data?.['SecretArn']);
  expect(secret).toEqual({
    AccessKeyId: id,
    SecretAccessKey: expect.stringMatching(/^da2-[a-z2-7]{42}$/),
  });
  expect(secret.SecretAccessKey.startsWith(id)).toBe(true);
  expect(world.told()).not.toContain(secret.SecretAccessKey.slice(14));
});

test('the same Create request that comes twice makes one key and gets the same answer', async () => {
  const world = await createResourceWorld();
  const first = await world.ask('Create', 'ApiKey', { properties: key, requestId: 'the-same' });
  expect(await world.ask('Create', 'ApiKey', { properties: key, requestId: 'the-same' })).toEqual(first);
  expect(keys(world)).toHaveLength(1);
});

test('an update changes the key, and leaves its end as it is unless the template changes it', async () => {
  const world = await createResourceWorld();
  const expires = String(world.clock.nowMs() / 1000 + 2 * 86_400);
  const before = { ...key, expires };
  const { PhysicalResourceId: physicalId } = await world.ask('Create', 'ApiKey', { properties: before });
  await world.clock.advance(36 * 3_600_000);
  const after = { apiId: 'events', expires };
  const update = { properties: after, former: before, physicalId };
  expect(await world.ask('Update', 'ApiKey', update)).toMatchObject({
    Status: 'SUCCESS',
    PhysicalResourceId: physicalId,
  });
  expect(keys(world)).toMatchObject([{ publicId: physicalId, expiresAtSeconds: Number(expires) }]);
  expect(keys(world)[0]).not.toHaveProperty('description');
  const later = { ...after, expires: String(Number(expires) + 86_400) };
  await world.ask('Update', 'ApiKey', { properties: later, former: after, physicalId });
  expect(keys(world)).toMatchObject([{ expiresAtSeconds: Number(later.expires) }]);
});

test('a key of another API is another key, and a rollback returns to the one that still exists', async () => {
  const world = await createResourceWorld();
  const other = { ...key, apiId: 'control' };
  const first = await world.ask('Create', 'ApiKey', { properties: key });
  const update = { properties: other, former: key, physicalId: first.PhysicalResourceId };
  const second = await world.ask('Update', 'ApiKey', update);
  expect(second.PhysicalResourceId).not.toBe(first.PhysicalResourceId);
  const rollback = { properties: key, former: other, physicalId: second.PhysicalResourceId };
  expect(await world.ask('Update', 'ApiKey', rollback)).toMatchObject({ PhysicalResourceId: first.PhysicalResourceId });
  await world.ask('Delete', 'ApiKey', { properties: other, physicalId: second.PhysicalResourceId });
  expect(keys(world)).toMatchObject([{ publicId: first.PhysicalResourceId }]);
});

test.each(['with its answer', 'without an answer'])(
  'Delete after a Create %s removes the key and its secret',
  async (which) => {
    const world = await createResourceWorld();
    const { PhysicalResourceId } = await world.ask('Create', 'ApiKey', { properties: key });
    const physicalId = which === 'with its answer' ? PhysicalResourceId : 'shop-Shop-1ABCDEF2GHIJK';
    expect(await world.ask('Delete', 'ApiKey', { properties: key, physicalId })).toMatchObject({ Status: 'SUCCESS' });
    expect(keys(world)).toEqual([]);
    expect(world.secrets.names()).toEqual([]);
  },
);

test('Delete does not touch a key that was made by hand or by another resource', async () => {
  const world = await createResourceWorld();
  const { PhysicalResourceId: physicalId } = await world.ask('Create', 'ApiKey', {
    properties: key,
    logicalId: 'Other',
  });
  expect(await world.ask('Delete', 'ApiKey', { properties: key, physicalId })).toMatchObject({ Status: 'SUCCESS' });
  expect(keys(world)).toHaveLength(1);
  expect(world.secrets.names()).toHaveLength(1);
});

test('Delete of a key that has ended for good removes its secret', async () => {
  const world = await createResourceWorld();
  const { PhysicalResourceId: physicalId } = await world.ask('Create', 'ApiKey', { properties: key });
  await world.clock.advance(70 * 86_400_000);
  expect(await world.ask('Delete', 'ApiKey', { properties: key, physicalId })).toMatchObject({ Status: 'SUCCESS' });
  expect(world.secrets.names()).toEqual([]);
});

test('a key for an unknown API fails with the reason of the control API', async () => {
  const world = await createResourceWorld();
  const answer = await world.ask('Create', 'ApiKey', { properties: { apiId: 'orders' } });
  expect(answer).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining("must be 'control' or 'events'") });
});
