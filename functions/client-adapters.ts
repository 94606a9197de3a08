import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import { createDynamoDbClient, createSecretsManagerClient } from '../lib/adapters/aws/clients.ts';
import type { RequestSettings } from '../lib/adapters/aws/signed-request.ts';
import { createDynamoDbConnectionStates } from '../lib/adapters/dynamodb/connection-states.ts';
import { createDynamoDbTokenStore } from '../lib/adapters/dynamodb/token-store.ts';
import { createDynamoDbUnauthorizedRuns } from '../lib/adapters/dynamodb/unauthorized-runs.ts';
import type { UnauthorizedRuns } from '../lib/ports/delivery.ts';
import type { ConnectionStateChange, ConnectionStates, TokenStore } from '../lib/ports/token.ts';
import type { StoreSettings } from './store-adapters.ts';

/** The ports that deliveries need seldom, by the AWS clients for DynamoDB and Secrets Manager. */
export interface ClientStores {
  readonly states: ConnectionStates;
  readonly tokenStore: TokenStore;
  readonly runs: UnauthorizedRuns;
  /** The configuration of the client for DynamoDB. */
  readonly settings: RequestSettings;
  readonly storeSettings: StoreSettings;
}

/** Performance: this file brings the AWS clients with it, so it is imported on demand. */
export function createClientStores(
  aws: AwsClientConfig,
  tableName: string,
  connectionChanged: (change: ConnectionStateChange) => void,
): ClientStores {
  const dynamoDb = createDynamoDbClient(aws);
  return {
    states: createDynamoDbConnectionStates(dynamoDb, tableName, connectionChanged),
    tokenStore: createDynamoDbTokenStore(dynamoDb, tableName),
    runs: createDynamoDbUnauthorizedRuns(dynamoDb, tableName),
    settings: dynamoDb.config,
    storeSettings: { dynamoDb: dynamoDb.config, secretsManager: createSecretsManagerClient(aws).config },
  };
}
