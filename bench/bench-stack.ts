import { CreateApiDestinationCommand, CreateConnectionCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { CreateConnectionRequest } from '@aws-sdk/client-eventbridge';
import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import type { Environment } from '../lib/config.ts';
import { functionVariables } from '../lib/local/stack/environment.ts';
import { benchName } from './events.ts';

/** The settings that a worker needs to wire itself as `functions/deliver` does. */
export interface WorkerSurroundings {
  readonly environment: Environment;
  readonly aws: AwsClientConfig;
}

export function surroundings(endpoint: string): WorkerSurroundings {
  return {
    environment: functionVariables({}, (name) => `${endpoint}/123456789012/${name}`),
    aws: { region: 'us-east-1', endpoint, credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' } },
  };
}

/** Requests per second, more than any bench sends, so that no request waits for its slot. */
const unlimited = 100_000;

/** @returns the connection's ARN */
export async function createBenchDestination(
  aws: AwsClientConfig,
  invocationEndpoint: string,
  connection: Pick<CreateConnectionRequest, 'AuthorizationType' | 'AuthParameters'>,
  ratePerSecond = unlimited,
): Promise<string> {
  const events = new EventBridgeClient(aws);
  const { ConnectionArn } = await events.send(new CreateConnectionCommand({ Name: benchName, ...connection }));
  await events.send(
    new CreateApiDestinationCommand({
      Name: benchName,
      ConnectionArn,
      InvocationEndpoint: invocationEndpoint,
      HttpMethod: 'POST',
      InvocationRateLimitPerSecond: ratePerSecond,
    }),
  );
  events.destroy();
  return ConnectionArn ?? '';
}
