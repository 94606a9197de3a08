import type { JsonObject, JsonValue } from '../core/json.ts';
import { createAwsJsonRoute } from './aws-json.ts';
import type { Operations, Route } from './control-request.ts';
import type { LogFault } from './fault.ts';
import { createInputReader } from './input-reader.ts';
import { lastmileModel, lastmileTargetPrefix } from './lastmile-model.ts';
import { refuseViolations } from './violations.ts';

const read = createInputReader(lastmileModel, {
  printedEnums: {},
  caseInsensitiveEnums: new Set(),
  urls: new Set(['ProxyUrl', 'AllowedHost']),
});

/** The first stage of validation. @throws ServiceError SerializationException or ValidationException */
export function readLastmileInput(operation: string, body: JsonValue): JsonObject {
  const { input, violations } = read(operation, body);
  refuseViolations(violations);
  return input;
}

/** Our own operations: signed for `events` as EventBridge's are, or unsigned, and told apart by the target alone. */
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
