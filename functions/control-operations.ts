import { randomBytes, randomUUID } from 'node:crypto';
import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import { createDynamoDbClient, createLambdaClient, createSecretsManagerClient } from '../lib/adapters/aws/clients.ts';
import { createLambdaConnectionAuthorizer } from '../lib/adapters/aws/connection-authorizer.ts';
import { createSecretsManagerSecretReader } from '../lib/adapters/aws/secret-reader.ts';
import { createSecretsManagerSecretWriter } from '../lib/adapters/aws/secret-writer.ts';
import { createDynamoDbApiDestinationRepository } from '../lib/adapters/dynamodb/api-destinations.ts';
import { createDynamoDbApiKeyRepository } from '../lib/adapters/dynamodb/api-keys.ts';
import { createDynamoDbConnectionRepository } from '../lib/adapters/dynamodb/connections.ts';
import { systemClock } from '../lib/adapters/system-clock.ts';
import type { Config } from '../lib/config.ts';
import { announced } from '../lib/control/announced.ts';
import { createApiKeyOperations } from '../lib/control/api-keys/api-keys.ts';
import { createOperations } from '../lib/control/operations.ts';
import { createPolicyOperations } from '../lib/control/policies/policy-operations.ts';
import { parseAllowlist, publicOnly } from '../lib/core/address/address.ts';
import type { CredentialsLog, InvocationMetrics } from '../lib/ports/metrics.ts';
import type { CheckExpression } from '../lib/ports/transformations.ts';
import { wireRootSecret } from './authentication.ts';
import { wireStateEvents, withStateEvents } from './state-events.ts';

interface Logs {
  readonly credentialsLog: CredentialsLog;
  readonly metrics: InvocationMetrics;
}

/** The operations that change connections, API destinations, policies and API keys, with their stores. */
export function wireControlOperations(config: Config, aws: AwsClientConfig, { credentialsLog, metrics }: Logs) {
  const [dynamoDb, secretsManager] = [createDynamoDbClient(aws), createSecretsManagerClient(aws)];
  const secretReader = createSecretsManagerSecretReader(secretsManager);
  const rootSecret = wireRootSecret(config, secretReader, systemClock);
  const control = {
    connections: createDynamoDbConnectionRepository(dynamoDb, config.TABLE_NAME),
    apiDestinations: createDynamoDbApiDestinationRepository(dynamoDb, config.TABLE_NAME),
    secretWriter: createSecretsManagerSecretWriter(secretsManager),
    secretReader,
    authorizer: createLambdaConnectionAuthorizer(createLambdaClient(aws), config.AUTHORIZE_CONNECTION_FUNCTION),
    credentialsLog: countingEach(credentialsLog, metrics),
    clock: systemClock,
    newUuid: randomUUID,
    secretPrefix: config.SECRET_PREFIX,
    allowlist: parseAllowlist(config.PRIVATE_NETWORK_ALLOWLIST) ?? publicOnly,
  };
  const apiKeys = createDynamoDbApiKeyRepository(dynamoDb, config.TABLE_NAME);
  const stateEvents = wireStateEvents(config, aws, { settings: dynamoDb.config, metrics, clock: systemClock });
  const plain = createOperations(control);
  return {
    operations: stateEvents ? announced(plain, stateEvents, systemClock) : plain,
    policyOperations: createPolicyOperations({
      ...control,
      functionTimeoutSeconds: config.FUNCTION_TIMEOUT_SECONDS,
      checkExpression,
      hasOrderedQueue: config.ORDERED_QUEUE_URL !== undefined,
    }),
    apiKeyOperations: createApiKeyOperations({
      apiKeys,
      rootSecret,
      clock: systemClock,
      randomBytes,
      newUuid: randomUUID,
    }),
    control,
    dynamoDb,
    apiKeys,
    rootSecret,
    /** Runs an invocation, then puts its state events and writes its metrics. */
    during: withStateEvents(metrics, stateEvents),
  };
}

/** Performance: JSONata is loaded with the first expression. */
const checkExpression: CheckExpression = async (expression) => {
  const { refusedExpression } = await import('../lib/adapters/jsonata/check-expression.ts');
  return refusedExpression(expression);
};

function countingEach(log: CredentialsLog, metrics: InvocationMetrics): CredentialsLog {
  return {
    record(event, requester) {
      log.record(event, requester);
      metrics.count('SecurityEvents');
    },
  };
}
