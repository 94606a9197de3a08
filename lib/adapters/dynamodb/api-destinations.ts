import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { ApiDestination } from '../../core/destination/api-destination.ts';
import type { ApiDestinationRepository } from '../../ports/control.ts';
import { apiDestinationMembers, parseApiDestinationItem } from './api-destination-item.ts';
import type { Item } from './items.ts';
import type { ListKeys } from './lists.ts';
import { countItems, listItems } from './lists.ts';
import { readItem } from './reads.ts';
import type { ResourceRow } from './resource-writes.ts';
import { createResourceWrites } from './resource-writes.ts';
import { apiDestinationPartition, byConnectionIndex } from './table.ts';

/**
 * API destinations as items of the table. Every read is strongly consistent, except the list by connection: DynamoDB updates
 * that index a moment later.
 */
export function createDynamoDbApiDestinationRepository(
  client: DynamoDBClient,
  tableName: string,
): ApiDestinationRepository {
  const writes = createResourceWrites(client, tableName, 'API destination');
  return {
    async read(name) {
      const key = { pk: apiDestinationPartition, sk: name };
      const item = await readItem(client, tableName, key, 'read the API destination');
      return item === undefined ? undefined : parseApiDestinationItem(item);
    },
    create: (apiDestination) => writes.create(rowOf(apiDestination)),
    update: (before, apiDestination) => writes.update(rowOf(before), rowOf(apiDestination)),
    remove: (apiDestination) => writes.remove(rowOf(apiDestination)),
    async list({ connectionArn, ...page }) {
      const keys = connectionArn === undefined ? allKeys : keysByConnection(connectionArn);
      const { items, ...rest } = await listItems(client, tableName, keys, page, undefined, 'list the API destinations');
      return { items: items.map(parseApiDestinationItem), ...rest };
    },
    count: () => countItems(client, tableName, apiDestinationPartition, 'count the API destinations'),
  };
}

const keyOf = (name: string): Item => ({ pk: { S: apiDestinationPartition }, sk: { S: name } });

const allKeys: ListKeys = {
  partitionAttribute: 'pk',
  partition: apiDestinationPartition,
  nameAttribute: 'sk',
  keyOf,
};

function keysByConnection(connectionArn: string): ListKeys {
  return {
    indexName: byConnectionIndex,
    partitionAttribute: 'connectionArn',
    partition: connectionArn,
    nameAttribute: 'name',
    keyOf: (name) => ({ ...keyOf(name), connectionArn: { S: connectionArn }, name: { S: name } }),
  };
}

function rowOf(apiDestination: ApiDestination): ResourceRow {
  return {
    pk: apiDestinationPartition,
    sk: apiDestination.name,
    incarnation: apiDestination.incarnation,
    revision: apiDestination.revision,
    members: apiDestinationMembers(apiDestination),
  };
}
