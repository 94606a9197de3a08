/**
 * The sides of the comparison that have a durable queue. Each is a queue server and a worker, in processes of their
 * own.
 */
import { SendMessageBatchCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { createBenchDestination, surroundings } from '../bench-stack.ts';
import { benchName } from '../events.ts';
import type { BullMqAsk, Sender } from './bullmq-process.ts';
import { numberedEvent } from './events.ts';
import { startPeerProcess, type PeerProcess } from './process.ts';
import type { RedisServer } from './redis.ts';
import type { StackAsk } from './stack-process.ts';

export interface Side {
  /** Puts up to ten events into the queue with one call. */
  enqueue(numbers: readonly number[]): Promise<void>;
  /** After this call, the worker gets none of the events that are put into the queue. */
  hold(): Promise<void>;
  release(): Promise<void>;
  /** Resolves with the worker's processor time so far, in ms, when the worker has settled this many events in all. */
  settled(count: number): Promise<number>;
  /** Kills the worker and starts another. */
  replaceWorker(): Promise<void>;
  /** The longest time until the events of a killed worker are given to another worker. Short locks keep this time short. */
  readonly givenAgainMs: number;
  /** Processor time of the queue server so far in ms; undefined for a stand-in. */
  serverCpuMs(): Promise<number | undefined>;
  stop(): Promise<void>;
}

/** A living worker renews this lock. The default is half a minute. */
const lockMs = 3000;

/**
 * No worker renews this timeout. So it must be longer than the start of a worker plus one batch. In a deployed stack it is six
 * minutes.
 */
const visibilityMs = 10_000;

export interface BullMqOptions {
  readonly name: string;
  readonly redis: RedisServer;
  readonly endpoint: string;
  readonly sender: Sender;
  readonly underWay: number;
  readonly shortLocks: boolean;
}

export async function startBullMq(options: BullMqOptions): Promise<Side> {
  const { name, redis, endpoint, sender, underWay, shortLocks } = options;
  const connection = new Redis({ port: redis.port, host: '127.0.0.1', maxRetriesPerRequest: null });
  const queue = new Queue(name, { connection });
  const retries = { attempts: 10, backoff: { type: 'exponential', delay: 1000, jitter: 0.5 } };
  const opts = { ...retries, removeOnComplete: true };
  const start = { kind: 'start', queue: name, port: redis.port, endpoint, sender, concurrency: underWay } as const;
  async function startWorker(): Promise<PeerProcess> {
    const started = startPeerProcess('bullmq-process.ts');
    await started.ask({ ...start, ...(shortLocks && { lockMs }) } satisfies BullMqAsk);
    return started;
  }
  let worker = await startWorker();
  return {
    async enqueue(numbers) {
      const jobs = numbers.map((number) => ({ name: 'deliver', data: numberedEvent(number), opts }));
      await queue.addBulk(jobs);
    },
    hold: () => queue.pause(),
    release: () => queue.resume(),
    settled: (count) => worker.ask<number>({ kind: 'settled', count } satisfies BullMqAsk),
    async replaceWorker() {
      await worker.crash();
      worker = await startWorker();
    },
    // First the lock must end, and then two checks for stalled jobs follow.
    givenAgainMs: 3 * lockMs,
    serverCpuMs: () => redis.cpuMs(),
    async stop() {
      worker.stop();
      await queue.close();
      connection.disconnect();
    },
  };
}

export interface LastmileOptions {
  readonly endpoint: string;
  /** Events in flight, in batches of ten; at most 100. */
  readonly underWay: number;
  readonly shortLocks: boolean;
}

export async function startLastmile({ endpoint, underWay, shortLocks }: LastmileOptions): Promise<Side> {
  const stack = startPeerProcess('stack-process.ts');
  const ask = <Answer>(asked: StackAsk): Promise<Answer> => stack.ask<Answer>(asked);
  const { aws, environment } = surroundings(await ask<string>({ kind: 'start', batches: underWay / 10 }));
  await createBenchDestination(aws, endpoint, {
    AuthorizationType: 'API_KEY',
    AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-api-key', ApiKeyValue: 'bench-key' } },
  });
  const sqs = new SQSClient(aws);
  const QueueUrl = environment['DELIVERY_QUEUE_URL'];
  if (shortLocks) {
    const Attributes = { VisibilityTimeout: String(visibilityMs / 1000) };
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
  }
  await ask({ kind: 'start worker' });
  await ask({ kind: 'release' });
  return {
    async enqueue(numbers) {
      const Entries = numbers.map((number, index) => ({
        Id: String(index),
        MessageBody: JSON.stringify({ apiDestination: benchName, event: numberedEvent(number) }),
        MessageGroupId: benchName,
      }));
      const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
      if (Failed.length > 0) throw new Error('The queue did not accept an event.');
    },
    hold: () => ask({ kind: 'hold' }),
    release: () => ask({ kind: 'release' }),
    settled: (count) => ask<number>({ kind: 'settled', count }),
    async replaceWorker() {
      await ask({ kind: 'crash worker' });
      await ask({ kind: 'start worker' });
    },
    givenAgainMs: visibilityMs,
    serverCpuMs: async () => undefined,
    async stop() {
      sqs.destroy();
      stack.stop();
    },
  };
}
