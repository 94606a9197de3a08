import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Connection } from '../core/connection.ts';
import type { ConnectionRepository } from '../control-ports.ts';
import { connectionMembers, parseConnectionItem } from './dynamodb-connection-item.ts';
import type { Item } from './dynamodb-items.ts';
import type { ListKeys } from './dynamodb-lists.ts';
import { countItems, listItems } from './dynamodb-lists.ts';
import { readItem, readItems } from './dynamodb-reads.ts';
import type { ResourceRow } from './dynamodb-resource-writes.ts';
import { createResourceWrites } from './dynamodb-resource-writes.ts';
import { connectionPartition } from './dynamodb-table.ts';

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
    create: (connection) => writes.create(rowOf(connection)),
    update: (before, connection) => writes.update(rowOf(before), rowOf(connection)),
    remove: (connection) => writes.remove(rowOf(connection)),
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

function rowOf(connection: Connection): ResourceRow {
  return {
    pk: connectionPartition,
    sk: connection.name,
    incarnation: connection.incarnation,
    revision: connection.revision,
    members: connectionMembers(connection),
  };
}
