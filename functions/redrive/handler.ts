import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { parseRedriveRequest } from '../../lib/core/redrive-request.ts';
import { withDeadline } from '../../lib/delivery/deadline.ts';
import type { Redrive } from '../../lib/delivery/redrive.ts';
import type { RedriveResult } from '../../lib/delivery/redrive-pass.ts';
import type { Clock } from '../../lib/ports.ts';
import { dependenciesFrom } from './dependencies.ts';

export { dependenciesFrom };

export interface RedriveDependencies {
  readonly redrive: Redrive;
  readonly clock: Clock;
}

/** Dead letters back into the delivery queue, by hand or by schedule. Whoever gets `more: true` may call again. */
export function createHandler({ redrive, clock }: RedriveDependencies) {
  return async (input: unknown, context: Context): Promise<RedriveResult> => {
    const request = parseRedriveRequest(input);
    return withDeadline(clock, context.getRemainingTimeInMillis(), (deadline) => redrive(request, deadline));
  };
}

let wired: ReturnType<typeof createHandler> | undefined;

export function handler(input: unknown, context: Context): Promise<RedriveResult> {
  wired ??= wire();
  return wired(input, context);
}

function wire(): ReturnType<typeof createHandler> {
  const logger = new Logger({ serviceName: 'redrive' });
  // `logEvent: false` stands against the variable that would have every event logged.
  return middy(createHandler(dependenciesFrom(process.env)))
    .use(injectLambdaContext(logger, { logEvent: false }))
    .after(({ response }) => {
      // Of a scheduled call nobody sees the answer.
      if (response !== null) logger.info('redrive', { ...response });
    });
}
