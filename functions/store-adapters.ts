import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import { createDynamoDbClient, createSecretsManagerClient } from '../lib/adapters/aws/clients.ts';
import { createSecretsManagerSecretReader } from '../lib/adapters/aws/secret-reader.ts';
import type { RequestSettings } from '../lib/adapters/aws/signed-request.ts';
import { createDynamoDbConnectionStates } from '../lib/adapters/dynamodb/connection-states.ts';
import { createDynamoDbDeliveryConfiguration } from '../lib/adapters/dynamodb/delivery-configuration.ts';
import { createDynamoDbRateBuckets } from '../lib/adapters/dynamodb/rate-buckets.ts';
import { createSignedTableCalls } from '../lib/adapters/dynamodb/table-calls.ts';
import { createDynamoDbTokenStore } from '../lib/adapters/dynamodb/token-store.ts';
import { createDynamoDbUnauthorizedRuns } from '../lib/adapters/dynamodb/unauthorized-runs.ts';
import type { Config } from '../lib/config.ts';
import type { Clock } from '../lib/ports/clock.ts';
import type { DeliveryConfiguration, SecretReader, UnauthorizedRuns } from '../lib/ports/delivery.ts';
import type { RateBuckets } from '../lib/ports/rate.ts';
import type { ConnectionStateChange, ConnectionStates, TokenStore } from '../lib/ports/token.ts';

/** The ports whose adapters call DynamoDB and Secrets Manager. */
export interface Stores {
  readonly configuration: DeliveryConfiguration;
  readonly secrets: SecretReader;
  readonly states: ConnectionStates;
  readonly tokenStore: TokenStore;
  readonly runs: UnauthorizedRuns;
  readonly buckets: RateBuckets;
  /** The configuration of the client for DynamoDB. */
  readonly settings: RequestSettings;
}

/** Performance: this file brings the AWS clients with it, so it is imported on demand. */
export function createStores(
  { TABLE_NAME: tableName }: Config,
  aws: AwsClientConfig,
  clock: Clock,
  connectionChanged: (change: ConnectionStateChange) => void,
): Stores {
  const dynamoDb = createDynamoDbClient(aws);
  return {
    configuration: createDynamoDbDeliveryConfiguration(dynamoDb, tableName),
    secrets: createSecretsManagerSecretReader(createSecretsManagerClient(aws)),
    states: createDynamoDbConnectionStates(dynamoDb, tableName, connectionChanged),
    tokenStore: createDynamoDbTokenStore(dynamoDb, tableName),
    runs: createDynamoDbUnauthorizedRuns(dynamoDb, tableName),
    buckets: createDynamoDbRateBuckets(createSignedTableCalls(dynamoDb.config, tableName, clock), tableName),
    settings: dynamoDb.config,
  };
}
