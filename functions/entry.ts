import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';

/** The type of the functions that Lambda calls. Each `createHandler` returns such a function. */
export type Handler<Input, Result> = (input: Input, context: Context) => Promise<Result>;

/**
 * The function that Lambda calls. It makes its handler on the first call. Every line of its logger has the invocation's context.
 *
 * @param wire makes the handler from the environment; if it throws, the next call tries again
 * @param load begins to load what the first call will need. Lambda gives a process a whole core until it waits for its first
 *   event, and later only the part that its memory buys. Elsewhere nothing is loaded before the first call. If loading fails,
 *   the first call loads again and reports it
 */
export function createEntry<Input, Result>(
  serviceName: string,
  wire: (logger: Logger) => Handler<Input, Result>,
  load?: () => Promise<unknown>,
): Handler<Input, Result> {
  if (process.env['AWS_LAMBDA_INITIALIZATION_TYPE'] !== undefined) load?.().catch(() => undefined);
  let wired: Handler<Input, Result> | undefined;

  function wireOnce(): Handler<Input, Result> {
    const logger = new Logger({ serviceName });
    // `logEvent: false` overrides the environment variable that makes the logger print every event, with its credentials.
    return middy(wire(logger)).use(injectLambdaContext(logger, { logEvent: false }));
  }

  return (input, context) => {
    wired ??= wireOnce();
    return wired(input, context);
  };
}
