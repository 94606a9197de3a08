import { expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../lib/core/input/json.ts';
import type { World } from './world.ts';
import { basicInput, createWorld, oauthInput } from './world.ts';

const namesOf = (list: JsonValue | undefined): readonly unknown[] =>
  (list as readonly JsonObject[]).map((member) => member['Name']);

async function worldWithDestinations(): Promise<{ world: World; arns: readonly string[] }> {
  const world = createWorld();
  const arns: string[] = [];
  for (const Name of ['one', 'two']) {
    arns.push(String((await world.call('CreateConnection', { ...basicInput, Name }))['ConnectionArn']));
  }
  for (let index = 10; index < 22; index += 1) {
    const ConnectionArn = arns[index % 2] ?? '';
    for (const prefix of ['a', 'b']) await createDestination(world, `${prefix}-${index}`, ConnectionArn);
  }
  return { world, arns };
}

function createDestination(world: World, Name: string, ConnectionArn: string) {
  const endpoint = { InvocationEndpoint: 'https://example.com/', HttpMethod: 'POST' };
  return world.call('CreateApiDestination', { Name, ConnectionArn, ...endpoint });
}

/** Reads all pages, and calls the given function between two of them. */
async function readAll(world: World, input: JsonObject, between = async (_page: number) => {}) {
  const names: unknown[] = [];
  let NextToken: JsonValue | undefined;
  for (let page = 1; ; page += 1) {
    const token = NextToken === undefined ? {} : { NextToken };
    const answer = await world.call('ListApiDestinations', { ...input, ...token });
    names.push(...namesOf(answer['ApiDestinations']));
    NextToken = answer['NextToken'];
    if (NextToken === undefined) return { names, pages: page };
    await between(page);
  }
}

test('a list of API destinations can be filtered by name prefix, by connection and by both, over several pages', async () => {
  const { world, arns } = await worldWithDestinations();
  const even = [10, 12, 14, 16, 18, 20];
  const all = await readAll(world, {});
  expect(all.names).toHaveLength(24);
  expect(all.names).toEqual([...all.names].toSorted());
  expect((await readAll(world, { NamePrefix: 'b-1', Limit: 4 })).names).toHaveLength(10);
  const bound = await readAll(world, { ConnectionArn: arns[0] ?? '', Limit: 5 });
  expect(bound).toEqual({ names: [...even.map((n) => `a-${n}`), ...even.map((n) => `b-${n}`)], pages: 3 });
  const both = await readAll(world, { ConnectionArn: arns[0] ?? '', NamePrefix: 'b-', Limit: 3 });
  expect(both).toEqual({ names: even.map((n) => `b-${n}`), pages: 2 });
});

test('a list shows a destination exactly once while other destinations are created and deleted', async () => {
  const { world, arns } = await worldWithDestinations();
  const { names } = await readAll(world, { Limit: 5 }, async (page) => {
    const arn = arns[0] ?? '';
    await createDestination(world, `a-0${page}`, arn);
    await createDestination(world, `c-${page}`, arn);
    // Deletes the last destination of this page, and one of a later page.
    if (page === 1) for (const Name of ['a-14', 'a-16']) await world.call('DeleteApiDestination', { Name });
  });
  const stayed = names.filter((name) => /^[ab]-[12]\d$/.test(String(name)));
  expect(stayed).toHaveLength(23);
  expect(new Set(names).size).toBe(names.length);
  expect(names).not.toContain('a-16');
  expect(names).not.toContain('a-01');
  expect(names).toContain('c-1');
});

test('listing API destinations reads the connections of a page in one batch', async () => {
  const { world } = await worldWithDestinations();
  world.faults.heal();
  await world.call('ListApiDestinations', {});
  expect(world.faults.calls).toEqual(['apiDestinations.list', 'connections.readMany']);
});

test('ListConnections filters by prefix and state, and shows no secrets, parameters or descriptions', async () => {
  const world = createWorld();
  await world.call('CreateConnection', { ...basicInput, Name: 'a-1', Description: 'hidden' });
  await world.call('CreateConnection', { ...oauthInput, Name: 'a-2' });
  await world.call('CreateConnection', { ...oauthInput, Name: 'b-1' });
  const { Connections } = await world.call('ListConnections', { NamePrefix: 'a-', ConnectionState: 'AUTHORIZED' });
  expect(namesOf(Connections)).toEqual(['a-1']);
  expect(Object.keys((Connections as readonly JsonObject[])[0] ?? {}).toSorted()).toEqual([
    'AuthorizationType',
    'ConnectionArn',
    'ConnectionState',
    'CreationTime',
    'LastAuthorizedTime',
    'LastModifiedTime',
    'Name',
  ]);
  const authorizing = await world.call('ListConnections', { ConnectionState: 'AUTHORIZING', Limit: 1 });
  expect(namesOf(authorizing['Connections'])).toEqual(['a-2']);
  const { NextToken = '' } = authorizing;
  const next = await world.call('ListConnections', { ConnectionState: 'AUTHORIZING', Limit: 1, NextToken });
  expect(namesOf(next['Connections'])).toEqual(['b-1']);
  expect(next).not.toHaveProperty('NextToken');
  expect(await world.call('ListConnections', { ConnectionState: 'FAILED_CONNECTIVITY' })).toEqual({ Connections: [] });
});

test('a page of a list holds a hundred resources unless Limit asks for fewer', async () => {
  const world = createWorld();
  for (let index = 100; index < 201; index += 1) {
    await world.call('CreateConnection', { ...basicInput, Name: `c-${index}` });
  }
  const first = await world.call('ListConnections', {});
  expect(first['Connections']).toHaveLength(100);
  const last = await world.call('ListConnections', { NextToken: first['NextToken'] ?? '' });
  expect(namesOf(last['Connections'])).toEqual(['c-200']);
});

test('a NextToken is refused by another operation and with other filters', async () => {
  const { world, arns } = await worldWithDestinations();
  const { NextToken = '' } = await world.call('ListApiDestinations', { NamePrefix: 'a-', Limit: 2 });
  const refused = (text: string) => ({
    code: 'ValidationException',
    message: `Failed to list the ${text}(s). Parameter NextToken is not valid. Reason: It does not come from a list with the same filters. Leave it out to get the first page.`,
  });
  for (const filters of [
    {},
    { NamePrefix: 'b-' },
    { NamePrefix: 'a' },
    { NamePrefix: 'a-', ConnectionArn: arns[0] ?? '' },
    { ConnectionArn: 'a-' },
  ]) {
    await expect(world.call('ListApiDestinations', { ...filters, NextToken })).rejects.toMatchObject(
      refused('api-destination'),
    );
  }
  await expect(world.call('ListConnections', { NamePrefix: 'a-', NextToken })).rejects.toMatchObject(
    refused('connection'),
  );
  for (const garbage of ['x', '%%%', `${String(NextToken)}=`, String(NextToken).slice(0, -1), 'a'.repeat(2048)]) {
    await expect(world.call('ListApiDestinations', { NamePrefix: 'a-', NextToken: garbage })).rejects.toMatchObject(
      refused('api-destination'),
    );
  }
  const other = await world.call('ListApiDestinations', { NamePrefix: 'a-', Limit: 7, NextToken });
  expect(namesOf(other['ApiDestinations'])[0]).toBe('a-12');
});
