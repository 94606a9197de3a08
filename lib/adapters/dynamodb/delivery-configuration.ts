import type { DeliveryConfiguration } from '../../ports/delivery.ts';
import { parseApiDestinationItem } from './api-destination-item.ts';
import { parseConnectionItem } from './connection-item.ts';
import { apiDestinationPartition, connectionPartition } from './table.ts';
import type { TableCalls } from './table-calls.ts';
import { readItemBy } from './table-calls.ts';

export function createDynamoDbDeliveryConfiguration(
  calls: Pick<TableCalls, 'getItem'>,
  tableName: string,
): DeliveryConfiguration {
  return {
    async readApiDestination(name) {
      const key = { pk: apiDestinationPartition, sk: name };
      const item = await readItemBy(calls, tableName, key, 'read the API destination');
      return item === undefined ? undefined : parseApiDestinationItem(item);
    },
    async readConnection(name) {
      const item = await readItemBy(calls, tableName, { pk: connectionPartition, sk: name }, 'read the connection');
      return item === undefined ? undefined : parseConnectionItem(item);
    },
  };
}
