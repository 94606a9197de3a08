import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';

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

/** Writes to queues settle events. Two attempts fit into the 5 s that an invocation keeps for settling. */
const settlingClient = {
  maxAttempts: 2,
  // Otherwise the host in a queue's URL would win over the endpoint that the environment asks for (FIPS, VPC endpoint).
  useQueueUrlAsEndpoint: false,
  requestHandler: { connectionTimeout: 400, requestTimeout: 1900, throwOnRequestTimeout: true },
} as const;

export function createSqsClient(config: AwsClientConfig): SQSClient {
  return new SQSClient({ ...settlingClient, ...config });
}

export function createLambdaClient(config: AwsClientConfig): LambdaClient {
  return new LambdaClient({ ...everyClient, ...config });
}
