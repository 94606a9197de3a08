import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { withDeadline } from '../../lib/delivery/deadline.ts';
import { createAppSyncRoute } from '../../lib/protocol/appsync-route.ts';
import { answerFunctionUrl, createEventsRoute } from '../../lib/protocol/control-api.ts';
import { answerDirectInvocation, isDirectInvocation } from '../../lib/protocol/direct-invocation.ts';
import { createLastmileRoute } from '../../lib/protocol/lastmile-route.ts';
import type { ControlApiDependencies } from './dependencies.ts';
import { dependenciesFrom } from './dependencies.ts';

export { dependenciesFrom };

export function createHandler(dependencies: ControlApiDependencies) {
  const { apiKeyOperations = {}, policyOperations = {}, logFault } = dependencies;
  // The first that serves a request answers it: what is signed for `events` and not ours is EventBridge's.
  const routes = [
    createLastmileRoute({ operations: policyOperations, logFault }),
    createEventsRoute(dependencies),
    createAppSyncRoute({ operations: apiKeyOperations, logFault }),
  ];
  const answer = async (event: unknown, context: Context): Promise<unknown> =>
    isDirectInvocation(event)
      ? await answerDirectInvocation(event, context, { ...dependencies, apiKeyOperations, policyOperations })
      : await answerFunctionUrl(routes, event, context, dependencies);
  const { metrics } = dependencies;
  if (metrics === undefined) return answer;
  return async (event: unknown, context: Context): Promise<unknown> =>
    await withDeadline(systemClock, context.getRemainingTimeInMillis(), ({ signal }) =>
      metrics.during(signal, () => answer(event, context)),
    );
}

let wired: ReturnType<typeof createHandler> | undefined;

export function handler(event: unknown, context: Context): Promise<unknown> {
  wired ??= wire(new Logger({ serviceName: 'control-api' }));
  return wired(event, context);
}

function wire(logger: Logger): ReturnType<typeof createHandler> {
  // `logEvent: false` stands against the variable that would have every event logged, credentials in it.
  const middleware = injectLambdaContext(logger, { logEvent: false });
  return middy(createHandler(dependenciesFrom(process.env, {}, logger))).use(middleware);
}
