import { itemVersion } from '../../core/message/format-versions.ts';
import { longestEventAgeMs } from '../../core/delivery/retry.ts';
import type { OrderedProgress } from '../../core/order/progress.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ProgressStore } from '../../ports/order.ts';
import { fromAwsError } from '../aws/failures.ts';
import type { Item } from './items.ts';
import { isReadable, optionalNumber, readableVersion, requireReadable, requiredNumber, toItem } from './items.ts';
import { timeToLiveAttribute } from './table.ts';
import type { TableCalls } from './table-calls.ts';

/** Time limit of a call, all attempts included. A slower call counts as failed, so that a group does not wait for the table. */
const defaultTimeoutMs = 1000;

/** How long an item stays after the longest age of an event, in seconds: the message may wait for its turn until then. */
const reserveSeconds = 3600;

/** The item of a message has the partition `ORDERED#<message id>`. */
export function createDynamoDbProgressStore(
  calls: TableCalls,
  tableName: string,
  clock: Pick<Clock, 'nowMs'>,
  timeoutMs = defaultTimeoutMs,
): ProgressStore {
  return {
    async read(messageId) {
      const get = { TableName: tableName, Key: toItem(keyOf(messageId)), ConsistentRead: true };
      try {
        const { Item } = await calls.getItem(get, AbortSignal.timeout(timeoutMs));
        return Item === undefined ? undefined : parseProgress(Item);
      } catch (error) {
        throw fromAwsError(error, 'read the progress of an ordered event');
      }
    },
    async save(messageId, progress) {
      const expiresAtSeconds = Math.ceil((clock.nowMs() + longestEventAgeMs) / 1000) + reserveSeconds;
      const update = { TableName: tableName, Key: toItem(keyOf(messageId)), ...updateOf(progress, expiresAtSeconds) };
      try {
        await calls.updateItem(update, AbortSignal.timeout(timeoutMs));
      } catch (error) {
        if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return;
        throw fromAwsError(error, 'save the progress of an ordered event');
      }
    },
  };
}

function keyOf(messageId: string) {
  return { pk: `ORDERED#${messageId}`, sk: 'progress' };
}

/** @throws Failure NewerVersion */
function parseProgress(item: Item): OrderedProgress {
  requireReadable(item, 'progress of an ordered event');
  const [firstMs, lastMs] = [optionalNumber(item, 'firstAttemptAt'), optionalNumber(item, 'lastAttemptAt')];
  return {
    finishedReceives: requiredNumber(item, 'finishedReceives'),
    unfinishedAttempts: requiredNumber(item, 'unfinishedAttempts'),
    settledEvents: requiredNumber(item, 'settledEvents'),
    attempts: requiredNumber(item, 'attempts'),
    postponements: requiredNumber(item, 'postponements'),
    ...(firstMs !== undefined && lastMs !== undefined && { attemptTimes: { firstMs, lastMs } }),
    notBeforeMs: optionalNumber(item, 'notBefore'),
    turnGeneration: optionalNumber(item, 'turn'),
  };
}

/** Absent members are removed, because they belong to the progress before. */
function updateOf({ attemptTimes, notBeforeMs, turnGeneration, ...counts }: OrderedProgress, expiresAtSeconds: number) {
  const members = {
    v: itemVersion,
    ...counts,
    firstAttemptAt: attemptTimes?.firstMs,
    lastAttemptAt: attemptTimes?.lastMs,
    notBefore: notBeforeMs,
    turn: turnGeneration,
  };
  const given = Object.entries(members).filter(([, value]) => value !== undefined);
  const absent = Object.entries(members).filter(([, value]) => value === undefined);
  const sets = [...given.map(([name]) => `${name} = :${name}`), '#ttl = :ttl'].join(', ');
  return {
    UpdateExpression: `SET ${sets}${absent.length === 0 ? '' : ` REMOVE ${absent.map(([name]) => name).join(', ')}`}`,
    ConditionExpression: `(attribute_not_exists(finishedReceives) OR finishedReceives <= :finishedReceives) AND ${isReadable}`,
    ExpressionAttributeNames: { '#ttl': timeToLiveAttribute },
    ExpressionAttributeValues: {
      ...toItem(Object.fromEntries(given.map(([name, value]) => [`:${name}`, value]))),
      ':ttl': { N: String(expiresAtSeconds) },
      ...readableVersion,
    },
  };
}
