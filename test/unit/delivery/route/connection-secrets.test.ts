import { beforeEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../../../lib/core/destination/connection.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import type { SecretReader } from '../../../../lib/ports/delivery.ts';
import { createResolver } from '../../../../lib/delivery/route/resolver.ts';
import { apiDestinationOf, connectionOf } from '../../../contract/dynamodb/subjects.ts';
import { createFaults } from '../../../fakes/faults.ts';
import { createInMemoryApiDestinations } from '../../../fakes/in-memory-api-destinations.ts';
import { createInMemoryConnections } from '../../../fakes/in-memory-connections.ts';
import { createInMemorySecrets } from '../../../fakes/in-memory-secrets.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { policyOf } from '../../../fakes/delivery-policies.ts';

/* The policy of the connection in these tests names a secret that is rotated outside the stack. */

const textOf = (password: string) => JSON.stringify({ username: 'someone', password });

async function createWorld() {
  const clock = createManualClock();
  const faults = createFaults();
  const apiDestinations = createInMemoryApiDestinations();
  const connections = createInMemoryConnections();
  const secrets = createInMemorySecrets();
  const { secretArn, version } = await secrets.create('team/billing', textOf('first'));
  const connection = connectionOf('billing', { secretArn, secretVersion: version, policy: { secretArn } });
  await connections.create(connection);
  await apiDestinations.create(apiDestinationOf('orders', { connectionArn: connection.arn }));
  const reader: { failure?: Failure } = {};
  const read: SecretReader['read'] = async (arn, wanted) => {
    if (reader.failure !== undefined) throw reader.failure;
    return await secrets.read(arn, wanted);
  };
  const newWorker = () =>
    createResolver({
      configuration: { readApiDestination: apiDestinations.read, readConnection: connections.read },
      secrets: faults.wrap('secrets', { read }),
      states: faults.wrap('states', { adopt: connections.adopt }),
      clock,
      policy: policyOf(),
      longestTimeoutMs: 52_000,
      cache: { freshMs: 15_000, staleMs: 900_000 },
    });
  return {
    newWorker,
    worker: newWorker(),
    faults,
    reader,
    secrets,
    connections,
    stored: () => connections.read('billing'),
    later: (ms: number) => clock.set(clock.nowMs() + ms),
    async rotate(text: string): Promise<string> {
      const added = await secrets.addVersion(secretArn, text);
      await secrets.makeCurrent(secretArn, added.version);
      return added.version;
    },
    async change(members: Partial<Connection>): Promise<void> {
      const before = await connections.read('billing');
      if (before === undefined) throw new Error('There is no connection.');
      await connections.update(before, { ...before, ...members, revision: before.revision + 1 });
    },
  };
}

let world: Awaited<ReturnType<typeof createWorld>>;
beforeEach(async () => {
  world = await createWorld();
});

const passwordOf = async (resolving: ReturnType<typeof world.worker.current>) => {
  const { credentials } = (await resolving).secret;
  return credentials.authorizationType === 'BASIC' ? credentials.password : undefined;
};

describe('a rotation', () => {
  test('a rotation of a named secret is noticed within 15 s and written to the connection once', async () => {
    const { worker, rotate, later, stored, faults } = world;
    expect(await passwordOf(worker.current('orders'))).toBe('first');
    const version = await rotate(textOf('second'));
    later(14_999);
    expect(await passwordOf(worker.current('orders'))).toBe('first');
    later(1);
    const route = await worker.current('orders');
    expect(await passwordOf(Promise.resolve(route))).toBe('second');
    expect(route.connection).toEqual(await stored());
    expect(await stored()).toMatchObject({ secretVersion: version, state: 'AUTHORIZED', revision: 2 });
    later(15_000);
    await worker.current('orders');
    expect(faults.calls.filter((call) => call === 'states.adopt')).toHaveLength(1);
  });

  test('a worker whose request was refused notices a rotation of the named secret at once', async () => {
    const { worker, rotate } = world;
    const sent = await worker.current('orders');
    await rotate(textOf('second'));
    expect(await passwordOf(worker.fresh('orders'))).toBe('second');
    expect((await worker.current('orders')).connection.secretVersion).not.toBe(sent.connection.secretVersion);
  });

  test('a rotation that many workers notice at once is written by one of them and used by all', async () => {
    const { newWorker, rotate, stored } = world;
    const workers = Array.from({ length: 8 }, newWorker);
    await Promise.all(workers.map((each) => each.current('orders')));
    await rotate(textOf('second'));
    const routes = await Promise.all(workers.map((each) => each.fresh('orders')));
    const versions = new Set(routes.map((route) => route.connection.secretVersion));
    expect([...versions]).toEqual([(await stored())?.secretVersion]);
    expect((await stored())?.revision).toBe(2);
  });

  test('a worker reads the named secret again when another worker has written a rotation', async () => {
    const { worker, newWorker, rotate, later } = world;
    await worker.current('orders');
    later(10_000);
    await worker.fresh('orders');
    await rotate(textOf('second'));
    later(6_000);
    await newWorker().fresh('orders');
    later(9_000);
    expect(await passwordOf(worker.current('orders'))).toBe('second');
  });

  test('undoing a rotation counts as another rotation', async () => {
    const { worker, rotate, secrets, stored, later } = world;
    const first = await stored();
    await worker.current('orders');
    await rotate(textOf('second'));
    await worker.fresh('orders');
    await secrets.makeCurrent(first?.secretArn ?? '', first?.secretVersion ?? '');
    later(15_000);
    expect(await passwordOf(worker.current('orders'))).toBe('first');
  });

  test('a rotation whose version cannot be written is a retryable failure, and the new version is not used', async () => {
    const { worker, rotate, connections, faults, stored } = world;
    await rotate(textOf('second'));
    const held = faults.hold('states.adopt');
    const resolving = worker.fresh('orders');
    await held.reached;
    const before = await stored();
    if (before !== undefined) await connections.update(before, { ...before, description: 'changed', revision: 2 });
    held.release();
    await expect(resolving).rejects.toMatchObject({ code: 'CredentialsChanged', kind: 'retryable' });
    expect(await passwordOf(worker.fresh('orders'))).toBe('second');
  });

  test('a rotation authorizes a connection that was deauthorized with the previous version', async () => {
    const { worker, rotate, change, stored } = world;
    await change({ state: 'DEAUTHORIZED', stateReason: 'refused' });
    await expect(worker.current('orders')).rejects.toMatchObject({ code: 'ConnectionDeauthorized' });
    await rotate(textOf('second'));
    expect(await passwordOf(worker.current('orders'))).toBe('second');
    expect(await stored()).toMatchObject({ state: 'AUTHORIZED' });
    expect(await stored()).not.toHaveProperty('stateReason');
  });

  test.each(['DELETING', 'DEAUTHORIZING', 'CREATING'] as const)(
    'a rotation does not change a connection that is %s',
    async (state) => {
      const { worker, rotate, change, stored, faults } = world;
      await change({ state });
      await rotate(textOf('second'));
      const before = await stored();
      await expect(worker.current('orders')).rejects.toBeInstanceOf(Failure);
      expect(await stored()).toEqual(before);
      expect(faults.calls).toEqual([]);
    },
  );
});

describe('a warm delivery', () => {
  test('a warm delivery reads only the named secret, and only when the cached one is no longer fresh', async () => {
    const { worker, faults, later } = world;
    const route = await worker.current('orders');
    later(14_999);
    expect(worker.cached('orders')).toBe(route);
    expect(faults.calls).toEqual(['secrets.read']);
    later(1);
    expect(worker.cached('orders')).toBeUndefined();
    await worker.current('orders');
    expect(faults.calls).toEqual(['secrets.read', 'secrets.read']);
  });

  test('a warm worker uses a secret that cannot be reached for at most 15 minutes', async () => {
    const { worker, reader, later } = world;
    await worker.current('orders');
    reader.failure = new Failure('StoreUnavailable', 'injected');
    later(899_000);
    expect(await passwordOf(worker.current('orders'))).toBe('first');
    later(1_000);
    await expect(worker.current('orders')).rejects.toMatchObject({ code: 'StoreUnavailable' });
  });
});

describe('a secret that cannot be used makes deliveries wait', () => {
  test.each([
    ['holds no credentials', '{"password":"canary"}', 'InvalidSecret'],
    ['holds credentials of another type', '{"api_key_name":"x","api_key_value":"canary"}', 'InvalidSecret'],
  ])('deliveries wait while the named secret %s, until it is repaired', async (_, text, code) => {
    const { worker, rotate, later, stored } = world;
    await worker.current('orders');
    const before = await stored();
    await rotate(text);
    later(15_000);
    const failure = await worker.current('orders').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, kind: 'retryable' });
    expect(String(failure)).not.toContain('canary');
    expect(await stored()).toEqual(before);
    await rotate(textOf('third'));
    later(15_000);
    expect(await passwordOf(worker.current('orders'))).toBe('third');
  });

  test('deliveries wait while the named secret does not exist', async () => {
    const { worker, secrets } = world;
    await secrets.remove('team/billing');
    await expect(worker.current('orders')).rejects.toMatchObject({
      code: 'SecretNotFound',
      kind: 'retryable',
      message: "The secret that the policy of connection 'billing' names does not exist.",
    });
  });

  test('deliveries wait as soon as access to the named secret is denied', async () => {
    const { worker, reader, later } = world;
    await worker.current('orders');
    reader.failure = new Failure('StoreRefused', 'injected');
    later(15_000);
    await expect(worker.current('orders')).rejects.toMatchObject({ code: 'StoreRefused', kind: 'retryable' });
  });
});
