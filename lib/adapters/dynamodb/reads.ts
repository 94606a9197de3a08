import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchGetItemCommand } from '@aws-sdk/client-dynamodb';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../../core/failure/failure.ts';
import { fromAwsError } from '../aws/failures.ts';
import type { Item } from './items.ts';
import { createClientTableCalls } from './client-table-calls.ts';
import { readItemBy } from './table-calls.ts';

/** Reads one item, strongly consistently, with an AWS client. */
export function readItem(
  client: DynamoDBClient,
  tableName: string,
  key: { readonly pk: string; readonly sk: string },
  what: string,
): Promise<Item | undefined> {
  return readItemBy(createClientTableCalls(client), tableName, key, what);
}

/**
 * The wait before each request of a batch. The later requests are for items that DynamoDB left out. All waits together are
 * shorter than the time limits of clients.
 */
const leftoverDelaysMs = [0, 50, 100, 200, 400];

/**
 * Reads items of one partition by sort key, strongly consistently; at most 100 different keys.
 *
 * Failure policy: DynamoDB returns only as many items as fit into 16 MB and as the capacity allows. The others are requested
 * again, at most four times. If some are still left out, the whole read fails, because they are not absent.
 *
 * @param what the action, for the text of a failure, such as `read the connections`
 */
export async function readItems(
  client: DynamoDBClient,
  tableName: string,
  pk: string,
  sortKeys: Iterable<string>,
  what: string,
): Promise<ReadonlyMap<string, Item>> {
  const found = new Map<string, Item>();
  let keys: Item[] = [...new Set(sortKeys)].map((sk) => ({ pk: { S: pk }, sk: { S: sk } }));
  for (const delayMs of leftoverDelaysMs) {
    if (keys.length === 0) return found;
    if (delayMs > 0) await delay(delayMs);
    try {
      const command = new BatchGetItemCommand({ RequestItems: { [tableName]: { Keys: keys, ConsistentRead: true } } });
      const answer = await client.send(command);
      for (const item of answer.Responses?.[tableName] ?? []) found.set(item['sk']?.S ?? '', item);
      keys = answer.UnprocessedKeys?.[tableName]?.Keys ?? [];
    } catch (error) {
      throw fromAwsError(error, what);
    }
  }
  if (keys.length === 0) return found;
  throw new Failure('StoreUnavailable', `Could not ${what}: DynamoDB left out ${keys.length} items.`);
}
