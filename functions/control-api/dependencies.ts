import { randomUUID } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import {
  createDynamoDbClient,
  createLambdaClient,
  createSecretsManagerClient,
} from '../../lib/adapters/aws-clients.ts';
import type { AwsClientConfig } from '../../lib/adapters/aws-clients.ts';
import { createDynamoDbApiDestinationRepository } from '../../lib/adapters/dynamodb-api-destination-repository.ts';
import { createDynamoDbConnectionRepository } from '../../lib/adapters/dynamodb-connection-repository.ts';
import { createLambdaConnectionAuthorizer } from '../../lib/adapters/lambda-connection-authorizer.ts';
import { createSecretsManagerSecretReader } from '../../lib/adapters/secrets-manager-secret-reader.ts';
import { createSecretsManagerSecretWriter } from '../../lib/adapters/secrets-manager-secret-writer.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { parseConfig } from '../../lib/config.ts';
import type { Environment } from '../../lib/config.ts';
import { createOperations } from '../../lib/control/operations.ts';
import type { ControlApiDependencies } from '../../lib/protocol/control-api.ts';

/** @throws ConfigError naming every bad variable */
export function dependenciesFrom(
  environment: Environment,
  aws: AwsClientConfig = {},
  logger = new Logger({ serviceName: 'control-api' }),
): ControlApiDependencies {
  const config = parseConfig(environment);
  const [dynamoDb, secretsManager] = [createDynamoDbClient(aws), createSecretsManagerClient(aws)];
  const operations = createOperations({
    connections: createDynamoDbConnectionRepository(dynamoDb, config.TABLE_NAME),
    apiDestinations: createDynamoDbApiDestinationRepository(dynamoDb, config.TABLE_NAME),
    secretWriter: createSecretsManagerSecretWriter(secretsManager),
    secretReader: createSecretsManagerSecretReader(secretsManager),
    authorizer: createLambdaConnectionAuthorizer(createLambdaClient(aws), config.AUTHORIZE_CONNECTION_FUNCTION),
    clock: systemClock,
    newUuid: randomUUID,
    secretPrefix: config.SECRET_PREFIX,
    allowLoopbackHttp: aws.endpoint !== undefined, // Only the local stack says where its AWS is.
  });
  return {
    operations,
    logFault: (fault) => logger.error('control request failed', { fault }),
    fallbackRegion: aws.region ?? environment['AWS_REGION'],
  };
}
