import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDynamoDbClient } from '../../../lib/adapters/aws/clients.ts';
import { createDynamoDbConnectionRepository } from '../../../lib/adapters/dynamodb/connections.ts';
import { createDynamoDbConnectionStates } from '../../../lib/adapters/dynamodb/connection-states.ts';
import type { AnswerLosingProxy } from '../../servers/aws/answer-losing-proxy.ts';
import { startAnswerLosingProxy } from '../../servers/aws/answer-losing-proxy.ts';
import { connectionOf, useDynalite } from './subjects.ts';

const dynalite = useDynalite();
const started: { proxy?: AnswerLosingProxy } = {};

beforeAll(async () => {
  started.proxy = await startAnswerLosingProxy(dynalite.server.endpoint);
});
afterAll(() => started.proxy?.stop());

async function behindProxy() {
  const { proxy } = started;
  if (proxy === undefined) throw new Error('The proxy has not been started.');
  const client = createDynamoDbClient({ ...dynalite.server.clientConfig, endpoint: proxy.endpoint });
  const tableName = await dynalite.server.newTable();
  const heard: string[] = [];
  return {
    proxy,
    lostBefore: proxy.lostAnswers,
    repository: createDynamoDbConnectionRepository(client, tableName),
    heard,
    states: createDynamoDbConnectionStates(client, tableName, ({ name }) => void heard.push(name)),
  };
}

test('a create counts as written when its answer was lost and its repetition finds the item', async () => {
  const { proxy, lostBefore, repository } = await behindProxy();
  proxy.loseNextAnswerTo('PutItem');
  expect(await repository.create(connectionOf('orders'))).toBe('written');
  expect(proxy.lostAnswers).toBe(lostBefore + 1);
  expect(await repository.create(connectionOf('orders', { incarnation: 'other' }))).toBe('exists');
});

test('an update whose answer was lost is written once and reported as written', async () => {
  const { proxy, lostBefore, repository } = await behindProxy();
  const before = connectionOf('orders');
  await repository.create(before);
  proxy.loseNextAnswerTo('UpdateItem');
  expect(await repository.update(before, { ...before, description: 'new', revision: 2 })).toBe('written');
  expect(proxy.lostAnswers).toBe(lostBefore + 1);
  expect(await repository.read('orders')).toMatchObject({ description: 'new', revision: 2 });
  expect(await repository.update(before, { ...before, description: 'late', revision: 2 })).toBe('changed');
});

test('the repetition of a removal whose answer was lost reports the connection as absent', async () => {
  const { proxy, repository } = await behindProxy();
  await repository.create(connectionOf('orders'));
  proxy.loseNextAnswerTo('DeleteItem');
  expect(await repository.remove(connectionOf('orders'))).toBe('absent');
});

test('a change of state whose answer was lost counts as written', async () => {
  const { proxy, repository, states } = await behindProxy();
  await repository.create(connectionOf('orders', { state: 'AUTHORIZING' }));
  proxy.loseNextAnswerTo('UpdateItem');
  const change = { name: 'orders', incarnation: 'orders-1', secretVersion: 'version-1', nowMs: 9_000 };
  expect(await states.change({ ...change, state: 'AUTHORIZED' })).toBe(true);
  expect((await repository.read('orders'))?.state).toBe('AUTHORIZED');
});

test('a deauthorization whose answer was lost is logged once', async () => {
  const { proxy, repository, states, heard } = await behindProxy();
  await repository.create(connectionOf('orders'));
  proxy.loseNextAnswerTo('UpdateItem');
  const change = { name: 'orders', incarnation: 'orders-1', secretVersion: 'version-1', nowMs: 9_000 };
  expect(await states.change({ ...change, state: 'DEAUTHORIZED' })).toBe(true);
  expect(heard).toEqual(['orders']);
});
