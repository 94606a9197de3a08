import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Handler } from './entry.ts';

/**
 * For functions with a logger of their own. Every line of it has the invocation's context. Performance: functions that deliver
 * events have no such logger, because it and its middleware would be a tenth of their cold start.
 */
export function logged<Input, Result>(
  serviceName: string,
  wire: (logger: Logger) => Handler<Input, Result>,
): () => Handler<Input, Result> {
  return () => {
    const logger = new Logger({ serviceName });
    // `logEvent: false` overrides the environment variable that makes the logger print every event, with its credentials.
    return middy(wire(logger)).use(injectLambdaContext(logger, { logEvent: false }));
  };
}
