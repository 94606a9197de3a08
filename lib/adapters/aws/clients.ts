import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/** Settings of the AWS clients. Empty on Lambda, where the SDK finds everything in the environment. */
export interface AwsClientConfig {
  readonly region?: string;
  /** Address of a local stack, `http://host:port`. */
  readonly endpoint?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/**
 * Every SDK call has three attempts, each with 1 s to connect and 3 s to answer. After that the caller retries later or uses
 * its cache, so that the call does not take the whole time of the invocation.
 */
export const everyClient = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true },
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
