import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import type { AuthorizeConnection } from '../../lib/delivery/authorize-connection.ts';
import { withDeadline } from '../../lib/delivery/deadline.ts';
import type { Clock } from '../../lib/ports.ts';
import { dependenciesFrom } from './dependencies.ts';

export { dependenciesFrom };

export interface AuthorizeConnectionDependencies {
  readonly authorize: AuthorizeConnection;
  readonly clock: Clock;
}

/** An asynchronous invocation with `{ name, incarnation }`. Rejects when it is to be repeated. */
export function createHandler({ authorize, clock }: AuthorizeConnectionDependencies) {
  return (input: unknown, context: Context): Promise<unknown> =>
    withDeadline(clock, context.getRemainingTimeInMillis(), ({ signal }) => authorize(input, signal));
}

let wired: ReturnType<typeof createHandler> | undefined;

export function handler(input: unknown, context: Context): Promise<unknown> {
  wired ??= wire();
  return wired(input, context);
}

function wire(): ReturnType<typeof createHandler> {
  const logger = new Logger({ serviceName: 'authorize-connection' });
  return middy(createHandler(dependenciesFrom(process.env))).use(injectLambdaContext(logger, { logEvent: false }));
}
