import { appsyncModel } from './appsync-model.ts';
import type { Operations, Route } from './control-request.ts';
import type { LogFault } from './fault.ts';
import { createRestJsonRoute } from './rest-json.ts';
import type { RestModel } from './rest-json-model.ts';
import { createRestModel } from './rest-json-model.ts';

export const appsyncRestModel: RestModel = createRestModel(appsyncModel);

export interface AppSyncDependencies {
  readonly operations: Operations;
  readonly logFault: LogFault;
}

/** AppSync's API keys: signed for `appsync`, or unsigned under its path. */
export function createAppSyncRoute({ operations, logFault }: AppSyncDependencies): Route {
  return createRestJsonRoute({
    signingName: 'appsync',
    pathPrefix: '/v1/apis/',
    operations,
    model: appsyncRestModel,
    logFault,
  });
}
