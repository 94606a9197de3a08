import { describe, expect, test } from 'vitest';
import type { Connection } from '../../../../lib/core/destination/connection.ts';
import type { ConnectionSecret } from '../../../../lib/core/destination/connection-secret.ts';
import { formatConnectionSecret } from '../../../../lib/core/destination/connection-secret.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { createResolver } from '../../../../lib/delivery/route/resolver.ts';
import { apiDestinationOf, connectionOf } from '../../../contract/dynamodb/subjects.ts';
import { createInMemoryApiDestinations } from '../../../fakes/in-memory-api-destinations.ts';
import { createInMemoryConnections } from '../../../fakes/in-memory-connections.ts';
import { createInMemorySecrets } from '../../../fakes/in-memory-secrets.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { policyOf } from '../../../fakes/delivery-policies.ts';

const policy = policyOf();

const secret = (password: string): ConnectionSecret => ({
  credentials: { authorizationType: 'BASIC', username: 'someone', password },
});

async function setUp(members: Partial<Connection> = {}) {
  const clock = createManualClock();
  const apiDestinations = createInMemoryApiDestinations();
  const connections = createInMemoryConnections();
  const secrets = createInMemorySecrets();
  const { secretArn, version } = await secrets.create('billing', formatConnectionSecret(secret('first')));
  const connection = connectionOf('billing', { secretArn, secretVersion: version, ...members });
  const apiDestination = apiDestinationOf('orders', { connectionArn: connection.arn });
  await connections.create(connection);
  await apiDestinations.create(apiDestination);
  const calls: string[] = [];
  const injected: { failure?: Failure; afterAdopting?: () => Promise<unknown> } = {};
  const observed = <Result>(call: string, result: Promise<Result>): Promise<Result> => {
    calls.push(call);
    if (injected.failure !== undefined) return Promise.reject(injected.failure);
    return result;
  };
  const resolver = createResolver({
    configuration: {
      readApiDestination: (name) => observed('destination', apiDestinations.read(name)),
      readConnection: (name) => observed('connection', connections.read(name)),
    },
    secrets: { read: (arn, wanted) => observed('secret', secrets.read(arn, wanted)) },
    states: {
      async adopt(...parameters) {
        const adopted = await connections.adopt(...parameters);
        await injected.afterAdopting?.();
        return adopted;
      },
    },
    clock,
    policy,
    longestTimeoutMs: 52_000,
    cache: { freshMs: 15_000, staleMs: 900_000 },
  });
  const later = (ms: number) => clock.set(clock.nowMs() + ms);
  return { clock, later, apiDestinations, connections, secrets, connection, apiDestination, calls, injected, resolver };
}

describe('the resolver', () => {
  test('the resolver reads each of ten thousand destinations once', async () => {
    const { apiDestinations, connection, calls, resolver } = await setUp();
    const names = Array.from({ length: 10_000 }, (_, index) => `orders-${index}`);
    for (const name of names) {
      await apiDestinations.create(apiDestinationOf(name, { connectionArn: connection.arn }));
    }
    for (const name of [...names, ...names]) await resolver.current(name);
    expect(calls.filter((call) => call === 'destination')).toHaveLength(names.length);
  });

  test('the resolver reads destination, connection and secret only once during their fresh time', async () => {
    const { resolver, calls, later } = await setUp();
    const route = await resolver.current('orders');
    expect(route.secret).toEqual(secret('first'));
    later(14_000);
    expect(await resolver.current('orders')).toBe(route);
    expect(calls).toEqual(['destination', 'connection', 'secret']);
  });

  test('the resolver finds a destination by its own ARN only, not by that of an earlier one of the same name', async () => {
    const { resolver, apiDestination } = await setUp();
    expect((await resolver.current(apiDestination.arn)).apiDestination.name).toBe('orders');
    const earlier = apiDestination.arn.replace(apiDestination.incarnation, 'orders-0');
    await expect(resolver.current(earlier)).rejects.toMatchObject({ code: 'ApiDestinationNotFound' });
  });

  test('the resolver reads the secret again only when the connection names another version', async () => {
    const { resolver, connections, secrets, connection, calls, later } = await setUp();
    await resolver.current('orders');
    later(15_000);
    await resolver.current('orders');
    expect(calls.filter((call) => call === 'secret')).toHaveLength(1);
    const { version } = await secrets.addVersion(
      String(connection.secretArn),
      formatConnectionSecret(secret('second')),
    );
    await connections.update(connection, { ...connection, secretVersion: version, revision: 2 });
    later(15_000);
    expect((await resolver.current('orders')).secret).toEqual(secret('second'));
  });

  test('a changed endpoint of a destination is called within 15 s', async () => {
    const { resolver, apiDestinations, apiDestination, later } = await setUp();
    await resolver.current('orders');
    const moved = { ...apiDestination, invocationEndpoint: 'https://example.com/moved', revision: 2 };
    await apiDestinations.update(apiDestination, moved);
    later(15_000);
    expect((await resolver.current('orders')).apiDestination.invocationEndpoint).toBe('https://example.com/moved');
  });

  test("a destination's own policy replaces the defaults within 15 s", async () => {
    const { resolver, apiDestinations, apiDestination, later } = await setUp();
    expect((await resolver.current('orders')).policy).toEqual(policy);
    const own = { timeoutMs: 60_000, burst: 5, retryPolicy: { maximumRetryAttempts: 3 } };
    await apiDestinations.update(apiDestination, { ...apiDestination, policy: own, revision: 2 });
    later(15_000);
    const retryPolicy = { ...policy.retryPolicy, maximumRetryAttempts: 3 };
    expect((await resolver.current('orders')).policy).toEqual({ ...policy, timeoutMs: 52_000, burst: 5, retryPolicy });
  });

  test('the resolver gives a route without a read while destination and connection are fresh', async () => {
    const { resolver, calls, later, apiDestination } = await setUp();
    expect(resolver.cached('orders')).toBeUndefined();
    const route = await resolver.current('orders');
    const asked = [...calls];
    later(14_999);
    expect(resolver.cached('orders')).toBe(route);
    expect(resolver.cached(apiDestination.arn)).toBe(route);
    expect(resolver.cached(apiDestination.arn.replace(apiDestination.incarnation, 'orders-0'))).toBeUndefined();
    later(1);
    expect(resolver.cached('orders')).toBeUndefined();
    expect(calls).toEqual(asked);
  });

  test('the resolver gives no cached route when its connection was read again', async () => {
    const { resolver, connections, connection } = await setUp();
    const route = await resolver.current('orders');
    const refused = { ...connection, state: 'DEAUTHORIZED', revision: 2 } as const;
    await connections.update(connection, refused);
    await expect(resolver.fresh('orders')).rejects.toMatchObject({ code: 'ConnectionDeauthorized' });
    expect(resolver.cached('orders')).toBeUndefined();
    await connections.update(refused, { ...connection, state: 'AUTHORIZED', revision: 3 });
    const anew = await resolver.fresh('orders');
    expect(resolver.cached('orders')).toBe(anew);
    expect(anew).not.toBe(route);
  });

  test('the resolver reports a missing destination only after a read without the cache', async () => {
    const { resolver } = await setUp();
    await expect(resolver.current('unknown')).rejects.toMatchObject({
      code: 'ApiDestinationNotFound',
      message: "API destination 'unknown' does not exist.",
    });
  });

  test('a connection that is DEAUTHORIZED in the cache is read again before its delivery fails', async () => {
    const { resolver, connections, connection } = await setUp({ state: 'DEAUTHORIZED' });
    await expect(resolver.current('orders')).rejects.toMatchObject({ code: 'ConnectionDeauthorized' });
    await connections.update(connection, { ...connection, state: 'AUTHORIZED', revision: 2 });
    expect((await resolver.current('orders')).connection.state).toBe('AUTHORIZED');
  });

  test('a cached deauthorized connection is a retryable failure while the table cannot be reached', async () => {
    const { resolver, injected } = await setUp({ state: 'DEAUTHORIZED' });
    await expect(resolver.current('orders')).rejects.toMatchObject({ code: 'ConnectionDeauthorized' });
    injected.failure = new Failure('StoreUnavailable', 'injected');
    await expect(resolver.current('orders')).rejects.toMatchObject({ code: 'StoreUnavailable' });
  });

  test('a cached route is used for at most 15 minutes while the stores cannot be reached', async () => {
    const { resolver, injected, later } = await setUp();
    const route = await resolver.current('orders');
    injected.failure = new Failure('StoreUnavailable', 'injected');
    later(899_000);
    expect(await resolver.current('orders')).toBe(route);
    later(1000);
    await expect(resolver.current('orders')).rejects.toMatchObject({ code: 'StoreUnavailable' });
  });

  test('a cached route is not used when the stores deny access', async () => {
    const { resolver, injected, later } = await setUp();
    await resolver.current('orders');
    injected.failure = new Failure('StoreRefused', 'injected');
    later(15_000);
    await expect(resolver.current('orders')).rejects.toMatchObject({ code: 'StoreRefused' });
  });

  test.each([
    ['CREATING', 'ConnectionNotReady'],
    ['UPDATING', 'ConnectionNotReady'],
    ['DELETING', 'ConnectionNotFound'],
    ['DEAUTHORIZING', 'ConnectionDeauthorized'],
    ['DEAUTHORIZED', 'ConnectionDeauthorized'],
  ] as const)('a delivery over a connection that is %s fails with %s', async (state, code) => {
    const { resolver } = await setUp({ state });
    await expect(resolver.current('orders')).rejects.toMatchObject({ code });
  });

  test('a delivery may obtain the token of a connection that has been AUTHORIZING for more than a minute', async () => {
    const { resolver, clock } = await setUp({ state: 'AUTHORIZING', lastModifiedTimeMs: Date.UTC(2026, 0, 1) });
    await expect(resolver.current('orders')).rejects.toMatchObject({ code: 'ConnectionNotReady' });
    clock.set(clock.nowMs() + 60_001);
    expect((await resolver.current('orders')).connection.state).toBe('AUTHORIZING');
  });

  test('changing a connection does not prolong its minute of AUTHORIZING if the credentials stay the same', async () => {
    const began = Date.UTC(2026, 0, 1);
    const { resolver, clock } = await setUp({
      state: 'AUTHORIZING',
      authorizingSinceMs: began,
      lastModifiedTimeMs: began + 50_000,
    });
    clock.set(began + 60_001);
    expect((await resolver.current('orders')).connection.state).toBe('AUTHORIZING');
  });

  test('a connection that was deleted and created again is not used by destinations of the earlier one', async () => {
    const { resolver, connections, connection } = await setUp();
    await connections.remove(connection);
    await connections.create(connectionOf('billing', { incarnation: 'billing-2' }));
    await expect(resolver.current('orders')).rejects.toMatchObject({ code: 'ConnectionNotFound' });
  });

  describe('allowed hosts', () => {
    const evil = 'https://evil.example/';
    const allowed = { policy: { allowedHosts: ['example.com'] } };

    test('a host outside the allowed hosts is a permanent failure before the secret is read', async () => {
      const { resolver, apiDestinations, apiDestination, calls } = await setUp(allowed);
      await apiDestinations.update(apiDestination, { ...apiDestination, invocationEndpoint: evil, revision: 2 });
      await expect(resolver.current('orders')).rejects.toMatchObject({
        code: 'HostNotAllowed',
        message: "The policy of connection 'billing' does not allow its credentials to go to host 'evil.example'.",
      });
      expect(calls).toEqual(['destination', 'connection', 'destination', 'connection']);
    });

    test('allowed hosts from the cache are read again before they make a delivery fail', async () => {
      const { resolver, connections, connection, apiDestinations, apiDestination } = await setUp(allowed);
      const moved = { ...apiDestination, invocationEndpoint: evil, revision: 2 };
      await apiDestinations.update(apiDestination, moved);
      await expect(resolver.current('orders')).rejects.toMatchObject({ code: 'HostNotAllowed' });
      await connections.update(connection, { ...connection, policy: { allowedHosts: ['evil.example'] }, revision: 2 });
      expect((await resolver.current('orders')).apiDestination.invocationEndpoint).toBe(evil);
    });

    test('new allowed hosts make deliveries to other hosts fail within 15 s', async () => {
      const { resolver, connections, connection, later } = await setUp();
      await resolver.current('orders');
      const policy = { allowedHosts: ['elsewhere.example'] };
      await connections.update(connection, { ...connection, policy, revision: 2 });
      later(15_000);
      expect(resolver.cached('orders')).toBeUndefined();
      await expect(resolver.current('orders')).rejects.toMatchObject({ code: 'HostNotAllowed' });
    });

    test('a new version of a named secret is neither read nor written for a host that is not allowed', async () => {
      const { resolver, connections, connection, secrets, calls } = await setUp();
      const secretArn = String(connection.secretArn);
      const policy = { secretArn, allowedHosts: ['elsewhere.example'] };
      await connections.update(connection, { ...connection, policy, revision: 2 });
      const { version } = await secrets.addVersion(secretArn, formatConnectionSecret(secret('second')));
      await secrets.makeCurrent(secretArn, version);
      await expect(resolver.current('orders')).rejects.toMatchObject({ code: 'HostNotAllowed' });
      expect(calls).not.toContain('secret');
      expect(await connections.read('billing')).toMatchObject({ secretVersion: connection.secretVersion, revision: 2 });
    });

    test('allowed hosts that are put while a delivery writes a new secret version apply to that delivery', async () => {
      const { resolver, connections, connection, secrets, injected } = await setUp();
      const secretArn = String(connection.secretArn);
      await connections.update(connection, { ...connection, policy: { secretArn }, revision: 2 });
      const { version } = await secrets.addVersion(secretArn, formatConnectionSecret(secret('second')));
      await secrets.makeCurrent(secretArn, version);
      injected.afterAdopting = async () => {
        const stored = await connections.read('billing');
        if (stored === undefined) throw new Error('it is gone');
        const policy = { secretArn, allowedHosts: ['elsewhere.example'] };
        await connections.update(stored, { ...stored, policy, revision: stored.revision + 1 });
      };
      await expect(resolver.current('orders')).rejects.toMatchObject({ code: 'HostNotAllowed' });
      expect(resolver.cached('orders')).toBeUndefined();
    });

    test('a warm delivery with allowed hosts reads no store', async () => {
      const { resolver, calls } = await setUp(allowed);
      const route = await resolver.current('orders');
      const asked = [...calls];
      expect(resolver.cached('orders')).toBe(route);
      expect(calls).toEqual(asked);
    });
  });

  test('a secret version that does not exist is a retryable failure after a second read', async () => {
    const { resolver, calls } = await setUp({ secretVersion: 'gone' });
    await expect(resolver.current('orders')).rejects.toMatchObject({ code: 'SecretNotFound' });
    expect(calls).toEqual(['destination', 'connection', 'secret', 'destination', 'connection', 'secret']);
  });

  test('a secret without credentials is a failure, and the error does not show the secret', async () => {
    const { resolver, secrets, connection, connections } = await setUp();
    const { version } = await secrets.addVersion(
      String(connection.secretArn),
      '{"username":"someone","canary":"s3cret"}',
    );
    await connections.update(connection, { ...connection, secretVersion: version, revision: 2 });
    const failure = await resolver.current('orders').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'InvalidSecret' });
    expect(String(failure)).not.toContain('s3cret');
  });
});
