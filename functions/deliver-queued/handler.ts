import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import { parseSqsEvent } from '../../lib/core/sqs-event.ts';
import { withDeadline } from '../../lib/delivery/deadline.ts';
import type { DeliverBatch } from '../../lib/delivery/deliver-batch.ts';
import type { Clock } from '../../lib/ports.ts';
import { dependenciesFrom } from './dependencies.ts';

export { dependenciesFrom };

export interface DeliverQueuedDependencies {
  readonly deliverBatch: DeliverBatch;
  readonly clock: Clock;
}

/** The delivery queue's consumer, with partial batch responses: what is not settled is received again. */
export function createHandler({ deliverBatch, clock }: DeliverQueuedDependencies) {
  return async (event: unknown, context: Context): Promise<SQSBatchResponse> => {
    const messages = parseSqsEvent(event, clock.nowMs());
    const unsettled = await withDeadline(clock, context.getRemainingTimeInMillis(), (deadline) =>
      deliverBatch(messages, deadline),
    );
    return { batchItemFailures: unsettled.map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

let wired: ReturnType<typeof createHandler> | undefined;

export function handler(event: unknown, context: Context): Promise<SQSBatchResponse> {
  wired ??= wire();
  return wired(event, context);
}

function wire(): ReturnType<typeof createHandler> {
  const logger = new Logger({ serviceName: 'deliver-queued' });
  // `logEvent: false` stands against the variable that would have every event logged.
  return middy(createHandler(dependenciesFrom(process.env))).use(injectLambdaContext(logger, { logEvent: false }));
}
