import { randomUUID } from 'node:crypto';
import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { createDynamoDbClient } from '../../lib/adapters/aws/clients.ts';
import { apiDestinationMembers } from '../../lib/adapters/dynamodb/api-destination-item.ts';
import { toItem } from '../../lib/adapters/dynamodb/items.ts';
import { apiDestinationPartition } from '../../lib/adapters/dynamodb/table.ts';
import { itemVersion } from '../../lib/core/message/format-versions.ts';
import type { BenchProcess } from '../bench-process.ts';
import { startBenchProcess } from '../bench-process.ts';
import type { WorkerSurroundings } from '../bench-stack.ts';
import { createBenchDestination, surroundings } from '../bench-stack.ts';
import { destinationName } from './events.ts';
import type { Sample } from './measure.ts';
import type { Usage } from './process.ts';
import type { GrowthAsk, Work } from './worker-process.ts';

/** A group of processes that end together. */
export interface Processes {
  start(module: string): BenchProcess;
  stop(): void;
}

export function startProcesses(): Processes {
  const started: BenchProcess[] = [];
  return {
    start(module) {
      const process = startBenchProcess(module);
      started.push(process);
      return process;
    },
    stop() {
      for (const each of started) each.stop();
    },
  };
}

export interface GrowthServers {
  readonly worker: WorkerSurroundings;
  readonly stack: BenchProcess;
  readonly endpoint: string;
  readonly connectionArn: string;
}

/** Starts a stack and an endpoint, each in its own process, and creates one API destination. */
export async function startServers({ start }: Processes, endpoint: string): Promise<GrowthServers> {
  const stack = start('growth/stack-process.ts');
  const worker = surroundings(String(await stack.ask()));
  const connectionArn = await createBenchDestination(worker.aws, endpoint, {
    AuthorizationType: 'API_KEY',
    AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-api-key', ApiKeyValue: 'bench-key' } },
  });
  return { worker, stack, endpoint, connectionArn };
}

export async function startEndpoint({ start }: Processes): Promise<string> {
  return `http://127.0.0.1:${String(await start('receiver.ts').ask())}/orders`;
}

/** A rate that one item of the table can handle, with a burst of unused slots, so that no batch has to wait. */
const rate = { invocationRateLimitPerSecond: 5000, policy: { burst: 100 } };

/** The most items in one write. Source: DynamoDB API reference, BatchWriteItem. */
const itemsPerWrite = 25;

/**
 * Writes the items directly. The control API would write the same items, but its quota is lower and it takes longer.
 */
export async function createDestinations({ worker, endpoint, connectionArn }: GrowthServers, count: number) {
  const dynamoDb = createDynamoDbClient(worker.aws);
  const tableName = String(worker.environment['TABLE_NAME']);
  const arn = connectionArn.replace(/:connection\/.*/, ':api-destination');
  const times = { creationTimeMs: Date.now(), lastModifiedTimeMs: Date.now() };
  const target = { connectionArn, invocationEndpoint: endpoint, httpMethod: 'POST' } as const;
  const requestOf = (index: number) => {
    const name = destinationName(index);
    const incarnation = randomUUID();
    const names = { name, arn: `${arn}/${name}/${incarnation}`, incarnation };
    const members = apiDestinationMembers({ ...names, ...target, ...rate, ...times, revision: 1 });
    const key = { pk: apiDestinationPartition, sk: name, v: itemVersion, revision: 1 };
    return { PutRequest: { Item: toItem({ ...members, ...key }) } };
  };
  for (let first = 0; first < count; first += itemsPerWrite) {
    const size = Math.min(itemsPerWrite, count - first);
    const requests = Array.from({ length: size }, (_, index) => requestOf(first + index));
    await dynamoDb.send(new BatchWriteItemCommand({ RequestItems: { [tableName]: requests } }));
  }
  dynamoDb.destroy();
}

export interface GrowthWorker {
  ask<Answer>(ask: GrowthAsk): Promise<Answer>;
  /** Delivers events that the worker makes itself. */
  deliver(work: Work): Promise<Sample>;
}

export async function startWorker({ start }: Processes, first: GrowthAsk): Promise<GrowthWorker> {
  const process = start('growth/worker-process.ts');
  const ask = async <Answer>(asked: GrowthAsk) => (await process.ask(asked)) as Answer;
  await ask(first);
  return {
    ask,
    async deliver(work) {
      const { cpuMs } = await ask<{ readonly cpuMs: number }>({ kind: 'deliver', ...work });
      return { us: (cpuMs * 1000) / work.events, ...memoryOf(await ask<Usage>({ kind: 'usage' })) };
    },
  };
}

export function memoryOf({ heldBytes, peakBytes }: Usage): { readonly heldMb: number; readonly peakMb: number } {
  return { heldMb: heldBytes / 1e6, peakMb: peakBytes / 1e6 };
}
