/**
 * A worker of BullMQ as a sensible team writes it: with a timeout, an API key, an idempotency key and one log line per
 * delivery. Any status other than 2xx is a failure and is retried.
 */
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { Pool } from 'undici';
import { answerAsks, cpuMs } from './process.ts';
import { countSettled } from './settled.ts';

export type Sender = 'fetch' | 'Pool';

export type BullMqAsk =
  | {
      readonly kind: 'start';
      readonly queue: string;
      readonly port: number;
      readonly endpoint: string;
      readonly sender: Sender;
      readonly concurrency: number;
      /** Default: the default of BullMQ. */
      readonly lockMs?: number;
    }
  /** When this many jobs have been settled, the process answers with its processor time so far, in ms. */
  | { readonly kind: 'settled'; readonly count: number };

const timeoutMs = 5000;

/** As many connections as Lastmile's pool has. */
const connections = 128;

/** The limit is higher than any load of the bench, so the limiter counts the jobs but delays none. */
const limiter = { max: 100_000, duration: 1000 };

type Send = (id: string, body: string) => Promise<number>;

function byFetch(endpoint: string): Send {
  return async (id, body) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(endpoint, { method: 'POST', headers: headersOf(id), body, signal });
    await response.text();
    return response.status;
  };
}

function byPool(endpoint: string): Send {
  const { origin, pathname } = new URL(endpoint);
  const pool = new Pool(origin, { connections, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
  return async (id, body) => {
    const response = await pool.request({ method: 'POST', path: pathname, headers: headersOf(id), body });
    await response.body.dump();
    return response.statusCode;
  };
}

function headersOf(id: string) {
  return { 'content-type': 'application/json', 'x-api-key': 'bench-key', 'idempotency-key': id };
}

const settled = countSettled();

async function start({ queue, port, endpoint, sender, concurrency, lockMs }: BullMqAsk & { kind: 'start' }) {
  const send = sender === 'fetch' ? byFetch(endpoint) : byPool(endpoint);
  const worker = new Worker(
    queue,
    async ({ id = '', data }) => {
      const beganMs = performance.now();
      const status = await send(id, JSON.stringify(data));
      if (status < 200 || status > 299) throw new Error(`The endpoint answered ${status}.`);
      process.stdout.write(
        `${JSON.stringify({ level: 'INFO', message: 'delivered', id, status, ms: performance.now() - beganMs })}\n`,
      );
    },
    {
      connection: new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: null }),
      concurrency,
      limiter,
      ...(lockMs !== undefined && { lockDuration: lockMs, stalledInterval: lockMs }),
    },
  );
  worker.on('completed', () => settled.add(1));
  worker.on('error', (error) => process.stderr.write(`${error.message}\n`));
  await worker.waitUntilReady();
}

answerAsks(async (asked: BullMqAsk) => {
  switch (asked.kind) {
    case 'start':
      return start(asked);
    case 'settled':
      await settled.atLeast(asked.count);
      return cpuMs();
  }
});
