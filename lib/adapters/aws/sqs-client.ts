import { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsClientConfig } from './clients.ts';

/** Writes to queues settle events. Two attempts fit into the 5 s that an invocation keeps for settling. */
export const settlingClient = {
  maxAttempts: 2,
  // Otherwise the host in a queue's URL would win over the endpoint that the environment asks for (FIPS, VPC endpoint).
  useQueueUrlAsEndpoint: false,
  requestHandler: { connectionTimeout: 400, requestTimeout: 1900, throwOnRequestTimeout: true },
} as const;

/** Performance: this client has a file of its own, so that control-api can load it on demand. */
export function createSqsClient(config: AwsClientConfig): SQSClient {
  return new SQSClient({ ...settlingClient, ...config });
}
