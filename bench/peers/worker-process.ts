/** A deployed Lastmile worker. Receives its settings, then invocations, several at a time. */
import type { Context } from 'aws-lambda';
import { createHandler, dependenciesFrom } from '../../functions/deliver-queued.ts';
import type { WorkerSurroundings } from '../bench-stack.ts';
import { answerAsks, cpuMs } from './process.ts';

export type WorkerAsk =
  | { readonly kind: 'start'; readonly surroundings: WorkerSurroundings }
  | { readonly kind: 'invoke'; readonly event: unknown; readonly remainingMs: number }
  /** Answers with the processor time of the process so far in ms. */
  | { readonly kind: 'cpu' };

let handler: ReturnType<typeof createHandler> | undefined;

answerAsks(async (asked: WorkerAsk) => {
  switch (asked.kind) {
    case 'start':
      handler = createHandler(dependenciesFrom(asked.surroundings.environment, asked.surroundings.aws));
      return {};
    case 'invoke': {
      const endMs = Date.now() + asked.remainingMs;
      return handler?.(asked.event, { getRemainingTimeInMillis: () => endMs - Date.now() } as Context);
    }
    case 'cpu':
      return cpuMs();
  }
});
