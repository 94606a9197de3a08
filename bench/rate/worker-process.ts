/** One deployed worker. Receives its settings, then one invocation after the other, and answers each. */
import type { Context, SQSBatchResponse } from 'aws-lambda';
import { createHandler, dependenciesFrom } from '../../functions/deliver-queued.ts';
import type { WorkerSurroundings } from '../bench-stack.ts';
import { watchLag } from './noise.ts';

export interface WorkerAnswer {
  readonly response: SQSBatchResponse;
  /** The largest delay of a timer of the worker since the last answer. */
  readonly worstLagMs: number;
}

/** Timeout of the deployed function. */
const timeoutMs = 60_000;

process.once('message', (input) => {
  const { environment, aws } = input as WorkerSurroundings;
  const handler = createHandler(dependenciesFrom(environment, aws));
  const worstLagMs = watchLag();
  process.on('message', (event) => {
    const endMs = Date.now() + timeoutMs;
    const context = { getRemainingTimeInMillis: () => endMs - Date.now() } as Context;
    void handler(event, context).then((response) => {
      process.send?.({ response, worstLagMs: worstLagMs() } satisfies WorkerAnswer);
    });
  });
  process.send?.({ ready: true });
});
process.once('disconnect', () => process.exit());
