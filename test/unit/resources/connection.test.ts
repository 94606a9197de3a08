import { expect, test } from 'vitest';
import { authorize, createResourceWorld, type ResourceWorld, serviceToken } from './resource-world.ts';

const basic = {
  Name: 'shop',
  AuthorizationType: 'BASIC',
  AuthParameters: { BasicAuthParameters: { Username: 'jo', Password: 'canary-first' } },
};
const withPassword = (Password: string) => ({
  ...basic,
  AuthParameters: { BasicAuthParameters: { Username: 'jo', Password } },
});
const oauth = {
  Name: 'shop',
  AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
  AuthParameters: {
    OAuthParameters: {
      ClientParameters: { ClientID: 'client', ClientSecret: 'canary-client' },
      AuthorizationEndpoint: 'https://login.example.com/token',
      HttpMethod: 'POST',
    },
  },
};
const created = { Status: 'SUCCESS', PhysicalResourceId: 'shop' };
const names = (world: ResourceWorld) => world.connections.all().map(({ name }) => name);

test('a created connection answers its name, its ARNs and the ARN of its secret', async () => {
  const world = await createResourceWorld();
  const answer = await world.ask('Create', 'Connection', { properties: basic });
  expect(answer).toEqual({
    Status: 'SUCCESS',
    StackId: expect.stringContaining('stack/shop'),
    RequestId: 'request-1',
    LogicalResourceId: 'Shop',
    PhysicalResourceId: 'shop',
    Data: {
      Name: 'shop',
      Arn: expect.stringMatching(/^arn:aws:events:us-east-1:123456789012:connection\/shop\/[-0-9a-f]{36}$/),
      ArnForPolicy: 'arn:aws:events:us-east-1:123456789012:connection/shop',
      SecretArn: expect.stringContaining('lastmile/test/connection/shop'),
    },
  });
  expect(await world.secretInForce('shop')).toEqual({ username: 'jo', password: 'canary-first' });
  expect(world.received).toMatchObject([{ url: '/answer-1?Signature=canary-signature', contentType: '' }]);
  expect(world.told()).not.toContain('canary');
});

test('the same Create request that comes twice makes one connection and gets the same answer', async () => {
  const world = await createResourceWorld();
  const asked = { properties: basic, requestId: 'the-same' };
  const first = await world.ask('Create', 'Connection', asked);
  expect(await world.ask('Create', 'Connection', asked)).toEqual(first);
  expect(world.connections.all()).toMatchObject([{ revision: 2 }]);
});

test('a template cannot take over a connection that it has not created', async () => {
  const world = await createResourceWorld();
  await world.call('CreateConnection', basic);
  const answer = await world.ask('Create', 'Connection', { properties: withPassword('canary-other') });
  expect(answer).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining("Connection 'shop' exists") });
  // CloudFormation then deletes what the failed Create may have left.
  await world.ask('Delete', 'Connection', { properties: basic, physicalId: answer.PhysicalResourceId });
  expect(await world.secretInForce('shop')).toMatchObject({ password: 'canary-first' });
});

test.each([
  ['another stack', { stack: 'arn:aws:cloudformation:us-east-1:123456789012:stack/other/1' }],
  ['another resource of the stack', { logicalId: 'Other' }],
])('a connection of a template is not changed or deleted by %s', async (_who, other) => {
  const world = await createResourceWorld();
  await world.ask('Create', 'Connection', { properties: basic });
  const asked = { properties: withPassword('canary-other'), physicalId: 'shop', former: basic, ...other };
  expect(await world.ask('Update', 'Connection', asked)).toMatchObject({ Status: 'FAILED' });
  expect(await world.ask('Delete', 'Connection', asked)).toMatchObject({ Status: 'SUCCESS' });
  expect(await world.secretInForce('shop')).toMatchObject({ password: 'canary-first' });
});

test('an update in place keeps the ARN, and a rollback brings the former credentials back', async () => {
  const world = await createResourceWorld();
  const first = await world.ask('Create', 'Connection', { properties: { ...basic, Description: 'old' } });
  const changed = withPassword('canary-second');
  const update = { properties: changed, former: { ...basic, Description: 'old' }, physicalId: 'shop' };
  expect(await world.ask('Update', 'Connection', update)).toMatchObject({ ...created, Data: first.Data });
  expect(await world.secretInForce('shop')).toMatchObject({ password: 'canary-second' });
  expect(world.connections.all()[0]).not.toHaveProperty('description');
  const rollback = { properties: { ...basic, Description: 'old' }, former: changed, physicalId: 'shop' };
  expect(await world.ask('Update', 'Connection', rollback)).toMatchObject(created);
  expect(await world.secretInForce('shop')).toMatchObject({ password: 'canary-first' });
  expect(world.connections.all()).toMatchObject([{ description: 'old' }]);
});

test('an update that leaves the credentials as they are writes no new version of the secret', async () => {
  const world = await createResourceWorld();
  await world.ask('Create', 'Connection', { properties: basic });
  const before = world.connections.all()[0]?.secretVersion;
  const properties = { ...basic, Description: 'new' };
  await world.ask('Update', 'Connection', { properties, former: basic, physicalId: 'shop' });
  expect(world.connections.all()).toMatchObject([{ description: 'new', secretVersion: before }]);
});

test('HTTP parameters that a template no longer has are removed from the connection', async () => {
  const world = await createResourceWorld();
  const InvocationHttpParameters = {
    HeaderParameters: [{ Key: 'x-tenant', Value: 'canary-tenant', IsValueSecret: 'true' }],
  };
  const before = { ...basic, AuthParameters: { ...basic.AuthParameters, InvocationHttpParameters } };
  await world.ask('Create', 'Connection', { properties: before });
  expect(await world.secretInForce('shop')).toMatchObject({
    invocation_http_parameters: { header_parameters: [{ is_value_secret: true }] },
  });
  await world.ask('Update', 'Connection', { properties: basic, former: before, physicalId: 'shop' });
  expect(JSON.stringify(await world.secretInForce('shop'))).not.toContain('canary-tenant');
  expect(world.told()).not.toContain('canary');
});

test('another name is another connection, and a rollback returns to the one that still exists', async () => {
  const world = await createResourceWorld();
  const first = await world.ask('Create', 'Connection', { properties: basic });
  const renamed = { ...basic, Name: 'shop-2' };
  const second = await world.ask('Update', 'Connection', { properties: renamed, former: basic, physicalId: 'shop' });
  expect(second).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'shop-2' });
  expect(names(world)).toEqual(['shop', 'shop-2']);
  const back = await world.ask('Update', 'Connection', { properties: basic, former: renamed, physicalId: 'shop-2' });
  expect(back).toMatchObject({ ...created, Data: first.Data });
  await world.ask('Delete', 'Connection', { properties: renamed, physicalId: 'shop-2' });
  expect(names(world)).toEqual(['shop']);
});

test('a replacement that fails removes the new connection, because CloudFormation knows the former one only', async () => {
  const world = await createResourceWorld({
    onStart: (_incarnation, connections) => refuseToken(connections, 'shop-2'),
  });
  await world.ask('Create', 'Connection', { properties: basic });
  const properties = { ...oauth, Name: 'shop-2' };
  const answer = await world.ask('Update', 'Connection', { properties, former: basic, physicalId: 'shop' });
  expect(answer).toMatchObject({
    Status: 'FAILED',
    PhysicalResourceId: 'shop',
    Reason: "ValidationException: Connection 'shop-2' is DEAUTHORIZED. The token endpoint answered 401.",
  });
  expect(names(world)).toEqual(['shop']);
});

test('a connection without a name gets one from stack and logical id, and keeps it', async () => {
  const world = await createResourceWorld();
  const { Name: _, ...properties } = basic;
  const logicalId = 'AVeryLongLogicalIdThatNobodyWouldWriteButThatATemplateOfACdkAppMayHave0123456789';
  const first = await world.ask('Create', 'Connection', { properties, logicalId });
  expect(first.PhysicalResourceId).toMatch(/^shop-AVeryLongLogicalId[0-9A-Za-z]*-[0-9a-f]{12}$/);
  expect(first.PhysicalResourceId.length).toBeLessThanOrEqual(64);
  const asked = { properties, former: properties, logicalId, physicalId: first.PhysicalResourceId };
  expect(await world.ask('Update', 'Connection', asked)).toMatchObject({ Data: first.Data });
});

test('a rejected token endpoint makes the creation fail with its reason, and the rollback leaves nothing', async () => {
  const world = await createResourceWorld({ onStart: (_incarnation, connections) => refuseToken(connections, 'shop') });
  const answer = await world.ask('Create', 'Connection', { properties: oauth });
  expect(answer).toMatchObject({
    Status: 'FAILED',
    PhysicalResourceId: 'shop',
    Reason: "ValidationException: Connection 'shop' is DEAUTHORIZED. The token endpoint answered 401.",
  });
  expect(await world.ask('Delete', 'Connection', { properties: oauth, physicalId: 'shop' })).toMatchObject(created);
  expect(names(world)).toEqual([]);
  expect(world.told()).not.toContain('canary');
});

test('a connection that waits for its token answers SUCCESS as soon as it is authorized', async () => {
  const world: ResourceWorld = await createResourceWorld({
    async onStart(_incarnation, connections) {
      void world.clock.delay(2500).then(() => authorize(connections, 'shop'));
    },
  });
  expect(await world.ask('Create', 'Connection', { properties: oauth })).toMatchObject(created);
  expect(world.lines[0]?.durationMs).toBeGreaterThan(2500);
});

test.each([
  ['the function', {}, 'Not done within 285 s.'],
  ['ServiceTimeout', { ServiceTimeout: '60' }, 'Not done within 55 s.'],
])('a connection that stays AUTHORIZING fails before the time of %s is over', async (_whose, more, reason) => {
  const world = await createResourceWorld();
  const answer = await world.ask('Create', 'Connection', { properties: { ...oauth, ...more } });
  expect(answer).toMatchObject({
    Status: 'FAILED',
    PhysicalResourceId: 'shop',
    Reason: `${reason} Connection 'shop' is still AUTHORIZING, because its token endpoint gives no answer that can be used.`,
  });
  expect(world.lines).toMatchObject([{ status: 'FAILED', requestType: 'Create', logicalResourceId: 'Shop' }]);
});

test('a template that does not wait for the authorization gets its answer while the connection is AUTHORIZING', async () => {
  const world = await createResourceWorld();
  const properties = { ...oauth, WaitForAuthorization: 'false' };
  expect(await world.ask('Create', 'Connection', { properties })).toMatchObject(created);
  expect(world.connections.all()).toMatchObject([{ state: 'AUTHORIZING' }]);
});

test('a Create whose call to a store hangs is answered FAILED before the function ends', async () => {
  const world = await createResourceWorld();
  world.faults.hold('connections.create');
  const answer = await world.ask('Create', 'Connection', { properties: basic });
  expect(answer).toMatchObject({
    Status: 'FAILED',
    Reason: 'Not done within 285 s. The control API has not answered in time.',
  });
});

test.each([
  ['whose answer was lost', 'shop-Shop-1ABCDEF2GHIJK', []],
  ['that is gone already', 'nobody', ['shop']],
  ['whose physical id is not a name', 'not-created:Shop', ['shop']],
])('Delete of a connection %s succeeds', async (_which, physicalId, left) => {
  const world = await createResourceWorld();
  await world.ask('Create', 'Connection', { properties: basic });
  const answer = await world.ask('Delete', 'Connection', { properties: basic, physicalId });
  expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: physicalId });
  expect(names(world)).toEqual(left);
  expect(world.secrets.names()).toHaveLength(left.length);
});

test('an update of a connection that somebody has deleted creates it again', async () => {
  const world = await createResourceWorld();
  await world.ask('Create', 'Connection', { properties: basic });
  await world.call('DeleteConnection', { Name: 'shop' });
  const properties = { ...basic, Description: 'again' };
  expect(await world.ask('Update', 'Connection', { properties, former: basic, physicalId: 'shop' })).toMatchObject(
    created,
  );
  expect(world.connections.all()).toMatchObject([{ name: 'shop', description: 'again' }]);
});

test('a Create that died half-way is finished when the request comes again', async () => {
  const world = await createResourceWorld();
  world.faults.hold('secrets.create');
  const asked = { properties: basic, requestId: 'the-same' };
  expect(await world.ask('Create', 'Connection', asked)).toMatchObject({ Status: 'FAILED' });
  expect(world.connections.all()).toMatchObject([{ state: 'CREATING' }]);
  expect(await world.ask('Create', 'Connection', asked)).toMatchObject(created);
  expect(world.connections.all()).toMatchObject([{ state: 'AUTHORIZED' }]);
});

test.each([
  ['a wrong type', { AuthorizationType: 'NONE' }, /authorizationType.*enum value set: \[BASIC, OAUTH/],
  ['an unknown property', { AuthorisationType: 'BASIC' }, /no member "AuthorisationType".*AuthorizationType/],
  ['a name that is no text', { Name: { Ref: 'x' } }, /Property Name must be a text/],
  [
    'an answer that is neither true nor false',
    { WaitForAuthorization: 'maybe' },
    /WaitForAuthorization must be true or false/,
  ],
])('a connection with %s fails with the reason of the control API', async (_what, more, reason) => {
  const world = await createResourceWorld();
  const answer = await world.ask('Create', 'Connection', { properties: { ...basic, ...more } });
  expect(answer).toMatchObject({ Status: 'FAILED', Reason: expect.stringMatching(reason) });
  expect(world.told()).not.toContain('canary');
  const deleted = await world.ask('Delete', 'Connection', { properties: basic, physicalId: answer.PhysicalResourceId });
  expect(deleted).toMatchObject({ Status: 'SUCCESS' });
});

/** What authorize-connection does when the token endpoint refuses the credentials. */
async function refuseToken(connections: ResourceWorld['connections'], name: string): Promise<void> {
  const before = await connections.read(name);
  if (before === undefined) return;
  const stateReason = 'The token endpoint answered 401.';
  await connections.update(before, { ...before, state: 'DEAUTHORIZED', stateReason, revision: before.revision + 1 });
}

test('the properties of CloudFormation itself are no members of the connection', async () => {
  const world = await createResourceWorld();
  const properties = { ...basic, ServiceToken: serviceToken, ServiceTimeout: '600' };
  expect(await world.ask('Create', 'Connection', { properties })).toMatchObject(created);
});
