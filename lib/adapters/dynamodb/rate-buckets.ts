import type { ConditionalCheckFailedException, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { itemVersion } from '../../core/message/format-versions.ts';
import type { Advance, Bucket, BucketWrite, Clause } from '../../core/rate/bucket.ts';
import type { BucketKey, RateBuckets } from '../../ports/rate.ts';
import { fromAwsError } from '../aws/failures.ts';
import type { Item } from './items.ts';
import { isReadable, readableVersion, requireReadable, requiredNumber, toItem } from './items.ts';
import { healthAssignments, parseHealth } from './rate-health.ts';
import { timeToLiveAttribute } from './table.ts';
import type { TableCalls } from './table-calls.ts';

/** Time limit of a call. The slots of a slower call would pass before they can be used, so its requests are postponed instead. */
const defaultTimeoutMs = 1000;

/**
 * Each bucket is one item, and each change of a bucket is one conditional update.
 *
 * Failure policy: a write whose answer was lost is repeated, and the repeated write takes more slots or is refused. The
 * slots of the first write are lost, but no slot is given twice.
 *
 * @param timeoutMs limit of one call, all attempts included
 */
export function createDynamoDbRateBuckets(
  calls: TableCalls,
  tableName: string,
  timeoutMs = defaultTimeoutMs,
): RateBuckets {
  return {
    async write(key, write) {
      const update = {
        TableName: tableName,
        Key: toItem(keyOf(key)),
        ...updateOf(write),
        ReturnValues: 'ALL_NEW',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      } as const;
      try {
        const { Attributes } = await calls.updateItem(update, AbortSignal.timeout(timeoutMs));
        return { kind: 'written', bucket: parseBucket(Attributes ?? {}) };
      } catch (error) {
        if (!isConditionFailed(error)) throw fromAwsError(error, 'reserve slots');
        return { kind: 'refused', ...(error.Item !== undefined && { bucket: parseBucket(error.Item) }) };
      }
    },
    async read(key) {
      const get = { TableName: tableName, Key: toItem(keyOf(key)), ConsistentRead: true };
      try {
        const { Item } = await calls.getItem(get, AbortSignal.timeout(timeoutMs));
        return Item === undefined ? undefined : parseBucket(Item);
      } catch (error) {
        throw fromAwsError(error, 'read the rate');
      }
    },
  };
}

function isConditionFailed(error: unknown): error is ConditionalCheckFailedException {
  return error instanceof Error && error.name === 'ConditionalCheckFailedException';
}

function keyOf({ destinationIncarnation, shard }: BucketKey) {
  return { pk: `RATE#${destinationIncarnation}`, sk: String(shard) };
}

/** @throws Failure NewerVersion */
function parseBucket(item: Item): Bucket {
  requireReadable(item, 'rate');
  return {
    slotsUntilUs: requiredNumber(item, 'slotsUntilUs'),
    returnsUntilUs: requiredNumber(item, 'returnsUntilUs'),
    generation: requiredNumber(item, 'generation'),
    revision: requiredNumber(item, 'revision'),
    health: parseHealth(item),
  };
}

const attributes = {
  slots: 'slotsUntilUs',
  returns: 'returnsUntilUs',
  generation: 'generation',
  revision: 'revision',
} as const;

const operators = { below: '<', atMost: '<=', atLeast: '>=', equalTo: '=' } as const;

function isOfHealth(of: Clause['of']): boolean {
  return !Object.hasOwn(attributes, of);
}

function attributeOf(of: Clause['of']): string {
  return Object.hasOwn(attributes, of) ? attributes[of as keyof typeof attributes] : of;
}

function isTrueOfZero(is: Clause['is'], than: Clause['than']): boolean {
  if (than === 'slots') return false;
  return { below: than > 0, atMost: than >= 0, atLeast: than <= 0, equalTo: than === 0 }[is];
}

type Update = Required<
  Pick<
    UpdateItemCommandInput,
    'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
  >
>;

/** The first write sets every attribute, so that later writes can add to it and compare with it. */
function updateOf(write: BucketWrite): Update {
  const values: Record<string, number | string> = {};
  const value = (given: number | string): string => {
    const name = `:n${Object.keys(values).length}`;
    values[name] = given;
    return name;
  };
  const advanced = ({ from, byUs }: Advance): string =>
    typeof from === 'number' ? value(from + byUs) : `${attributes[from]} + ${value(byUs)}`;
  const holds = ({ of, is, than }: Clause): string => {
    const comparison = `${attributeOf(of)} ${operators[is]} ${than === 'slots' ? attributes.slots : value(than)}`;
    // The item may lack the attributes of the endpoint's health. Absent attributes count as 0.
    return isOfHealth(of) && isTrueOfZero(is, than) ? `(attribute_not_exists(${of}) OR ${comparison})` : comparison;
  };
  const kept = (attribute: string, first: number): string => `if_not_exists(${attribute}, ${value(first)})`;

  const { slots, returns, raiseTo, revision, where, orAbsent } = write;
  const sets = {
    v: kept('v', itemVersion),
    slotsUntilUs: slots === undefined ? kept('slotsUntilUs', 0) : advanced(slots),
    returnsUntilUs: returns === undefined ? kept('returnsUntilUs', 0) : advanced(returns),
    generation: raiseTo === undefined ? kept('generation', 1) : `${kept('generation', 0)} + ${value(1)}`,
    revision: raiseTo === undefined ? kept('revision', revision) : value(raiseTo),
    '#ttl': value(write.expiresAtSeconds),
    ...(write.health && healthAssignments(write.health, value)),
    ...(write.keepsSlotsBefore && { slotsBeforePauseUs: kept('slotsUntilUs', 0) }),
  };
  const allHold = [...where.map(holds), isReadable].join(' AND ');
  return {
    UpdateExpression: `SET ${Object.entries(sets)
      .map(([name, expression]) => `${name} = ${expression}`)
      .join(', ')}`,
    ConditionExpression: orAbsent ? `attribute_not_exists(pk) OR (${allHold})` : allHold,
    ExpressionAttributeNames: { '#ttl': timeToLiveAttribute },
    ExpressionAttributeValues: { ...toItem(values), ...readableVersion },
  };
}
