import { describe, expect, test } from 'vitest';
import { createDynamoDbConnectionRepository } from '../../../lib/adapters/dynamodb/connections.ts';
import { createDynamoDbConnectionStates } from '../../../lib/adapters/dynamodb/connection-states.ts';
import type { ConnectionRepository } from '../../../lib/ports/control.ts';
import type { ConnectionStateChange, ConnectionStates } from '../../../lib/ports/token.ts';
import { createInMemoryConnections } from '../../fakes/in-memory-connections.ts';
import { connectionOf, useDynalite } from './subjects.ts';

const dynalite = useDynalite();

const subjects: readonly {
  subject: string;
  create: () => Promise<{ states: ConnectionStates; repository: ConnectionRepository }>;
}[] = [
  {
    subject: 'in DynamoDB',
    async create() {
      const tableName = await dynalite.server.newTable();
      const client = dynalite.client();
      return {
        states: createDynamoDbConnectionStates(client, tableName),
        repository: createDynamoDbConnectionRepository(client, tableName),
      };
    },
  },
  {
    subject: 'in memory',
    async create() {
      const connections = createInMemoryConnections();
      return { states: connections, repository: connections };
    },
  },
];

const authorizing = connectionOf('orders', { state: 'AUTHORIZING', authorizingSinceMs: 2_000, stateReason: 'pending' });
const change = { name: 'orders', incarnation: 'orders-1', secretVersion: 'version-1', nowMs: 9_000 };

const note = { name: 'orders', incarnation: 'orders-1', secretVersion: 'version-1', stateReason: 'It failed.' };

describe.each(subjects)('connection states $subject', ({ create }) => {
  test('noting a reason on an AUTHORIZING connection changes only the reason of its state', async () => {
    const { states, repository } = await create();
    await repository.create(authorizing);
    await states.noteReason(note);
    expect(await repository.read('orders')).toEqual({ ...authorizing, stateReason: 'It failed.' });
  });

  test.each([
    ['has another state', { state: 'AUTHORIZED' }, {}],
    ['was created again', {}, { incarnation: 'orders-2' }],
    ['has other credentials', {}, { secretVersion: 'version-2' }],
    ['does not exist', {}, { name: 'other' }],
  ] as const)('noting a reason for a connection that %s changes nothing', async (_what, members, other) => {
    const { states, repository } = await create();
    const connection = { ...authorizing, ...members };
    await repository.create(connection);
    await states.noteReason({ ...note, ...other });
    expect(await repository.read('orders')).toEqual(connection);
    expect(await repository.read('other')).toBeUndefined();
  });

  test('authorizing a connection sets its time of authorization, removes the reason and raises the revision', async () => {
    const { states, repository } = await create();
    await repository.create(authorizing);
    expect(await states.change({ ...change, state: 'AUTHORIZED' })).toBe(true);
    const { stateReason: _reason, authorizingSinceMs: _since, ...rest } = authorizing;
    expect(await repository.read('orders')).toEqual({
      ...rest,
      state: 'AUTHORIZED',
      lastModifiedTimeMs: 9_000,
      lastAuthorizedTimeMs: 9_000,
      revision: 2,
    });
  });

  test('deauthorizing a connection stores the reason and removes the time of authorization', async () => {
    const { states, repository } = await create();
    await repository.create(authorizing);
    expect(await states.change({ ...change, state: 'DEAUTHORIZED', stateReason: 'refused' })).toBe(true);
    const stored = await repository.read('orders');
    expect(stored).toMatchObject({ state: 'DEAUTHORIZED', stateReason: 'refused' });
    expect(stored).not.toHaveProperty('lastAuthorizedTimeMs');
  });

  test.each([
    ['older credentials', authorizing, { secretVersion: 'version-0' }],
    ['an older incarnation', authorizing, { incarnation: 'orders-0' }],
    ['a connection that is being deleted', { ...authorizing, state: 'DELETING' as const }, {}],
    ['a connection that is being deauthorized', { ...authorizing, state: 'DEAUTHORIZING' as const }, {}],
  ])('a change of state by a worker that used %s is refused', async (_which, stored, used) => {
    const { states, repository } = await create();
    await repository.create(stored);
    expect(await states.change({ ...change, ...used, state: 'AUTHORIZED' })).toBe(false);
    expect(await repository.read('orders')).toEqual(stored);
  });

  test('a change of state does not bring back a connection that is gone', async () => {
    const { states, repository } = await create();
    expect(await states.change({ ...change, state: 'AUTHORIZED' })).toBe(false);
    expect(await repository.read('orders')).toBeUndefined();
  });

  describe('a new version of a secret that the policy names', () => {
    const secretArn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:team';
    const named = connectionOf('orders', { secretArn, policy: { secretArn }, stateReason: 'as before' });

    test('adopting a new version of a named secret changes only the secret version, the revision and the time of change', async () => {
      const { states, repository } = await create();
      await repository.create(named);
      expect(await states.adopt(named, 'version-2', 9_000)).toBe(true);
      const changed = { secretVersion: 'version-2', lastModifiedTimeMs: 9_000, revision: 2 };
      expect(await repository.read('orders')).toEqual({ ...named, ...changed });
    });

    test('adopting a new version of a named secret authorizes a deauthorized connection', async () => {
      const { states, repository } = await create();
      const deauthorized = { ...named, state: 'DEAUTHORIZED' as const };
      await repository.create(deauthorized);
      expect(await states.adopt(deauthorized, 'version-2', 9_000)).toBe(true);
      const { stateReason: _reason, ...rest } = named;
      const changed = {
        secretVersion: 'version-2',
        lastModifiedTimeMs: 9_000,
        lastAuthorizedTimeMs: 9_000,
        revision: 2,
      };
      expect(await repository.read('orders')).toEqual({ ...rest, ...changed });
    });

    test('adopting a new version of a named secret is refused when the connection has changed or does not exist', async () => {
      const { states, repository } = await create();
      expect(await states.adopt(named, 'version-2', 9_000)).toBe(false);
      await repository.create(named);
      expect(await states.adopt(named, 'version-2', 9_000)).toBe(true);
      expect(await states.adopt(named, 'version-3', 9_000)).toBe(false);
      expect(await states.adopt({ ...named, incarnation: 'orders-0', revision: 2 }, 'version-3', 9_000)).toBe(false);
      expect(await repository.read('orders')).toMatchObject({ secretVersion: 'version-2', revision: 2 });
    });
  });
});

describe('the listener to changes of state', () => {
  test.each([
    ['once for two deauthorizations in a row', ['DEAUTHORIZED', 'DEAUTHORIZED'], ['DEAUTHORIZED']],
    [
      'again for a deauthorization after new credentials',
      ['DEAUTHORIZED', 'AUTHORIZED', 'DEAUTHORIZED'],
      ['DEAUTHORIZED', 'AUTHORIZED', 'DEAUTHORIZED'],
    ],
    ['once for two authorizations in a row', ['AUTHORIZED', 'AUTHORIZED'], ['AUTHORIZED']],
  ] as const)('the listener to changes of state is called %s', async (_which, changes, expected) => {
    const tableName = await dynalite.server.newTable();
    const heard: string[] = [];
    const changed = ({ name, state }: ConnectionStateChange) => void heard.push(`${name} ${state}`);
    const states = createDynamoDbConnectionStates(dynalite.client(), tableName, changed);
    await createDynamoDbConnectionRepository(dynalite.client(), tableName).create(authorizing);
    for (const [index, state] of changes.entries()) {
      expect(await states.change({ ...change, state, nowMs: 9_000 + index })).toBe(true);
    }
    expect(heard).toEqual(expected.map((state) => `orders ${state}`));
  });

  test('the listener to changes of state is not called for a refused change', async () => {
    const tableName = await dynalite.server.newTable();
    const changed = () => expect.fail('Nothing was changed.');
    const states = createDynamoDbConnectionStates(dynalite.client(), tableName, changed);
    expect(await states.change({ ...change, state: 'DEAUTHORIZED' })).toBe(false);
  });
});
