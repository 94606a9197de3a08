import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';

/** What Lambda calls, and what `createHandler` of each function makes from its dependencies. */
export type Handler<Input, Result> = (input: Input, context: Context) => Promise<Result>;

/**
 * The function as Lambda calls it: wired on the first call, with the invocation's context in every line of its logger.
 *
 * @param wire makes the handler from the environment; what it throws is thrown again by the next call
 */
export function createEntry<Input, Result>(
  serviceName: string,
  wire: (logger: Logger) => Handler<Input, Result>,
): Handler<Input, Result> {
  let wired: Handler<Input, Result> | undefined;

  function wireOnce(): Handler<Input, Result> {
    const logger = new Logger({ serviceName });
    // `logEvent: false` wins over the variable that would have every event logged, credentials in it.
    return middy(wire(logger)).use(injectLambdaContext(logger, { logEvent: false }));
  }

  return (input, context) => {
    wired ??= wireOnce();
    return wired(input, context);
  };
}
