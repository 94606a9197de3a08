import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../lib/core/input/json.ts';
import { readLastmileInput } from '../../../../lib/protocol/routes.ts';
import { createWorld } from '../world.ts';
import { everything, inBatches, orders, secretArn, sink, worldWithDestination } from './policy-world.ts';

describe('a delivery policy', () => {
  test('PutDeliveryPolicy and GetDeliveryPolicy return the policy with the name and ARN of its API destination', async () => {
    const world = await worldWithDestination();
    const { arn: ApiDestinationArn = '' } = (await world.apiDestinations.read('sink')) ?? {};
    const shown = { ...sink, ApiDestinationArn, ...everything };
    expect(await world.call('PutDeliveryPolicy', { ...sink, ...everything })).toEqual(shown);
    expect(await world.call('GetDeliveryPolicy', sink)).toEqual(shown);
    expect((await world.apiDestinations.read('sink'))?.policy).toEqual({
      timeoutMs: 250,
      maximumConcurrency: 9,
      maximumConcurrencyPerWorker: 3,
      burst: 7,
      invocationRateLimit: 'NONE',
      retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeMs: 60_000 },
      retryableStatuses: [404, 302],
      transformer: { Type: 'JSONATA', Expression: 'detail' },
      format: 'CLOUDEVENTS_BINARY',
      webhookRequestOrigin: 'events.example.com',
      order: 'PER_GROUP',
      orderGroupPath: '$.detail.orderId',
      signing: { secretArn: secretArn('signing') },
      transport: {
        clientCertificateSecretArn: secretArn('tls'),
        caCertificateSecretArn: secretArn('ca'),
        serverName: 'inner.example.com',
        proxyUrl: 'http://proxy.example:3128',
      },
    });
  });

  test('PutDeliveryPolicy stores the form of batches and their maximum size, and refuses a batch together with Format', async () => {
    const world = await worldWithDestination();
    await world.call('PutDeliveryPolicy', { ...sink, ...inBatches });
    expect(await world.call('GetDeliveryPolicy', sink)).toMatchObject(inBatches);
    expect((await world.apiDestinations.read('sink'))?.policy?.batch).toEqual({ format: 'NDJSON', maximumSize: 5 });
    const both = { ...sink, ...inBatches, Format: 'CLOUDEVENTS_BINARY' };
    await expect(world.call('PutDeliveryPolicy', both)).rejects.toThrow('Remove Format');
  });

  test('PutDeliveryPolicy replaces the whole policy and raises the revision each time', async () => {
    const world = await worldWithDestination();
    await world.call('PutDeliveryPolicy', { ...sink, ...everything });
    await world.call('PutDeliveryPolicy', { ...sink, RetryPolicy: { MaximumEventAgeInSeconds: 90 } });
    expect(await world.apiDestinations.read('sink')).toMatchObject({
      policy: { retryPolicy: { maximumEventAgeMs: 90_000 } },
      revision: 3,
    });
    expect(Object.keys((await world.apiDestinations.read('sink'))?.policy ?? {})).toEqual(['retryPolicy']);
    await world.call('PutDeliveryPolicy', sink);
    expect(Object.keys(await world.call('GetDeliveryPolicy', sink))).toEqual([
      'ApiDestinationName',
      'ApiDestinationArn',
    ]);
  });

  test('a stack without ordered deliveries refuses Order, and names the parameter that adds them', async () => {
    const world = await worldWithDestination(undefined, { hasOrderedQueue: false });
    await expect(world.call('PutDeliveryPolicy', { ...sink, Order: 'PER_GROUP' })).rejects.toThrow(
      'Parameter Order is not valid. Reason: This stack has no ordered deliveries. Deploy it with the parameter orderedDeliveries first.',
    );
    expect((await world.apiDestinations.read('sink'))?.policy).toBeUndefined();
  });

  test.each([
    [{ OrderGroupPath: '$.detail.id' }, 'It has no effect without Order.'],
    [
      { Order: 'PER_GROUP', OrderGroupPath: 'detail.id' },
      'It is not a JSON path. Use a path such as $.detail.orderId.',
    ],
  ])('PutDeliveryPolicy refuses %j, and says why', async (members, reason) => {
    const world = await worldWithDestination();
    const put = world.call('PutDeliveryPolicy', { ...sink, ...members });
    await expect(put).rejects.toThrow(`Parameter OrderGroupPath is not valid. Reason: ${reason}`);
  });

  test('a delivery policy survives an update of its API destination and is deleted with it', async () => {
    const world = await worldWithDestination();
    await world.call('PutDeliveryPolicy', { ...sink, Burst: 2 });
    await world.call('UpdateApiDestination', { Name: 'sink', InvocationRateLimitPerSecond: 5, Description: 'new' });
    expect(await world.call('GetDeliveryPolicy', sink)).toMatchObject({ Burst: 2 });
    const { connectionArn: ConnectionArn = '' } = (await world.apiDestinations.read('sink')) ?? {};
    await world.call('DeleteApiDestination', { Name: 'sink' });
    const endpoint = { InvocationEndpoint: 'https://example.com/orders', HttpMethod: 'POST' };
    await world.call('CreateApiDestination', { Name: 'sink', ConnectionArn, ...endpoint });
    await expect(world.call('GetDeliveryPolicy', sink)).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
  });

  test('DeleteDeliveryPolicy removes the policy, and succeeds even if there is no policy', async () => {
    const world = await worldWithDestination();
    await world.call('PutDeliveryPolicy', { ...sink, Burst: 2 });
    expect(await world.call('DeleteDeliveryPolicy', sink)).toEqual({});
    expect(await world.apiDestinations.read('sink')).not.toHaveProperty('policy');
    expect(await world.call('DeleteDeliveryPolicy', sink)).toEqual({});
    expect((await world.apiDestinations.read('sink'))?.revision).toBe(3);
    await expect(world.call('GetDeliveryPolicy', sink)).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
      message: "Failed to describe the api-destination(s). Api-destination 'sink' has no delivery policy.",
    });
  });

  test.each(['PutDeliveryPolicy', 'GetDeliveryPolicy', 'DeleteDeliveryPolicy'])(
    '%s is refused when the API destination does not exist',
    async (name) => {
      await expect(createWorld().call(name, sink)).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
    },
  );

  test.each(['PutDeliveryPolicy', 'DeleteDeliveryPolicy'])(
    '%s succeeds although its API destination is updated at the same time',
    async (operation) => {
      const world = await worldWithDestination();
      await world.call('PutDeliveryPolicy', { ...sink, Burst: 1 });
      const held = world.faults.hold('apiDestinations.update');
      const changing = world.call(operation, { ...sink, ...(operation.startsWith('Put') && { Burst: 2 }) });
      await held.reached;
      await world.call('UpdateApiDestination', { Name: 'sink', InvocationRateLimitPerSecond: 5 });
      held.release();
      await changing;
      const stored = await world.apiDestinations.read('sink');
      expect(stored).toMatchObject({ invocationRateLimitPerSecond: 5, revision: 4 });
      expect(stored?.policy).toEqual(operation.startsWith('Put') ? { burst: 2 } : undefined);
    },
  );

  test('PutDeliveryPolicy overwrites neither a simultaneous policy nor a destination that was just created again', async () => {
    const world = await worldWithDestination();
    const put = async (meanwhile: () => Promise<unknown>) => {
      const held = world.faults.hold('apiDestinations.update');
      const putting = world.call('PutDeliveryPolicy', { ...sink, Burst: 2 });
      await held.reached;
      await meanwhile();
      held.release();
      await expect(putting).rejects.toMatchObject({ code: 'ConcurrentModificationException' });
    };
    const { connectionArn: ConnectionArn = '' } = (await world.apiDestinations.read('sink')) ?? {};
    await put(async () => {
      await world.call('DeleteApiDestination', { Name: 'sink' });
      const endpoint = { InvocationEndpoint: 'https://example.com/orders', HttpMethod: 'POST' };
      await world.call('CreateApiDestination', { Name: 'sink', ConnectionArn, ...endpoint });
    });
    expect(await world.apiDestinations.read('sink')).not.toHaveProperty('policy');
    await put(() => world.call('PutDeliveryPolicy', { ...sink, Burst: 3 }));
    expect(await world.call('GetDeliveryPolicy', sink)).toMatchObject({ Burst: 3 });
  });

  const refusedExpression = (Expression: string, reason: string) =>
    ['Transformer.Expression', { Transformer: { Type: 'JSONATA', Expression } }, reason] as const;
  const refusals: readonly (readonly [member: string, input: JsonObject, reason: string])[] = [
    ['TimeoutSeconds', { TimeoutSeconds: 52.001 }, 'It must be at most 52, because the functions may run for 60 s.'],
    [
      'RetryableStatuses',
      { RetryableStatuses: [404, 204] },
      'Status 204 means that the event was delivered. Remove it.',
    ],
    ['ServerName', { ServerName: '10.0.0.1' }, "'10.0.0.1' is not a host name."],
    ['ServerName', { ServerName: 'a..b' }, "'a..b' is not a host name."],
    ['ProxyUrl', { ProxyUrl: 'http://proxy.example:0' }, "'http://proxy.example:0' is not a proxy URL"],
    ['ProxyUrl', { ProxyUrl: 'http://*.example' }, "'http://*.example' is not a proxy URL"],
    [
      'ProxyUrl',
      { ProxyUrl: 'http://0xa.1:3128' },
      "'http://0xa.1:3128' has an address that may not be called: private",
    ],
    [
      'Signing.SecretArn',
      { Signing: { SecretArn: secretArn('a', 'eu-west-1') } },
      'The secret must be in region us-east-1.',
    ],
    [
      'ClientCertificateSecretArn',
      { ClientCertificateSecretArn: secretArn('lastmile/test/connection/orders/1') },
      'The secret belongs to a connection of this stack. Name a secret of your own.',
    ],
    ['CaCertificateSecretArn', { CaCertificateSecretArn: secretArn('a', 'eu-west-1') }, 'The secret must be in region'],
    refusedExpression(
      'detail.',
      'The expression is not valid at character 7: Unexpected end of expression (S0207 of JSONata).',
    ),
    refusedExpression('{% /(/ %}', 'The expression is not valid'),
    refusedExpression('$eval("1")', 'The expression uses $eval, which is not available.'),
    refusedExpression('{"a": detail.items.$map($eval)}', 'The expression uses $eval, which is not available.'),
  ];

  test.each(refusals)(
    'PutDeliveryPolicy names the bad member %s of %j, and writes nothing',
    async (member, input, reason) => {
      const world = await worldWithDestination();
      await expect(world.call('PutDeliveryPolicy', { ...sink, ...input })).rejects.toMatchObject({
        code: 'ValidationException',
        message: expect.stringContaining(`Parameter ${member} is not valid. Reason: ${reason}`),
      });
      expect(await world.apiDestinations.read('sink')).toMatchObject({ revision: 1 });
    },
  );

  test('PutDeliveryPolicy reduces a proxy URL to its normalized origin', async () => {
    const world = await worldWithDestination();
    const put = (ProxyUrl: string) => world.call('PutDeliveryPolicy', { ...sink, ProxyUrl });
    expect(await put('https://PROXY.example:443/')).toMatchObject({ ProxyUrl: 'https://proxy.example' });
    expect(await put('http://0x5db8d80e:3128')).toMatchObject({ ProxyUrl: 'http://93.184.216.14:3128' });
  });

  test('UpdateDeliveryPolicy refuses an expression that is not valid, and keeps the former one', async () => {
    const world = await worldWithDestination();
    const update = (Expression: string) =>
      world.call('UpdateDeliveryPolicy', { ...sink, Transformer: { Type: 'JSONATA', Expression } });
    await update('{% "$eval" & `eval` %}');
    await expect(update('(')).rejects.toMatchObject({ code: 'ValidationException' });
    expect(await world.call('GetDeliveryPolicy', sink)).toMatchObject({
      Transformer: { Expression: '{% "$eval" & `eval` %}' },
    });
  });

  test('an expression may have 8,192 characters and no more', () => {
    const read = (length: number) =>
      readLastmileInput('PutDeliveryPolicy', {
        ...sink,
        Transformer: { Type: 'JSONATA', Expression: '1'.repeat(length) },
      });
    expect(read(8192)).toHaveProperty('Transformer');
    expect(() => read(8193)).toThrow(/expression/i);
  });

  test('a delivery policy may have the longest timeout that fits into the time limit of the functions', async () => {
    const world = await worldWithDestination();
    expect(await world.call('PutDeliveryPolicy', { ...sink, TimeoutSeconds: 52 })).toMatchObject({
      TimeoutSeconds: 52,
    });
  });
});

describe('a connection policy', () => {
  test.each([
    ['PutConnectionPolicy', { AllowedHosts: ['b.example'] }, { allowedHosts: ['b.example'] }],
    ['DeleteConnectionPolicy', {}, undefined],
  ])(
    '%s succeeds although a worker changes the state of the connection at the same time',
    async (operation, input, policy) => {
      const world = await worldWithDestination();
      await world.call('PutConnectionPolicy', { ...orders, AllowedHosts: ['a.example'] });
      const held = world.faults.hold('connections.update');
      const changing = world.call(operation, { ...orders, ...input });
      await held.reached;
      const { incarnation = '', secretVersion = '' } = (await world.connections.read('orders')) ?? {};
      const names = { name: 'orders', incarnation, secretVersion, nowMs: world.clock.nowMs() };
      await world.connections.change({ ...names, state: 'DEAUTHORIZED', stateReason: 'refused' });
      held.release();
      await changing;
      const stored = await world.connections.read('orders');
      expect(stored).toMatchObject({ state: 'DEAUTHORIZED', stateReason: 'refused' });
      expect(stored?.policy).toEqual(policy);
      expect(world.told).toHaveLength(1);
    },
  );

  test('PutConnectionPolicy does not overwrite a policy that was put at the same time', async () => {
    const world = await worldWithDestination();
    const held = world.faults.hold('connections.update');
    const putting = world.call('PutConnectionPolicy', { ...orders, AllowedHosts: ['a.example'] });
    await held.reached;
    await world.call('PutConnectionPolicy', { ...orders, AllowedHosts: ['b.example'] });
    held.release();
    await expect(putting).rejects.toMatchObject({ code: 'ConcurrentModificationException' });
    expect(await world.call('GetConnectionPolicy', orders)).toMatchObject({ AllowedHosts: ['b.example'] });
  });

  test('PutConnectionPolicy gives up after five conflicting writes', async () => {
    const world = await worldWithDestination();
    const stored = async () => (await world.connections.read('orders')) ?? expect.fail();
    const { update } = world.connections;
    let writes = 0;
    world.connections.update = async (before, after) => {
      writes += 1;
      await update(await stored(), { ...(await stored()), description: `${writes}` });
      return update(before, after);
    };
    const putting = world.call('PutConnectionPolicy', { ...orders, AllowedHosts: ['a.example'] });
    await expect(putting).rejects.toMatchObject({ code: 'ConcurrentModificationException' });
    expect([writes, (await stored()).policy]).toEqual([5, undefined]);
  });

  test('PutConnectionPolicy and GetConnectionPolicy return the policy with its hosts in normalized form', async () => {
    const world = await worldWithDestination();
    const { arn: ConnectionArn = '' } = (await world.connections.read('orders')) ?? {};
    const input = {
      AllowedHosts: ['API.example.com', '*.Example.org', 'api.example.com'],
      SecretArn: secretArn('own'),
    };
    const shown = { ...orders, ConnectionArn, ...input, AllowedHosts: ['api.example.com', '*.example.org'] };
    expect(await world.call('PutConnectionPolicy', { ...orders, ...input })).toEqual(shown);
    expect(await world.call('GetConnectionPolicy', orders)).toEqual(shown);
    expect(await world.connections.read('orders')).toMatchObject({
      policy: { allowedHosts: ['api.example.com', '*.example.org'], secretArn: secretArn('own') },
      state: 'AUTHORIZED',
    });
  });

  test('a connection policy survives an update of its connection, and can be replaced and deleted', async () => {
    const world = await worldWithDestination();
    await world.call('PutConnectionPolicy', { ...orders, AllowedHosts: ['a.example'], SecretArn: secretArn('own') });
    await world.call('UpdateConnection', { Name: 'orders', Description: 'new' });
    expect(await world.call('GetConnectionPolicy', orders)).toMatchObject({ AllowedHosts: ['a.example'] });
    await world.call('PutConnectionPolicy', { ...orders, SecretArn: secretArn('other') });
    expect((await world.connections.read('orders'))?.policy).toEqual({ secretArn: secretArn('other') });
    expect(await world.call('DeleteConnectionPolicy', orders)).toEqual({});
    expect(await world.call('DeleteConnectionPolicy', orders)).toEqual({});
    expect(await world.connections.read('orders')).not.toHaveProperty('policy');
    await expect(world.call('GetConnectionPolicy', orders)).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
      message: "Failed to describe the connection(s). Connection 'orders' has no connection policy.",
    });
    await world.expectConsistent();
  });

  test('PutConnectionPolicy is refused while its connection is being deleted', async () => {
    const world = await worldWithDestination();
    const stored = await world.connections.read('orders');
    if (stored !== undefined) await world.connections.update(stored, { ...stored, state: 'DELETING' });
    const putting = world.call('PutConnectionPolicy', { ...orders, AllowedHosts: ['a.example'] });
    await expect(putting).rejects.toMatchObject({ code: 'ConcurrentModificationException' });
  });

  test.each([
    ['AllowedHosts', { AllowedHosts: ['a.example', '*.com'] }, "'*.com' is not an allowed host"],
    ['AllowedHosts', { AllowedHosts: ['a.example:443'] }, "'a.example:443' is not an allowed host"],
    ['SecretArn', { SecretArn: secretArn('a', 'eu-west-1') }, 'The secret must be in region us-east-1.'],
  ])('PutConnectionPolicy names the bad member %s of %j, and writes nothing', async (member, input, reason) => {
    const world = await worldWithDestination();
    const before = await world.connections.read('orders');
    await expect(world.call('PutConnectionPolicy', { ...orders, ...input })).rejects.toMatchObject({
      code: 'ValidationException',
      message: expect.stringContaining(`Parameter ${member} is not valid. Reason: ${reason}`),
    });
    expect(await world.connections.read('orders')).toEqual(before);
  });
});
