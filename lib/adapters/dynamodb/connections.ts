import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { ConnectionRepository } from '../../ports/control.ts';
import { connectionRow, parseConnectionItem } from './connection-item.ts';
import type { Item } from './items.ts';
import type { ListKeys } from './lists.ts';
import { countItems, listItems } from './lists.ts';
import { readItem, readItems } from './reads.ts';
import { createResourceWrites } from './resource-writes.ts';
import { connectionPartition } from './table.ts';

/** Connections as items of the table; every read is strongly consistent. */
export function createDynamoDbConnectionRepository(client: DynamoDBClient, tableName: string): ConnectionRepository {
  const writes = createResourceWrites(client, tableName, 'connection');
  return {
    async read(name) {
      const item = await readItem(client, tableName, { pk: connectionPartition, sk: name }, 'read the connection');
      return item === undefined ? undefined : parseConnectionItem(item);
    },
    async readMany(names) {
      const items = await readItems(client, tableName, connectionPartition, names, 'read the connections');
      return names.map((name) => {
        const item = items.get(name);
        return item === undefined ? undefined : parseConnectionItem(item);
      });
    },
    create: (connection) => writes.create(connectionRow(connection)),
    update: (before, connection) => writes.update(connectionRow(before), connectionRow(connection)),
    remove: (connection) => writes.remove(connectionRow(connection)),
    async list({ state, ...page }) {
      const filter = state === undefined ? undefined : { attribute: 'state', equals: state };
      const { items, ...rest } = await listItems(client, tableName, listKeys, page, filter, 'list the connections');
      return { items: items.map(parseConnectionItem), ...rest };
    },
    count: () => countItems(client, tableName, connectionPartition, 'count the connections'),
  };
}

const listKeys: ListKeys = {
  partitionAttribute: 'pk',
  partition: connectionPartition,
  nameAttribute: 'sk',
  keyOf: (name): Item => ({ pk: { S: connectionPartition }, sk: { S: name } }),
};
