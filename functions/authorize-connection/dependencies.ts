import { randomBytes } from 'node:crypto';
import type { AwsClientConfig } from '../../lib/adapters/aws-clients.ts';
import { createDynamoDbClient, createSecretsManagerClient } from '../../lib/adapters/aws-clients.ts';
import { createBottleneckTokenRequestSchedule } from '../../lib/adapters/bottleneck-token-request-schedule.ts';
import { createDynamoDbConnectionStates } from '../../lib/adapters/dynamodb-connection-states.ts';
import { createDynamoDbDeliveryConfiguration } from '../../lib/adapters/dynamodb-delivery-configuration.ts';
import { createDynamoDbTokenStore } from '../../lib/adapters/dynamodb-token-store.ts';
import { createSecretsManagerSecretReader } from '../../lib/adapters/secrets-manager-secret-reader.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { createUndiciHttpClient } from '../../lib/adapters/undici-http-client.ts';
import type { Environment } from '../../lib/config.ts';
import { parseConfig } from '../../lib/config.ts';
import { version } from '../../lib/core/version.ts';
import { createConnectionAuthorization } from '../../lib/delivery/authorize-connection.ts';
import { createOAuthTokens } from '../../lib/delivery/oauth-token.ts';
import type { AuthorizeConnectionDependencies } from './handler.ts';

/** @throws ConfigError naming every bad variable */
export function dependenciesFrom(environment: Environment, aws: AwsClientConfig = {}): AuthorizeConnectionDependencies {
  const config = parseConfig(environment);
  const dynamoDb = createDynamoDbClient(aws);
  const secrets = createSecretsManagerSecretReader(createSecretsManagerClient(aws));
  const states = createDynamoDbConnectionStates(dynamoDb, config.TABLE_NAME);
  const clock = systemClock;
  const tokens = createOAuthTokens({
    store: createDynamoDbTokenStore(dynamoDb, config.TABLE_NAME),
    states,
    schedule: createBottleneckTokenRequestSchedule(),
    secrets,
    rootSecretArn: config.ROOT_SECRET_ARN,
    http: createUndiciHttpClient(),
    requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
    userAgent: config.USER_AGENT ?? `lastmile/${version}`,
    clock,
    random: Math.random,
    randomBytes,
  });
  const configuration = createDynamoDbDeliveryConfiguration(dynamoDb, config.TABLE_NAME);
  return { authorize: createConnectionAuthorization({ configuration, secrets, tokens, states, clock }), clock };
}
