import type { JsonObject, JsonValue } from '../core/input/json.ts';
import type { LogFault } from './access.ts';
import { createAwsJsonRoute } from './aws-json.ts';
import type { Operations, Route } from './control-request.ts';
import type { RestModel } from './model/rest-json-model.ts';
import { createRestModel } from './model/rest-json-model.ts';
import { appsyncModel, lastmileModel, lastmileTargetPrefix } from './model/service-models.ts';
import { createInputReader } from './model/shape-reader.ts';
import { refuseViolations } from './model/violations.ts';
import { createRestJsonRoute } from './rest-json.ts';

export const appsyncRestModel: RestModel = createRestModel(appsyncModel);

export interface AppSyncDependencies {
  readonly operations: Operations;
  readonly logFault: LogFault;
}

/** Serves AppSync's API keys: requests signed for `appsync`, or unsigned requests under its path. */
export function createAppSyncRoute({ operations, logFault }: AppSyncDependencies): Route {
  return createRestJsonRoute({
    signingName: 'appsync',
    pathPrefix: '/v1/apis/',
    operations,
    model: appsyncRestModel,
    logFault,
  });
}

const read = createInputReader(lastmileModel, {
  printedEnums: {},
  caseInsensitiveEnums: new Set(),
  urls: new Set(['ProxyUrl', 'AllowedHost']),
  refusesUnknownMembers: true,
});

/** The first stage of validation. @throws ServiceError SerializationException or ValidationException */
export function readLastmileInput(operation: string, body: JsonValue): JsonObject {
  const { input, violations } = read(operation, body);
  refuseViolations(violations);
  return input;
}

/**
 * Serves Lastmile's own operations. Like EventBridge's operations, they are signed for `events` or unsigned. Only X-Amz-Target
 * tells them apart from EventBridge's.
 */
export function createLastmileRoute(dependencies: {
  readonly operations: Operations;
  readonly logFault: LogFault;
}): Route {
  const route = createAwsJsonRoute({
    ...dependencies,
    signingName: 'events',
    targetPrefix: lastmileTargetPrefix,
    readInput: readLastmileInput,
  });
  const isOurs = (target: string | undefined) => target?.startsWith(`${lastmileTargetPrefix}.`) === true;
  return { ...route, serves: (request) => isOurs(request.headers.get('x-amz-target')) && route.serves(request) };
}
