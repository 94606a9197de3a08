/** One worker process. Receives its settings, then work again and again, and answers with the resources it used. */
import type { Context } from 'aws-lambda';
import { Pool } from 'undici';
import { createHandler, dependenciesFrom } from '../../functions/deliver-queued.ts';
import type { WorkerSurroundings } from '../bench-stack.ts';
import { batchOf, destinationName, messageBody, orderOf } from './events.ts';
import { answerAsks, cpuMs, usage } from './process.ts';
import type { DeliverBodies } from './worker.ts';
import { newWorkerWithoutQueue } from './worker.ts';

export interface Work {
  readonly events: number;
  /** Size of one event. */
  readonly bytes: number;
  /** Number of destinations that the batches go to in turn; default: one. */
  readonly destinations?: number;
  /** Events in a batch; default: as many as one invocation gets. */
  readonly batch?: number;
}

export type GrowthAsk =
  /** If `queue` is true, the worker is invoked with messages. Otherwise it makes its own events. */
  | ({ readonly kind: 'start'; readonly queue: boolean } & WorkerSurroundings)
  /** The reference: requests with the same events, but without Lastmile. */
  | { readonly kind: 'start bare'; readonly url: string }
  /** Answers with the processor time in ms. */
  | ({ readonly kind: 'deliver' } & Work)
  /** A batch from the queue's event source. Answers with the ids of the failed messages. */
  | { readonly kind: 'invoke'; readonly Records: readonly unknown[] }
  | { readonly kind: 'usage' };

/** Timeout of the deployed function. */
const timeoutMs = 60_000;

let deliverBodies: DeliverBodies | undefined;
let bodyOf: (eventText: string, destination?: string) => string = messageBody;
let handler: ReturnType<typeof createHandler> | undefined;
let nextDestination = 0;

async function deliver({ events, bytes, destinations, batch = batchOf(bytes) }: Work): Promise<number> {
  const text = JSON.stringify(orderOf(bytes));
  const beforeMs = cpuMs();
  for (let delivered = 0; delivered < events; delivered += batch) {
    const name = destinations === undefined ? undefined : destinationName(nextDestination % destinations);
    nextDestination += 1;
    const body = bodyOf(text, name);
    await deliverBodies?.(Array.from({ length: Math.min(batch, events - delivered) }, () => body));
  }
  return cpuMs() - beforeMs;
}

function bareRequests(url: string): DeliverBodies {
  const { origin, pathname: path } = new URL(url);
  const pool = new Pool(origin, { allowH2: false, connections: 128 });
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  const send = async (body: string) => (await pool.request({ method: 'POST', path, headers, body })).body.dump();
  return async (bodies) => void (await Promise.all(bodies.map(send)));
}

async function invoke(Records: readonly unknown[]): Promise<readonly string[]> {
  const endMs = Date.now() + timeoutMs;
  const context = { getRemainingTimeInMillis: () => endMs - Date.now() } as Context;
  const response = await handler?.({ Records }, context);
  return response?.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier) ?? [];
}

answerAsks<GrowthAsk>(async (ask) => {
  switch (ask.kind) {
    case 'start':
      if (ask.queue) handler = createHandler(dependenciesFrom(ask.environment, ask.aws));
      else deliverBodies = newWorkerWithoutQueue(ask);
      return {};
    case 'start bare':
      bodyOf = (eventText) => eventText;
      deliverBodies = bareRequests(ask.url);
      return {};
    case 'deliver':
      return { cpuMs: await deliver(ask) };
    case 'invoke':
      return { failed: await invoke(ask.Records) };
    case 'usage':
      return usage();
  }
});
