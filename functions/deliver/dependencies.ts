import { randomBytes } from 'node:crypto';
import { createDynamoDbClient, createSecretsManagerClient, createSqsClient } from '../../lib/adapters/aws-clients.ts';
import type { AwsClientConfig } from '../../lib/adapters/aws-clients.ts';
import { createBottleneckTokenRequestSchedule } from '../../lib/adapters/bottleneck-token-request-schedule.ts';
import { createDynamoDbConnectionStates } from '../../lib/adapters/dynamodb-connection-states.ts';
import { createDynamoDbDeliveryConfiguration } from '../../lib/adapters/dynamodb-delivery-configuration.ts';
import { createDynamoDbTokenStore } from '../../lib/adapters/dynamodb-token-store.ts';
import { createJsonLineDeliveryLog } from '../../lib/adapters/json-line-delivery-log.ts';
import { createSecretsManagerSecretReader } from '../../lib/adapters/secrets-manager-secret-reader.ts';
import { createSqsDeadLetterQueue } from '../../lib/adapters/sqs-dead-letter-queue.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { createUndiciHttpClient } from '../../lib/adapters/undici-http-client.ts';
import type { Config, Environment } from '../../lib/config.ts';
import { parseConfig } from '../../lib/config.ts';
import type { DeliveryPolicy } from '../../lib/core/delivery-policy.ts';
import { defaultTransport } from '../../lib/core/delivery-policy.ts';
import { version } from '../../lib/core/version.ts';
import { createAttempt } from '../../lib/delivery/attempt.ts';
import { createDeliverer } from '../../lib/delivery/deliver.ts';
import { createOAuthTokens } from '../../lib/delivery/oauth-token.ts';
import { createResolver } from '../../lib/delivery/resolve.ts';
import type { DeliveryLog } from '../../lib/ports.ts';
import type { DeliverDependencies } from './handler.ts';

/** What a caller may have otherwise than Lambda has it. */
export interface DeliverOverrides {
  readonly deliveryLog?: DeliveryLog;
}

/** @throws ConfigError naming every bad variable */
export function dependenciesFrom(
  environment: Environment,
  aws: AwsClientConfig = {},
  { deliveryLog = createJsonLineDeliveryLog((line) => process.stdout.write(line)) }: DeliverOverrides = {},
): DeliverDependencies {
  const config = parseConfig(environment);
  const [dynamoDb, secretsManager] = [createDynamoDbClient(aws), createSecretsManagerClient(aws)];
  const secrets = createSecretsManagerSecretReader(secretsManager);
  const http = createUndiciHttpClient();
  const clock = systemClock;
  const resolver = createResolver({
    configuration: createDynamoDbDeliveryConfiguration(dynamoDb, config.TABLE_NAME),
    secrets,
    clock,
    policy: defaultPolicy(config),
    cache: { freshMs: config.CACHE_SECONDS * 1000, staleMs: config.STALE_SECONDS * 1000 },
  });
  const userAgent = config.USER_AGENT ?? `lastmile/${version}`;
  const tokens = createOAuthTokens({
    store: createDynamoDbTokenStore(dynamoDb, config.TABLE_NAME),
    states: createDynamoDbConnectionStates(dynamoDb, config.TABLE_NAME),
    schedule: createBottleneckTokenRequestSchedule(),
    secrets,
    rootSecretArn: config.ROOT_SECRET_ARN,
    http,
    requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
    userAgent,
    clock,
    random: Math.random,
    randomBytes,
  });
  const attempt = createAttempt({ resolver, tokens, http, clock, userAgent });
  const deliverer = createDeliverer({
    attempt,
    deadLetters: createSqsDeadLetterQueue(createSqsClient(aws), config.DEAD_LETTER_QUEUE_URL),
    log: deliveryLog,
    clock,
    apiDestination: config.API_DESTINATION,
  });
  return { deliverer, clock };
}

function defaultPolicy(config: Config): DeliveryPolicy {
  return {
    timeoutMs: config.REQUEST_TIMEOUT_MS,
    burst: 1,
    maximumConcurrencyPerWorker: config.MAXIMUM_CONCURRENCY_PER_WORKER,
    retryPolicy: {
      maximumRetryAttempts: config.MAXIMUM_RETRY_ATTEMPTS,
      maximumEventAgeMs: config.MAXIMUM_EVENT_AGE_SECONDS * 1000,
    },
    retryableStatuses: [],
    transport: defaultTransport,
  };
}
