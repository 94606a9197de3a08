import { describe, expect, test } from 'vitest';
import { createDynamoDbApiDestinationRepository } from '../../../lib/adapters/dynamodb/api-destinations.ts';
import type { ApiDestinationRepository } from '../../../lib/ports/control.ts';
import { createInMemoryApiDestinations } from '../../fakes/in-memory-api-destinations.ts';
import { apiDestinationOf, useDynalite } from './subjects.ts';

const dynalite = useDynalite();

const subjects: readonly { subject: string; create: () => Promise<ApiDestinationRepository> }[] = [
  {
    subject: 'in DynamoDB',
    create: async () => createDynamoDbApiDestinationRepository(dynalite.client(), await dynalite.server.newTable()),
  },
  { subject: 'in memory', create: async () => createInMemoryApiDestinations() },
];

const names = (page: { readonly items: readonly { readonly name: string }[] }) => page.items.map(({ name }) => name);

describe.each(subjects)('API destinations $subject', ({ create }) => {
  test('a destination is read back as it was created, including its delivery policy', async () => {
    const repository = await create();
    const destination = apiDestinationOf('orders', {
      description: 'The order system',
      policy: {
        timeoutMs: 20_000,
        burst: 3,
        retryPolicy: { maximumRetryAttempts: 3 },
        retryableStatuses: [404],
        signing: { secretArn: 'arn:signing' },
        transport: { proxyUrl: 'http://proxy.example:3128' },
      },
    });
    expect(await repository.create(destination)).toBe('written');
    expect(await repository.read('orders')).toEqual(destination);
    expect(await repository.read('nobody')).toBeUndefined();
  });

  test('a second create of a destination name is refused', async () => {
    const repository = await create();
    await repository.create(apiDestinationOf('orders'));
    expect(await repository.create(apiDestinationOf('orders', { incarnation: 'other' }))).toBe('exists');
  });

  test('when two updates of a destination are based on the same revision, only one of them is written', async () => {
    const repository = await create();
    const { description: _none, ...plain } = apiDestinationOf('orders');
    const before = { ...plain, description: 'old' };
    await repository.create(before);
    const answers = await Promise.all([
      repository.update(before, { ...plain, revision: 2 }),
      repository.update(before, { ...plain, revision: 2 }),
    ]);
    expect(answers.toSorted()).toEqual(['changed', 'written']);
    expect(await repository.read('orders')).toEqual({ ...plain, revision: 2 });
    expect(await repository.update(apiDestinationOf('nobody'), apiDestinationOf('nobody'))).toBe('absent');
  });

  test('a delivery policy is replaced as a whole, and can be empty or removed', async () => {
    const repository = await create();
    const { policy: _none, ...plain } = apiDestinationOf('orders');
    const first = { ...plain, policy: { timeoutMs: 100, transport: { serverName: 'a.example' } } };
    await repository.create(first);
    const second = { ...plain, policy: { burst: 2 }, revision: 2 };
    await repository.update(first, second);
    expect(await repository.read('orders')).toEqual(second);
    const third = { ...plain, policy: {}, revision: 3 };
    await repository.update(second, third);
    expect(await repository.read('orders')).toEqual(third);
    await repository.update(third, { ...plain, revision: 4 });
    expect(await repository.read('orders')).toEqual({ ...plain, revision: 4 });
  });

  test('removing a destination is refused when the caller read an older revision', async () => {
    const repository = await create();
    const destination = apiDestinationOf('orders');
    await repository.create(destination);
    expect(await repository.remove({ ...destination, revision: 7 })).toBe('changed');
    expect(await repository.remove(destination)).toBe('written');
    expect(await repository.remove(destination)).toBe('absent');
  });

  test('destinations can be listed by prefix, by connection, or by both', async () => {
    const repository = await create();
    const connectionArn = 'arn:aws:events:us-east-1:123456789012:connection/mine/1';
    for (const name of ['b-2', 'a-1', 'b-1', 'a-2', 'b-3']) {
      const members = name === 'b-2' ? {} : { connectionArn };
      await repository.create(apiDestinationOf(name, members));
    }
    expect(names(await repository.list({ limit: 10 }))).toEqual(['a-1', 'a-2', 'b-1', 'b-2', 'b-3']);
    expect(names(await repository.list({ limit: 10, namePrefix: 'b-' }))).toEqual(['b-1', 'b-2', 'b-3']);
    expect(names(await repository.list({ limit: 10, connectionArn }))).toEqual(['a-1', 'a-2', 'b-1', 'b-3']);
    const both = { connectionArn, namePrefix: 'b-', limit: 1 };
    const first = await repository.list(both);
    expect(first).toMatchObject({ items: [{ name: 'b-1' }], nextAfterName: 'b-1' });
    const second = await repository.list({ ...both, afterName: 'b-1' });
    expect(names(second)).toEqual(['b-3']);
    expect(second.nextAfterName).toBeUndefined();
  });

  test("a page of one connection's destinations begins after a name, even when the connection has no such destination any more", async () => {
    const repository = await create();
    const { connectionArn } = apiDestinationOf('any');
    for (const name of ['a', 'b', 'c', 'd']) await repository.create(apiDestinationOf(name));
    const b = apiDestinationOf('b');
    await repository.update(b, { ...b, connectionArn: `${connectionArn}2`, revision: 2 });
    expect(names(await repository.list({ connectionArn, afterName: 'b', limit: 10 }))).toEqual(['c', 'd']);
    await repository.remove(apiDestinationOf('c'));
    expect(names(await repository.list({ connectionArn, afterName: 'c', limit: 10 }))).toEqual(['d']);
  });

  test('the count of destinations is correct after destinations were created and removed', async () => {
    const repository = await create();
    await repository.create(apiDestinationOf('a'));
    await repository.create(apiDestinationOf('b'));
    await repository.remove(apiDestinationOf('a'));
    expect(await repository.count()).toBe(1);
  });
});
