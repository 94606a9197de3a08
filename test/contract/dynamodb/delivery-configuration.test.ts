import { expect, test } from 'vitest';
import { createDynamoDbApiDestinationRepository } from '../../../lib/adapters/dynamodb/api-destinations.ts';
import { createDynamoDbConnectionRepository } from '../../../lib/adapters/dynamodb/connections.ts';
import { createDynamoDbDeliveryConfiguration } from '../../../lib/adapters/dynamodb/delivery-configuration.ts';
import { apiDestinationOf, connectionOf, tableCallsNames, tableCallsOf, useDynalite } from './subjects.ts';

const dynalite = useDynalite();

test.each(tableCallsNames)('by %s, a delivery reads the configuration that the control API has written', async (by) => {
  const client = dynalite.client();
  const tableName = await dynalite.server.newTable();
  const orders = connectionOf('orders', { description: 'Bestellungen, \u00e4\u{1f600}' });
  await createDynamoDbConnectionRepository(client, tableName).create(orders);
  const destination = apiDestinationOf('orders', { policy: { timeoutMs: 1500, retryableStatuses: [409] } });
  await createDynamoDbApiDestinationRepository(client, tableName).create(destination);
  const configuration = createDynamoDbDeliveryConfiguration(
    tableCallsOf(dynalite.server.clientConfig, tableName)[by],
    tableName,
  );
  expect(await configuration.readConnection('orders')).toEqual(orders);
  expect(await configuration.readApiDestination('orders')).toEqual(destination);
  expect(await configuration.readConnection('nobody')).toBeUndefined();
  expect(await configuration.readApiDestination('nobody')).toBeUndefined();
});

test.each(tableCallsNames)(
  "by %s, reading a delivery's configuration fails with a retryable error while the database does not answer",
  async (by) => {
    const { tableName, clientConfig } = dynalite.server;
    const calls = tableCallsOf({ ...clientConfig, endpoint: 'http://127.0.0.1:1' }, tableName)[by];
    const configuration = createDynamoDbDeliveryConfiguration(calls, tableName);
    await expect(configuration.readConnection('orders')).rejects.toMatchObject({ code: 'StoreUnavailable' });
  },
);
