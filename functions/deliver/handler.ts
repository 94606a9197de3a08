import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { withDeadline } from '../../lib/delivery/deadline.ts';
import type { DeliverInput } from '../../lib/delivery/deliver-input.ts';
import type { Clock } from '../../lib/ports.ts';
import { dependenciesFrom } from './dependencies.ts';

export { dependenciesFrom };

export interface DeliverDependencies {
  readonly deliverInput: DeliverInput;
  readonly clock: Clock;
}

/** A rule target: one event per invocation. Resolves with what came of it; rejects when nobody has taken the event. */
export function createHandler({ deliverInput, clock }: DeliverDependencies) {
  return async (input: unknown, context: Context): Promise<unknown> => {
    const {
      settlement,
      bug: _bug,
      ...conclusion
    } = await withDeadline(clock, context.getRemainingTimeInMillis(), (deadline) => deliverInput(input, deadline));
    if (settlement.kind === 'returned') throw settlement.error;
    return { outcome: settlement.kind, ...conclusion };
  };
}

let wired: ReturnType<typeof createHandler> | undefined;

export function handler(input: unknown, context: Context): Promise<unknown> {
  wired ??= wire();
  return wired(input, context);
}

function wire(): ReturnType<typeof createHandler> {
  const logger = new Logger({ serviceName: 'deliver' });
  // `logEvent: false` stands against the variable that would have every event logged.
  return middy(createHandler(dependenciesFrom(process.env))).use(injectLambdaContext(logger, { logEvent: false }));
}
