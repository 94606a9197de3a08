import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../lib/core/input/json.ts';
import { readLastmileInput } from '../../../../lib/protocol/routes.ts';
import type { World } from '../world.ts';
import { oauthInput } from '../world.ts';
import { everything, inBatches, orders, secretArn, sink, worldWithDestination } from './policy-world.ts';

/** Both stages of validation, and the operation. */
const call = async (world: World, operation: string, input: JsonObject) =>
  await world.call(operation, readLastmileInput(operation, input));

const others = {
  TimeoutSeconds: 20,
  MaximumConcurrency: 8,
  MaximumConcurrencyPerWorker: 2,
  Burst: 1,
  InvocationRateLimit: 'NONE',
  RetryPolicy: { MaximumRetryAttempts: 5, MaximumEventAgeInSeconds: 90 },
  RetryableStatuses: [410],
  Transformer: { Type: 'JSONATA', Expression: '$' },
  Format: 'CLOUDEVENTS_STRUCTURED',
  WebhookRequestOrigin: 'other.example.com',
  Order: 'PER_GROUP',
  OrderGroupPath: '$.detail.customer',
  Signing: { SecretArn: secretArn('other') },
  ClientCertificateSecretArn: secretArn('other'),
  CaCertificateSecretArn: secretArn('other'),
  ServerName: 'other.example.com',
  ProxyUrl: 'http://other.example:3128',
} as const;

type Member = keyof typeof everything;
const members = Object.keys(everything) as Member[];

describe('UpdateDeliveryPolicy', () => {
  test.each(members)('UpdateDeliveryPolicy with %s changes this member and no other', async (member) => {
    const world = await worldWithDestination();
    await call(world, 'PutDeliveryPolicy', { ...sink, ...everything });
    const changed = { ...everything, [member]: others[member] };
    expect(await call(world, 'UpdateDeliveryPolicy', { ...sink, [member]: others[member] })).toMatchObject(changed);
    expect(await call(world, 'GetDeliveryPolicy', sink)).toMatchObject(changed);
  });

  test.each(members.filter((member) => member !== 'Order'))(
    'UpdateDeliveryPolicy returns the removed member %s to its default and keeps the others',
    async (member) => {
      const world = await worldWithDestination();
      await call(world, 'PutDeliveryPolicy', { ...sink, ...everything });
      const shown = await call(world, 'UpdateDeliveryPolicy', { ...sink, RemovedMembers: [member] });
      const { [member]: _, ...rest } = everything;
      expect(shown).toMatchObject(rest);
      expect(shown).not.toHaveProperty(member);
    },
  );

  test('UpdateDeliveryPolicy replaces Batch as a whole, keeps it when another member changes, and removes it', async () => {
    const world = await worldWithDestination();
    await call(world, 'PutDeliveryPolicy', { ...sink, ...inBatches });
    expect(await call(world, 'UpdateDeliveryPolicy', { ...sink, Burst: 1 })).toMatchObject({ ...inBatches, Burst: 1 });
    const Batch = { Format: 'JSON_ARRAY' };
    expect(await call(world, 'UpdateDeliveryPolicy', { ...sink, Batch })).toMatchObject({ Batch, Burst: 1 });
    expect((await world.apiDestinations.read('sink'))?.policy?.batch).toEqual({ format: 'JSON_ARRAY' });
    const removed = await call(world, 'UpdateDeliveryPolicy', { ...sink, RemovedMembers: ['Batch'] });
    expect(removed).not.toHaveProperty('Batch');
  });

  const ofOwn = 'each event has a request of its own. Remove Format, or use CLOUDEVENTS_BATCH as Batch.Format.';
  const ofGroup =
    'an event that fails must hold its own group only, so each event has a request of its own. Remove Batch or Order.';

  test.each([
    ['Format', { Batch: { Format: 'NDJSON' } }, { Format: 'CLOUDEVENTS_BINARY' }, `With Format, ${ofOwn}`],
    ['Batch', { Format: 'CLOUDEVENTS_BINARY' }, { Batch: { Format: 'NDJSON' } }, `With Format, ${ofOwn}`],
    ['Order', { Batch: { Format: 'NDJSON' } }, { Order: 'PER_GROUP' }, `With Order, ${ofGroup}`],
    ['Batch', { Order: 'PER_GROUP' }, { Batch: { Format: 'NDJSON' } }, `With Order, ${ofGroup}`],
  ])(
    'UpdateDeliveryPolicy refuses %s when it does not fit to the policy %j',
    async (_member, before, update, reason) => {
      const world = await worldWithDestination();
      await call(world, 'PutDeliveryPolicy', { ...sink, ...before });
      await expect(call(world, 'UpdateDeliveryPolicy', { ...sink, ...update })).rejects.toThrow(
        `Parameter Batch.Format is not valid. Reason: ${reason}`,
      );
      expect(await call(world, 'GetDeliveryPolicy', sink)).toMatchObject(before);
    },
  );

  test('UpdateDeliveryPolicy sets the first policy of a destination, and one part of a retry policy keeps the other', async () => {
    const world = await worldWithDestination();
    await call(world, 'UpdateDeliveryPolicy', { ...sink, RetryPolicy: { MaximumRetryAttempts: 3 } });
    await call(world, 'UpdateDeliveryPolicy', { ...sink, RetryPolicy: { MaximumEventAgeInSeconds: 600 } });
    expect(await call(world, 'GetDeliveryPolicy', sink)).toMatchObject({
      RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 600 },
    });
  });

  test('UpdateDeliveryPolicy removes Order only together with the path of its groups', async () => {
    const world = await worldWithDestination();
    await call(world, 'PutDeliveryPolicy', { ...sink, ...everything });
    const RemovedMembers = ['Order'];
    await expect(call(world, 'UpdateDeliveryPolicy', { ...sink, RemovedMembers })).rejects.toThrow(
      'Parameter OrderGroupPath is not valid. Reason: It has no effect without Order. Set Order to PER_GROUP, or remove OrderGroupPath too.',
    );
    const both = { ...sink, RemovedMembers: [...RemovedMembers, 'OrderGroupPath'] };
    const { Order: _order, OrderGroupPath: _path, ...rest } = everything;
    const shown = await call(world, 'UpdateDeliveryPolicy', both);
    expect(shown).toMatchObject(rest);
    expect(shown).not.toHaveProperty('Order');
  });

  test('two updates of different members at the same moment both take effect', async () => {
    const world = await worldWithDestination();
    const updates = ['TimeoutSeconds', 'Burst', 'ServerName'].map((member) =>
      call(world, 'UpdateDeliveryPolicy', { ...sink, [member]: others[member as Member] }),
    );
    await Promise.all(updates);
    const { TimeoutSeconds, Burst, ServerName } = others;
    expect(await call(world, 'GetDeliveryPolicy', sink)).toMatchObject({ TimeoutSeconds, Burst, ServerName });
  });

  test('UpdateDeliveryPolicy refuses a request that both sets and removes the same member', async () => {
    const world = await worldWithDestination();
    const input = { ...sink, Burst: 2, RemovedMembers: ['Burst'] };
    await expect(call(world, 'UpdateDeliveryPolicy', input)).rejects.toThrow(
      'Parameter RemovedMembers is not valid. Reason: The request also sets Burst. Do one of the two.',
    );
  });

  test('UpdateDeliveryPolicy cannot send requests through a proxy that the connection does not allow', async () => {
    const world = await worldWithDestination();
    await call(world, 'PutConnectionPolicy', { ...orders, AllowedHosts: ['example.com'] });
    await expect(call(world, 'UpdateDeliveryPolicy', { ...sink, ServerName: 'evil.example' })).rejects.toMatchObject({
      code: 'ValidationException',
    });
    expect((await world.apiDestinations.read('sink'))?.policy).toBeUndefined();
  });
});

describe('UpdateConnectionPolicy', () => {
  const SecretArn = secretArn('mine');

  test('UpdateConnectionPolicy with AllowedHosts keeps the named secret, and the state of the connection', async () => {
    const world = await worldWithDestination();
    await call(world, 'PutConnectionPolicy', { ...orders, SecretArn });
    const before = await world.connections.read('orders');
    await call(world, 'UpdateConnectionPolicy', { ...orders, AllowedHosts: ['example.com'] });
    expect(await call(world, 'GetConnectionPolicy', orders)).toMatchObject({
      SecretArn,
      AllowedHosts: ['example.com'],
    });
    const after = await world.connections.read('orders');
    expect([after?.state, after?.secretVersion]).toEqual([before?.state, before?.secretVersion]);
  });

  test('UpdateConnectionPolicy with SecretArn keeps the allowed hosts', async () => {
    const world = await worldWithDestination();
    await call(world, 'PutConnectionPolicy', { ...orders, AllowedHosts: ['example.com'] });
    await call(world, 'UpdateConnectionPolicy', { ...orders, SecretArn });
    expect(await call(world, 'GetConnectionPolicy', orders)).toMatchObject({
      SecretArn,
      AllowedHosts: ['example.com'],
    });
    expect(await world.connections.read('orders')).toMatchObject({ secretArn: SecretArn, state: 'AUTHORIZED' });
  });

  test('UpdateConnectionPolicy that removes the secret leaves the connection DEAUTHORIZED and keeps the hosts', async () => {
    const world = await worldWithDestination();
    await call(world, 'PutConnectionPolicy', { ...orders, SecretArn, AllowedHosts: ['example.com'] });
    const shown = await call(world, 'UpdateConnectionPolicy', { ...orders, RemovedMembers: ['SecretArn'] });
    expect(shown).toMatchObject({ AllowedHosts: ['example.com'] });
    expect(shown).not.toHaveProperty('SecretArn');
    expect(await world.connections.read('orders')).toMatchObject({ state: 'DEAUTHORIZED' });
  });

  test('UpdateConnectionPolicy that removes the allowed hosts is logged like any other change that allows more hosts', async () => {
    const world = await worldWithDestination();
    await call(world, 'PutConnectionPolicy', { ...orders, AllowedHosts: ['example.com'] });
    await call(world, 'UpdateConnectionPolicy', { ...orders, RemovedMembers: ['AllowedHosts'] });
    expect(world.told.at(-1)).toEqual({ event: 'hosts-loosened', connection: 'orders', hosts: 'any' });
  });

  test('UpdateConnectionPolicy of an OAuth connection that changes no secret requests no token', async () => {
    const world = await worldWithDestination(oauthInput);
    const started = world.started.length;
    await call(world, 'UpdateConnectionPolicy', { ...orders, AllowedHosts: ['example.com'] });
    expect(world.started).toHaveLength(started);
  });
});

describe('a member that an operation does not have', () => {
  test.each([
    [
      'PutConnectionPolicy',
      { ...orders, AllowedHost: ['a.example'] },
      'This operation has no member "AllowedHost". Did you mean AllowedHosts?',
    ],
    [
      'PutDeliveryPolicy',
      { ...sink, TimeoutSecond: 20 },
      'This operation has no member "TimeoutSecond". Did you mean TimeoutSeconds?',
    ],
    ['PutDeliveryPolicy', { ...sink, timeoutSeconds: 20 }, 'Did you mean TimeoutSeconds?'],
    ['PutDeliveryPolicy', { ...sink, TimeoutSecond: null }, 'Did you mean TimeoutSeconds?'],
    [
      'UpdateDeliveryPolicy',
      { ...sink, RetryPolicy: { MaximumRetryAttempt: 3 } },
      '\'retryPolicy\' has no member "MaximumRetryAttempt". Did you mean MaximumRetryAttempts?',
    ],
    [
      'PutDeliveryPolicy',
      { ...sink, Signing: { SecretArn: secretArn('a'), Secret: 'x' } },
      '\'signing\' has no member "Secret". Did you mean SecretArn?',
    ],
    ['GetDeliveryPolicy', { ...sink, Verbose: true }, 'It has ApiDestinationName.'],
    ['DeleteConnectionPolicy', { ConnectionNam: 'orders' }, 'Did you mean ConnectionName?'],
    ['PauseApiDestination', { Name: 'sink', Untill: 1 }, 'Did you mean Until?'],
    ['ListDestinationHealth', { Filter: 'a' }, 'It has NamePrefix, NextToken, Limit.'],
  ] as const)('%s refuses %j with the words %j, and changes nothing', async (operation, input, words) => {
    const world = await worldWithDestination();
    await call(world, 'PutDeliveryPolicy', { ...sink, ...everything });
    const before = await world.apiDestinations.read('sink');
    await expect(call(world, operation, input as JsonObject)).rejects.toMatchObject({
      code: 'ValidationException',
      message: expect.stringContaining(words),
    });
    expect(await world.apiDestinations.read('sink')).toEqual(before);
  });

  test('a member with a very long or strange name is refused, and the answer is short and has one line', async () => {
    const world = await worldWithDestination();
    for (const name of ['x'.repeat(100_000), 'a\nb', '__proto__', 'constructor']) {
      const input = JSON.parse(`{"ApiDestinationName":"sink",${JSON.stringify(name)}:1}`) as JsonObject;
      await expect(call(world, 'PutDeliveryPolicy', input)).rejects.toThrow(
        /^This operation has no member ".{1,70}"\. .{1,400}$/,
      );
    }
  });
});
