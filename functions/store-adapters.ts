import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import { settingsFromEnvironment } from '../lib/adapters/aws/environment-settings.ts';
import { createSignedSecretReader } from '../lib/adapters/aws/secret-calls.ts';
import type { ServiceSettings } from '../lib/adapters/aws/service-settings.ts';
import { createDynamoDbDeliveryConfiguration } from '../lib/adapters/dynamodb/delivery-configuration.ts';
import { createDynamoDbRateBuckets } from '../lib/adapters/dynamodb/rate-buckets.ts';
import { createSignedTableCalls } from '../lib/adapters/dynamodb/table-calls.ts';
import type { Environment } from '../lib/config.ts';
import type { Clock } from '../lib/ports/clock.ts';
import type { DeliveryConfiguration, SecretReader } from '../lib/ports/delivery.ts';
import type { ProgressStore } from '../lib/ports/order.ts';
import type { RateBuckets } from '../lib/ports/rate.ts';

/** The ports that every first delivery of a process needs. */
export interface Stores {
  readonly configuration: DeliveryConfiguration;
  readonly secrets: SecretReader;
  readonly buckets: RateBuckets;
  readonly progressStore: ProgressStore;
}

export interface StoreSettings {
  readonly dynamoDb: ServiceSettings;
  readonly secretsManager: ServiceSettings;
}

export interface StoreOptions {
  readonly aws: AwsClientConfig;
  readonly environment: Environment;
  readonly tableName: string;
  readonly clock: Clock;
  /** Loads the AWS clients, and resolves with their configuration. */
  readonly clientSettings: () => Promise<StoreSettings>;
}

/** Performance: this file brings no AWS client with it. It is imported on demand, because a cold start does not need it. */
export async function createStores(options: StoreOptions): Promise<Stores> {
  const { tableName, clock, clientSettings } = options;
  const { dynamoDb, secretsManager } = settingsWithoutClients(options) ?? (await clientSettings());
  const calls = createSignedTableCalls(dynamoDb, tableName, clock);
  return {
    configuration: createDynamoDbDeliveryConfiguration(calls, tableName),
    secrets: createSignedSecretReader(secretsManager, clock),
    buckets: createDynamoDbRateBuckets(calls, tableName),
    progressStore: progressOnDemand(async () => {
      const { createDynamoDbProgressStore } = await import('../lib/adapters/dynamodb/ordered-progress.ts');
      return createDynamoDbProgressStore(calls, tableName, clock);
    }),
  };
}

/** Performance: few stacks have ordered deliveries, so this code is not loaded with the other stores. */
function progressOnDemand(load: () => Promise<ProgressStore>): ProgressStore {
  return {
    read: async (messageId) => (await load()).read(messageId),
    save: async (messageId, progress) => (await load()).save(messageId, progress),
  };
}

function settingsWithoutClients(options: StoreOptions): StoreSettings | undefined {
  const { aws, environment, tableName, clientSettings } = options;
  // The client has another endpoint for a table that is named by its ARN.
  if (Object.keys(aws).length > 0 || tableName.startsWith('arn:')) return undefined;
  const dynamoDb = settingsFromEnvironment('dynamodb', environment, async () => (await clientSettings()).dynamoDb);
  const secretsManager = settingsFromEnvironment(
    'secretsmanager',
    environment,
    async () => (await clientSettings()).secretsManager,
  );
  return dynamoDb && secretsManager && { dynamoDb, secretsManager };
}
