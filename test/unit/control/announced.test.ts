import { expect, test } from 'vitest';
import { announced } from '../../../lib/control/announced.ts';
import { ServiceError } from '../../../lib/core/failure/service-error.ts';
import type { JsonObject } from '../../../lib/core/input/json.ts';
import type { StateChange } from '../../../lib/core/destination/state-event.ts';
import { stateEventOf } from '../../../lib/core/destination/state-event.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { caller } from './world.ts';

const connection = { ConnectionArn: 'arn:aws:events:us-east-1:123456789012:connection/shop/id-1' };
const destination = { ApiDestinationArn: 'arn:aws:events:us-east-1:123456789012:api-destination/orders/id-2' };

async function announcedBy(operation: string, answer: JsonObject | Error) {
  const added: StateChange[] = [];
  const perform = async () => {
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const operations = announced(
    { [operation]: perform },
    { add: (event) => void added.push(event) },
    createManualClock(),
  );
  const answered = await operations[operation]?.({}, caller).catch((error: unknown) => error);
  expect(answered).toBe(answer);
  return added.map(stateEventOf).map((event) => `${event?.detailType}: ${event?.resource}`);
}

test.each<[string, JsonObject, readonly string[]]>([
  ['CreateConnection', { ...connection, ConnectionState: 'AUTHORIZED' }, ['Connection Authorized']],
  ['CreateConnection', { ...connection, ConnectionState: 'AUTHORIZING' }, ['Connection Authorization Started']],
  ['UpdateConnection', { ...connection, ConnectionState: 'AUTHORIZED' }, ['Connection Authorized']],
  [
    'DeauthorizeConnection',
    { ...connection, ConnectionState: 'DEAUTHORIZING' },
    ['Connection Deauthorization Started', 'Connection Deauthorized'],
  ],
  ['DeleteConnection', { ...connection, ConnectionState: 'DELETING' }, ['Connection Deletion Started']],
  ['DescribeConnection', { ...connection, ConnectionState: 'AUTHORIZED' }, []],
])('the answer of %s %j announces %j', async (operation, answer, expected) => {
  expect(await announcedBy(operation, answer)).toEqual(expected.map((type) => `${type}: connection/shop/id-1`));
});

test.each<[string, JsonObject, readonly string[]]>([
  ['CreateApiDestination', { ...destination, ApiDestinationState: 'ACTIVE' }, ['API Destination Activated']],
  ['UpdateApiDestination', { ...destination, ApiDestinationState: 'INACTIVE' }, ['API Destination Deactivated']],
  ['DescribeApiDestination', { ...destination, ApiDestinationState: 'ACTIVE' }, []],
  ['DeleteApiDestination', {}, []],
])('the answer of %s %j about an API destination announces %j', async (operation, answer, expected) => {
  expect(await announcedBy(operation, answer)).toEqual(expected.map((type) => `${type}: api-destination/orders/id-2`));
});

test('an operation that is refused announces nothing', async () => {
  expect(await announcedBy('CreateConnection', new ServiceError('ValidationException', 'No.'))).toEqual([]);
});
