import { ScanCommand } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../../lib/core/input/json.ts';
import { eventsModel, lastmileModel } from '../../../lib/protocol/model/service-models.ts';
import { useDynalite } from '../../contract/dynamodb/subjects.ts';
import { awsJson, createKeyWorld, rest, signed, withKey } from './api-keys-world.ts';

const dynalite = useDynalite();

/** Part of the configuration's values, so that a test can find them in an answer. */
const canary = 'configuration-canary';

const names = Object.keys(eventsModel.operations).filter((name) => name !== 'PutEvents');
const ownNames = Object.keys(lastmileModel.operations);
const bodies = fc.oneof(
  fc.constant<JsonObject>({}),
  fc.record<Record<string, JsonObject[string]>>({
    Name: fc.constantFrom('shop', canary),
    Limit: fc.integer({ min: 1, max: 9 }),
  }),
  fc.object({ maxDepth: 1 }).map((value) => JSON.parse(JSON.stringify(value)) as JsonObject),
);
const calls = fc.oneof(
  fc.tuple(fc.constantFrom(...names, 'PutEvents', 'Nothing'), bodies).map(([name, body]) => awsJson(name, body)),
  fc.tuple(fc.constantFrom(...ownNames), bodies).map(([name, body]) => awsJson(name, body, 'Lastmile')),
  fc
    .tuple(
      fc.constantFrom('GET', 'POST', 'DELETE', 'PUT'),
      fc.constantFrom('control', 'events', '..', '%2e%2e', 'control%2f', ''),
      fc.constantFrom('', '/', '/da2-aaaaaaaaaa', '/da2-aaaaaaaaaa/..', '?'),
      bodies,
    )
    .map(([method, api, id, body]) => rest(method, `/v1/apis/${api}/apikeys${id}`, JSON.stringify(body))),
);
const ways = fc.constantFrom<'header' | 'events' | 'appsync' | 'both'>('header', 'events', 'appsync', 'both');

test('requests with a key for the `events` API neither change nor reveal the configuration', async () => {
  const reached: string[] = [];
  const reaching = (all: readonly string[]) =>
    Object.fromEntries(
      all.map((name) => [
        name,
        () => {
          reached.push(name);
          return Promise.resolve({ Name: canary });
        },
      ]),
    );
  const world = await createKeyWorld(
    dynalite,
    { ...reaching(names), PutEvents: () => Promise.resolve({ Entries: [] }) },
    reaching(ownNames),
  );
  await world.create('control', { description: canary });
  const key = await world.create('events', { description: canary });
  const table = async () =>
    (await world.dynamoDb.client.send(new ScanCommand({ TableName: world.dynamoDb.tableName }))).Items;
  const before = await table();

  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(calls, ways), { maxLength: 12 }), async (sequence) => {
      world.clock.set(world.clock.nowMs() + 1000);
      for (const [sent, way] of sequence) {
        const keyed = way === 'header' || way === 'both' ? withKey(sent, key) : sent;
        const service = way === 'appsync' ? 'appsync' : 'events';
        const answer = await world.send(
          way === 'header' ? keyed : signed(keyed, key, world.clock.nowMs(), { service }),
        );
        expect(JSON.stringify(answer)).not.toContain(canary);
        expect(answer.status === 200).toBe(answer.json['Entries'] !== undefined);
      }
      expect(reached).toEqual([]);
      expect(await table()).toEqual(before);
    }),
    { numRuns: 60 },
  );
  expect(await world.send(withKey(awsJson('PutEvents', { Entries: [{}] }), key))).toMatchObject({ status: 200 });
});
