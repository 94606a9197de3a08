import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { openSync } from 'node:fs';
import { devNull } from 'node:os';
import { CreateApiDestinationCommand, CreateConnectionCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { CreateConnectionRequest } from '@aws-sdk/client-eventbridge';
import type { AwsClientConfig } from '../lib/adapters/aws-clients.ts';
import type { Environment } from '../lib/config.ts';
import { functionVariables } from '../lib/local/environment.ts';

/** Connection and API destination of every bench. */
export const benchName = 'bench';

/** What a worker needs to wire itself as `functions/deliver` does. */
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

/** @returns the connection's ARN */
export async function createBenchDestination(
  aws: AwsClientConfig,
  invocationEndpoint: string,
  connection: Pick<CreateConnectionRequest, 'AuthorizationType' | 'AuthParameters'>,
): Promise<string> {
  const events = new EventBridgeClient(aws);
  const { ConnectionArn } = await events.send(new CreateConnectionCommand({ Name: benchName, ...connection }));
  await events.send(
    new CreateApiDestinationCommand({
      Name: benchName,
      ConnectionArn,
      InvocationEndpoint: invocationEndpoint,
      HttpMethod: 'POST',
    }),
  );
  events.destroy();
  return ConnectionArn ?? '';
}

/** A bench module in a process of its own, whose log lines go where a log costs least; resolves with its first message. */
export async function forkBench(module: string, input?: unknown): Promise<{ child: ChildProcess; message: unknown }> {
  const child = fork(new URL(module, import.meta.url), {
    stdio: ['ignore', openSync(devNull, 'w'), 'inherit', 'ipc'],
  });
  const message = await new Promise<unknown>((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`${module} ended with status ${code}.`)));
    if (input !== undefined) child.send(input as object);
  });
  return { child, message };
}
