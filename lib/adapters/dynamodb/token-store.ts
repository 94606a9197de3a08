import type { DynamoDBClient, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { itemVersion } from '../../core/message/format-versions.ts';
import type { TokenPause } from '../../core/token/pause.ts';
import { isPausing, longestTokenPauseMs } from '../../core/token/pause.ts';
import type { StoredToken, TokenLease, TokenStore } from '../../ports/token.ts';
import { fromAwsError } from '../aws/failures.ts';
import type { Item } from './items.ts';
import { isReadable, optionalNumber, optionalText, readableVersion, requireReadable, toItem } from './items.ts';
import { readItem } from './reads.ts';
import { isConditionFailure } from './resource-writes.ts';
import { timeToLiveAttribute } from './table.ts';

/** How long a token is kept after its expiry, so that a worker that reads late still learns the generation of the token. */
const keptMs = 24 * 3600 * 1000;

/** How long a token without an expiry is kept. A connection that is used after that time gets a new token. */
const endlessMs = 90 * keptMs;

type Update = Pick<UpdateItemCommandInput, 'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeNames'> & {
  readonly values: Item;
};

/**
 * Each connection has one item, and each change is one conditional write of this item.
 *
 * Failure policy: the SDK repeats a write whose answer was lost, and the repeated write finds the result of the first one. So
 * a holder may take its own lease again, and a save that was refused counts as successful if the item already has the token.
 * Otherwise a worker would wait for its own lease, or drop a token that other workers already use.
 */
export function createDynamoDbTokenStore(client: DynamoDBClient, tableName: string): TokenStore {
  const keyOf = (connectionIncarnation: string) => ({ pk: `TOKEN#${connectionIncarnation}`, sk: 'TOKEN' });

  const readToken = (connectionIncarnation: string): Promise<Item | undefined> =>
    readItem(client, tableName, keyOf(connectionIncarnation), 'read the token');

  async function update(connectionIncarnation: string, what: string, { values, ...change }: Update): Promise<boolean> {
    const target = { TableName: tableName, Key: toItem(keyOf(connectionIncarnation)) };
    try {
      await client.send(new UpdateItemCommand({ ...target, ...change, ExpressionAttributeValues: values }));
      return true;
    } catch (error) {
      if (isConditionFailure(error)) return false;
      throw fromAwsError(error, what);
    }
  }

  return {
    async read(connectionIncarnation) {
      const item = await readToken(connectionIncarnation);
      return item === undefined ? undefined : parseTokenItem(item);
    },
    takeLease: (lease) => update(lease.connectionIncarnation, 'take the lease of the token', leaseUpdate(lease)),
    async save(connectionIncarnation, leaseHolder, token) {
      if (await update(connectionIncarnation, 'save the token', saveUpdate(leaseHolder, token))) return true;
      const item = await readToken(connectionIncarnation);
      return item?.['savedBy']?.S === leaseHolder && optionalNumber(item, 'generation') === token.generation;
    },
    endLease: (connectionIncarnation, leaseHolder, pause) =>
      update(connectionIncarnation, 'end the lease of the token', endUpdate(leaseHolder, pause)),
  };
}

/** The attributes of a pause. */
function pauseMembers({ untilMs, failures, code, reason, secretVersion }: TokenPause) {
  return {
    pausedUntilMs: untilMs,
    failuresInRow: failures,
    failureCode: code,
    failureReason: reason,
    failedVersion: secretVersion,
  };
}

const pauseNames = ['pausedUntilMs', 'failuresInRow', 'failureCode', 'failureReason', 'failedVersion'] as const;

function endUpdate(leaseHolder: string, pause: TokenPause | undefined): Update {
  const members = pause === undefined ? {} : pauseMembers(pause);
  const sets = Object.keys(members).map((name) => `${name} = :${name}`);
  return {
    UpdateExpression: `REMOVE leaseHolder, leaseUntilMs ${sets.length === 0 ? '' : `SET ${sets.join(', ')}`}`,
    ConditionExpression: 'leaseHolder = :holder',
    values: toItem({
      ':holder': leaseHolder,
      ...Object.fromEntries(Object.entries(members).map(([name, value]) => [`:${name}`, value])),
    }),
  };
}

/** Source: `isPaused` in `lib/core/token/pause.ts`. */
const notPaused =
  '(attribute_not_exists(pausedUntilMs) OR pausedUntilMs <= :now OR pausedUntilMs > :latest OR failedVersion <> :version)';

function leaseUpdate(lease: TokenLease): Update {
  const { unlessPaused } = lease;
  const unchanged =
    lease.generation === 0 ? '(attribute_not_exists(generation) OR generation = :known)' : 'generation = :known';
  return {
    UpdateExpression:
      'SET v = if_not_exists(v, :v), generation = if_not_exists(generation, :known), leaseHolder = :holder, ' +
      'leaseUntilMs = :until, #ttl = :ttl',
    ConditionExpression: `${unchanged} AND (attribute_not_exists(leaseUntilMs) OR leaseUntilMs <= :now OR leaseHolder = :holder) AND ${isReadable}${unlessPaused === undefined ? '' : ` AND ${notPaused}`}`,
    ExpressionAttributeNames: { '#ttl': timeToLiveAttribute },
    values: {
      ...readableVersion,
      ...toItem({
        ':v': itemVersion,
        ':known': lease.generation,
        ':holder': lease.holder,
        ':now': lease.nowMs,
        ':until': lease.untilMs,
        ':ttl': epochSeconds(lease.untilMs + keptMs),
        ...(unlessPaused !== undefined && { ':version': unlessPaused, ':latest': lease.nowMs + longestTokenPauseMs }),
      }),
    },
  };
}

function saveUpdate(leaseHolder: string, token: StoredToken): Update {
  const removals = [
    'leaseHolder',
    'leaseUntilMs',
    ...pauseNames,
    ...(token.expiresAtMs === undefined ? ['expiresAtMs'] : []),
  ];
  const members = {
    generation: token.generation,
    secretVersion: token.secretVersion,
    sealed: token.sealed,
    expiresAtMs: token.expiresAtMs,
    obtainedAtMs: token.obtainedAtMs,
    savedBy: leaseHolder,
  };
  const sets = Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [`${name} = :${name}`]));
  return {
    UpdateExpression: `SET ${sets.join(', ')}, #ttl = :ttl REMOVE ${removals.join(', ')}`,
    ConditionExpression: 'leaseHolder = :savedBy AND generation = :before',
    ExpressionAttributeNames: { '#ttl': timeToLiveAttribute },
    values: toItem({
      ...Object.fromEntries(Object.entries(members).map(([name, value]) => [`:${name}`, value])),
      ':before': token.generation - 1,
      ':ttl': epochSeconds((token.expiresAtMs ?? token.obtainedAtMs + endlessMs) + keptMs),
    }),
  };
}

/** For an item with a lease but without a token, the result has the generation 0 and no `sealed`. */
function parseTokenItem(item: Item): StoredToken {
  requireReadable(item, 'token');
  const sealed = item['sealed']?.B;
  const expiresAtMs = optionalNumber(item, 'expiresAtMs');
  const leaseHolder = optionalText(item, 'leaseHolder');
  const leaseUntilMs = optionalNumber(item, 'leaseUntilMs');
  return {
    generation: optionalNumber(item, 'generation') ?? 0,
    secretVersion: optionalText(item, 'secretVersion') ?? '',
    obtainedAtMs: optionalNumber(item, 'obtainedAtMs') ?? 0,
    ...(sealed === undefined ? {} : { sealed }),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    ...(leaseHolder === undefined ? {} : { leaseHolder }),
    ...(leaseUntilMs === undefined ? {} : { leaseUntilMs }),
    ...pauseIn(item),
  };
}

function pauseIn(item: Item): Pick<StoredToken, 'pause'> {
  const untilMs = optionalNumber(item, 'pausedUntilMs');
  if (untilMs === undefined) return {};
  const code = optionalText(item, 'failureCode') ?? '';
  return {
    pause: {
      untilMs,
      failures: optionalNumber(item, 'failuresInRow') ?? 1,
      // A newer version may know more failures.
      code: isPausing(code) ? code : 'TokenUnavailable',
      reason: optionalText(item, 'failureReason') ?? '',
      secretVersion: optionalText(item, 'failedVersion') ?? '',
    },
  };
}

function epochSeconds(timeMs: number): number {
  return Math.ceil(timeMs / 1000);
}
