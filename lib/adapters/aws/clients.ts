import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { usualAttempts, usualLimits } from './undici-connections.ts';

/** Settings of the AWS clients. Empty on Lambda, where the SDK finds everything in the environment. */
export interface AwsClientConfig {
  readonly region?: string;
  /** Address of a local stack, `http://host:port`. */
  readonly endpoint?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Calls of the clients have the same limits, and as many attempts, as the calls that a worker signs itself. */
export const everyClient = {
  maxAttempts: usualAttempts,
  requestHandler: {
    connectionTimeout: usualLimits.connectTimeoutMs,
    requestTimeout: usualLimits.requestTimeoutMs,
    throwOnRequestTimeout: true,
  },
} as const;

export function createDynamoDbClient(config: AwsClientConfig): DynamoDBClient {
  return new DynamoDBClient({ ...everyClient, ...config });
}

export function createSecretsManagerClient(config: AwsClientConfig): SecretsManagerClient {
  return new SecretsManagerClient({ ...everyClient, ...config });
}

export function createLambdaClient(config: AwsClientConfig): LambdaClient {
  return new LambdaClient({ ...everyClient, ...config });
}
