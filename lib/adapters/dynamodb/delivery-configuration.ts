import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DeliveryConfiguration } from '../../ports/delivery.ts';
import { parseApiDestinationItem } from './api-destinations.ts';
import { parseConnectionItem } from './connection-item.ts';
import { readItem } from './reads.ts';
import { apiDestinationPartition, connectionPartition } from './table.ts';

export function createDynamoDbDeliveryConfiguration(client: DynamoDBClient, tableName: string): DeliveryConfiguration {
  return {
    async readApiDestination(name) {
      const key = { pk: apiDestinationPartition, sk: name };
      const item = await readItem(client, tableName, key, 'read the API destination');
      return item === undefined ? undefined : parseApiDestinationItem(item);
    },
    async readConnection(name) {
      const item = await readItem(client, tableName, { pk: connectionPartition, sk: name }, 'read the connection');
      return item === undefined ? undefined : parseConnectionItem(item);
    },
  };
}
