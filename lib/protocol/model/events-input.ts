import { ServiceError } from '../../core/failure/service-error.ts';
import type { JsonObject, JsonValue } from '../../core/input/json.ts';
import { isJsonObject, ownMember } from '../../core/input/json.ts';
import { eventsModel } from './service-models.ts';
import type { ModelDepartures } from './shape-reader.ts';
import { createInputReader } from './shape-reader.ts';
import type { Violation } from './violations.ts';
import { notNull, refuseViolations } from './violations.ts';

/** The differences between EventBridge and its own model. Source: recorded answers of the service; `urls` is our own addition. */
const eventsDepartures: ModelDepartures = {
  printedEnums: {
    ConnectionAuthorizationType: ['BASIC', 'OAUTH_CLIENT_CREDENTIALS', 'API_KEY'],
    ApiDestinationHttpMethod: ['HEAD', 'POST', 'PATCH', 'DELETE', 'PUT', 'GET', 'OPTIONS'],
  },
  caseInsensitiveEnums: new Set(['ConnectionOAuthHttpMethod']),
  urls: new Set(['HttpsEndpoint']),
};

/** The authorization type decides which parameters are required. If the type is invalid, no parameter is reported as missing. */
function disregardMissingAuthParameters(violations: readonly Violation[]): readonly Violation[] {
  const typeIsInvalid = violations.some(
    ({ path, constraint }) => path === 'authorizationType' && constraint !== notNull,
  );
  if (!typeIsInvalid) return violations;
  return violations.filter(({ path, constraint }) => constraint !== notNull || !/^authParameters(\.|$)/.test(path));
}

/** Members that the service model knows and Lastmile does not support. */
const unsupported: readonly (readonly string[])[] = [
  ['InvocationConnectivityParameters'],
  ['AuthParameters', 'ConnectivityParameters'],
  ['KmsKeyIdentifier'],
];

/**
 * Failure policy: a connection that asks for a private network path or for its own KMS key is refused, and the error names the
 * member. A connection created without them would send or store credentials in a way that its owner has not accepted.
 *
 * @throws ServiceError ValidationException
 */
function refuseUnsupported(input: JsonObject): void {
  for (const names of unsupported) {
    if (!hasMember(input, names)) continue;
    const text = `Parameter ${names.join('.')} is not valid. Reason: It is not supported. Leave it out.`;
    throw new ServiceError('ValidationException', text);
  }
}

function hasMember(object: JsonObject, [name = '', ...rest]: readonly string[]): boolean {
  const member = ownMember(object, name);
  if (rest.length === 0) return member !== undefined;
  return isJsonObject(member) && hasMember(member, rest);
}

type InputReader = (operation: string, body: JsonValue) => JsonObject;

/** @param more departures beside those of EventBridge */
export function createEventsInputReader(more: Partial<ModelDepartures> = {}): InputReader {
  const read = createInputReader(eventsModel, { ...eventsDepartures, ...more });
  return (operation, body) => {
    const { input, violations } = read(operation, body);
    refuseUnsupported(input);
    refuseViolations(disregardMissingAuthParameters(violations));
    return input;
  };
}

/**
 * The first stage of validation: checks an operation's input against the service model, and drops nulls and unknown members.
 *
 * @throws ServiceError SerializationException for a wrong JSON type, ValidationException for everything else
 */
export const readEventsInput: InputReader = createEventsInputReader();
