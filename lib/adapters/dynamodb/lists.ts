import type { AttributeValue, DynamoDBClient, QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { QueryCommand } from '@aws-sdk/client-dynamodb';
import type { Page, PageRequest } from '../../ports/control.ts';
import { fromAwsError } from '../aws/failures.ts';
import type { Item } from './items.ts';

/** The keys of one list. A list contains all items of one partition of the table or of an index, sorted by name. */
export interface ListKeys {
  readonly indexName?: string;
  readonly partitionAttribute: string;
  readonly partition: string;
  readonly nameAttribute: string;
  /** Returns the key after which a page begins. An item with this key does not have to exist. */
  readonly keyOf: (name: string) => Item;
}

/** Lists only the items whose attribute has this value. */
export interface ListFilter {
  readonly attribute: string;
  readonly equals: string;
}

/** How many items one filtered query reads. It is more than a page needs, because the filter may leave out most of them. */
const filteredQueryLimit = 300;

/**
 * Reads a page by key, never by a scan. A page begins after a name, so items that are added or removed do not shift it. One item
 * more than requested is read, because it shows whether another page follows.
 */
export async function listItems(
  client: DynamoDBClient,
  tableName: string,
  keys: ListKeys,
  request: PageRequest,
  filter: ListFilter | undefined,
  what: string,
): Promise<Page<Item>> {
  const query = queryOf(tableName, keys, request, filter);
  const items: Item[] = [];
  let startKey = request.afterName === undefined ? undefined : keys.keyOf(request.afterName);
  do {
    const answer = await send(client, { ...query, ExclusiveStartKey: startKey }, what);
    items.push(...(answer.Items ?? []));
    startKey = answer.LastEvaluatedKey;
  } while (startKey !== undefined && items.length <= request.limit);
  const page = items.slice(0, request.limit);
  const lastName = page.at(-1)?.[keys.nameAttribute]?.S;
  return items.length > request.limit && lastName !== undefined
    ? { items: page, nextAfterName: lastName }
    : { items: page };
}

function queryOf(
  tableName: string,
  keys: ListKeys,
  request: PageRequest,
  filter: ListFilter | undefined,
): QueryCommandInput {
  const { namePrefix } = request;
  const names: Record<string, string> = { '#partition': keys.partitionAttribute };
  const values: Record<string, AttributeValue> = { ':partition': { S: keys.partition } };
  let condition = '#partition = :partition';
  if (namePrefix !== undefined) {
    condition += ' AND begins_with(#name, :prefix)';
    names['#name'] = keys.nameAttribute;
    values[':prefix'] = { S: namePrefix };
  }
  if (filter !== undefined) {
    names['#filter'] = filter.attribute;
    values[':filter'] = { S: filter.equals };
  }
  return {
    TableName: tableName,
    ...(keys.indexName === undefined ? { ConsistentRead: true } : { IndexName: keys.indexName }),
    KeyConditionExpression: condition,
    ...(filter === undefined ? {} : { FilterExpression: '#filter = :filter' }),
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
    Limit: filter === undefined ? request.limit + 1 : filteredQueryLimit,
  };
}

/** The number of items in a partition. */
export async function countItems(
  client: DynamoDBClient,
  tableName: string,
  partition: string,
  what: string,
): Promise<number> {
  const query: QueryCommandInput = {
    TableName: tableName,
    ConsistentRead: true,
    KeyConditionExpression: 'pk = :partition',
    ExpressionAttributeValues: { ':partition': { S: partition } },
    Select: 'COUNT',
  };
  let count = 0;
  let startKey: Item | undefined;
  do {
    const answer = await send(client, { ...query, ExclusiveStartKey: startKey }, what);
    count += answer.Count ?? 0;
    startKey = answer.LastEvaluatedKey;
  } while (startKey !== undefined);
  return count;
}

async function send(client: DynamoDBClient, query: QueryCommandInput, what: string) {
  try {
    return await client.send(new QueryCommand(query));
  } catch (error) {
    throw fromAwsError(error, what);
  }
}
