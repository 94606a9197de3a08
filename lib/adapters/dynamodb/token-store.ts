import type { DynamoDBClient, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { itemVersion } from '../../core/message/format-versions.ts';
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
    async releaseLease(connectionIncarnation, leaseHolder) {
      await update(connectionIncarnation, 'release the lease of the token', {
        UpdateExpression: 'REMOVE leaseHolder, leaseUntilMs',
        ConditionExpression: 'leaseHolder = :holder',
        values: toItem({ ':holder': leaseHolder }),
      });
    },
  };
}

function leaseUpdate(lease: TokenLease): Update {
  const unchanged =
    lease.generation === 0 ? '(attribute_not_exists(generation) OR generation = :known)' : 'generation = :known';
  return {
    UpdateExpression:
      'SET v = if_not_exists(v, :v), generation = if_not_exists(generation, :known), leaseHolder = :holder, ' +
      'leaseUntilMs = :until, #ttl = :ttl',
    ConditionExpression: `${unchanged} AND (attribute_not_exists(leaseUntilMs) OR leaseUntilMs <= :now OR leaseHolder = :holder) AND ${isReadable}`,
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
      }),
    },
  };
}

function saveUpdate(leaseHolder: string, token: StoredToken): Update {
  const removals = ['leaseHolder', 'leaseUntilMs', ...(token.expiresAtMs === undefined ? ['expiresAtMs'] : [])];
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
  };
}

function epochSeconds(timeMs: number): number {
  return Math.ceil(timeMs / 1000);
}
