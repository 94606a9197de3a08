import { expect, test } from 'vitest';
import { createDynamoDbClient } from '../../../lib/adapters/aws/clients.ts';
import { createDynamoDbApiDestinationRepository } from '../../../lib/adapters/dynamodb/api-destinations.ts';
import { createDynamoDbConnectionRepository } from '../../../lib/adapters/dynamodb/connections.ts';
import { createDynamoDbDeliveryConfiguration } from '../../../lib/adapters/dynamodb/delivery-configuration.ts';
import { apiDestinationOf, connectionOf, useDynalite } from './subjects.ts';

const dynalite = useDynalite();

test('a delivery reads the configuration that the control API has written', async () => {
  const client = dynalite.client();
  const tableName = await dynalite.server.newTable();
  await createDynamoDbConnectionRepository(client, tableName).create(connectionOf('orders'));
  await createDynamoDbApiDestinationRepository(client, tableName).create(apiDestinationOf('orders'));
  const configuration = createDynamoDbDeliveryConfiguration(client, tableName);
  expect(await configuration.readConnection('orders')).toEqual(connectionOf('orders'));
  expect(await configuration.readApiDestination('orders')).toEqual(apiDestinationOf('orders'));
  expect(await configuration.readConnection('nobody')).toBeUndefined();
  expect(await configuration.readApiDestination('nobody')).toBeUndefined();
});

test("reading a delivery's configuration fails with a retryable error while the database does not answer", async () => {
  const client = createDynamoDbClient({ ...dynalite.server.clientConfig, endpoint: 'http://127.0.0.1:1' });
  const configuration = createDynamoDbDeliveryConfiguration(client, dynalite.server.tableName);
  await expect(configuration.readConnection('orders')).rejects.toMatchObject({ code: 'StoreUnavailable' });
});
