import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { heapOptions } from '../../lib/commands/start.ts';
import type { AwsClientConfig } from '../../lib/adapters/aws/clients.ts';
import { surroundings } from '../bench-stack.ts';
import { benchName } from '../events.ts';
import { startPeerProcess } from '../peers/process.ts';
import { freePort } from '../peers/redis.ts';
import { type Door, invokeDoor, plainDoor, putEventsDoor } from './doors.ts';
import type { Usage } from './probe.ts';

/** A whole product in processes of its own, from its door to the endpoint. */
export interface Side {
  readonly door: Door;
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

export interface StackSide {
  readonly store: 'memory' | 'data folder';
  readonly door: 'PutEvents' | 'Invoke';
  readonly ratePerSecond: number;
  readonly endpoint: string;
  /** Entries of a call of PutEvents. Default: 10. */
  readonly entriesPerCall?: number;
}

/** Starts the stack with the command that users run. */
export async function startStackSide(options: StackSide): Promise<Side> {
  const folder = options.store === 'memory' ? undefined : await mkdtemp(join(tmpdir(), 'bench-stack-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const stack = startPeerProcess('../../lib/commands/lastmile.ts', {
    args: ['start', '--port', String(port), ...(folder === undefined ? [] : ['--data-dir', folder])],
    execArgv: [...heapOptions, '--import', new URL('probe.ts', import.meta.url).href],
  });
  await listening(`${url}/_lastmile/health`);
  const { aws } = surroundings(url);
  await createDestination(aws, options.endpoint, options.ratePerSecond);
  const door = options.door === 'Invoke' ? invokeDoor(url) : putEventsDoor(url, options.entriesPerCall ?? 10);
  return {
    door,
    usage: () => stack.ask<Usage>({}),
    async stop() {
      await door.close();
      await stack.crash();
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The code that a team writes first: a server that answers 202 and sends the event with fetch. It has no queue. */
export async function startPlainSide(endpoint: string): Promise<Side> {
  const plain = startPeerProcess('../stack/plain-process.ts');
  const port = await plain.ask<number>({ kind: 'start', endpoint });
  const door = plainDoor(`http://127.0.0.1:${port}`);
  return {
    door,
    usage: () => plain.ask<Usage>({ kind: 'usage' }),
    async stop() {
      await door.close();
      await plain.crash();
    },
  };
}

async function listening(url: string): Promise<void> {
  for (;;) {
    const isListening = await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isListening) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Creates a destination, and a rule that matches the events of this bench. */
async function createDestination(
  aws: AwsClientConfig,
  InvocationEndpoint: string,
  InvocationRateLimitPerSecond: number,
): Promise<void> {
  const events = new EventBridgeClient(aws);
  const Name = benchName;
  const { ConnectionArn } = await events.send(
    new CreateConnectionCommand({
      Name,
      AuthorizationType: 'API_KEY',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-api-key', ApiKeyValue: 'bench-key' } },
    }),
  );
  const { ApiDestinationArn } = await events.send(
    new CreateApiDestinationCommand({
      Name,
      ConnectionArn,
      InvocationEndpoint,
      HttpMethod: 'POST',
      InvocationRateLimitPerSecond,
    }),
  );
  await events.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify({ source: ['com.example.shop'] }) }));
  await events.send(new PutTargetsCommand({ Rule: Name, Targets: [{ Id: 'bench', Arn: ApiDestinationArn }] }));
  events.destroy();
}
