/** The local stack, with the event source of its delivery queue. The event source invokes a worker in a separate process. */
import type { Context, SQSBatchResponse } from 'aws-lambda';
import { deployedFunctions, type LocalFunction } from '../../lib/local/lambda/function-instances.ts';
import { startStack } from '../../lib/local/stack/stack.ts';
import { surroundings } from '../bench-stack.ts';
import { answerAsks, startPeerProcess, type PeerProcess } from './process.ts';
import { countSettled } from './settled.ts';
import type { WorkerAsk } from './worker-process.ts';

export type StackAsk =
  /** Answers with the stack's URL. The worker gets this many batches at a time, at most ten. */
  | { readonly kind: 'start'; readonly batches: number }
  /** Starts a new worker; invocations wait for it. */
  | { readonly kind: 'start worker' }
  | { readonly kind: 'crash worker' }
  /** Makes invocations wait, or lets them go on. */
  | { readonly kind: 'hold' | 'release' }
  /** When this many events have been settled, the process answers with the worker's processor time so far, in ms. */
  | { readonly kind: 'settled'; readonly count: number };

const settled = countSettled();
let worker = Promise.withResolvers<PeerProcess>();
let released = Promise.withResolvers<void>();
let url = '';

/** The number of batches that the worker can take now, and the batches that wait until it can take them. */
let free = 0;
const line: (() => void)[] = [];

async function invoke(event: unknown, context: Context): Promise<unknown> {
  if (free > 0) free -= 1;
  else await new Promise<void>((resolve) => void line.push(resolve));
  try {
    return await deliver(event, context);
  } finally {
    const next = line.shift();
    if (next === undefined) free += 1;
    else next();
  }
}

async function deliver(event: unknown, context: Context): Promise<unknown> {
  await released.promise;
  const { ask } = await worker.promise;
  const asked: WorkerAsk = { kind: 'invoke', event, remainingMs: context.getRemainingTimeInMillis() };
  const response = await ask<SQSBatchResponse>(asked);
  settled.add((event as { Records: readonly unknown[] }).Records.length - response.batchItemFailures.length);
  return response;
}

function functions(): readonly LocalFunction[] {
  return deployedFunctions().map((each) =>
    each.name === 'deliver-queued' ? { ...each, create: async () => invoke } : each,
  );
}

async function startWorker(): Promise<void> {
  const started = startPeerProcess('worker-process.ts');
  await started.ask({ kind: 'start', surroundings: surroundings(url) } satisfies WorkerAsk);
  worker.resolve(started);
}

async function crashWorker(): Promise<void> {
  const crashed = await worker.promise;
  worker = Promise.withResolvers<PeerProcess>();
  await crashed.crash();
}

answerAsks(async (asked: StackAsk) => {
  switch (asked.kind) {
    case 'start':
      free = asked.batches;
      ({ url } = await startStack({ port: 0, functions: functions() }));
      return url;
    case 'start worker':
      return startWorker();
    case 'crash worker':
      return crashWorker();
    case 'hold':
      released = Promise.withResolvers<void>();
      return {};
    case 'release':
      released.resolve();
      return {};
    case 'settled': {
      await settled.atLeast(asked.count);
      return (await worker.promise).ask({ kind: 'cpu' } satisfies WorkerAsk);
    }
  }
});
