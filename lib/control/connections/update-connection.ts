import type { AuthorizationType, Connection } from '../../core/destination/connection.ts';
import type { ConnectionSecret } from '../../core/destination/connection-secret.ts';
import { parseConnectionSecret } from '../../core/destination/connection-secret.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { parseAuthParameters, secretTextOf, visibleAuthParameters } from './auth-parameters.ts';
import { changedConnectionAnswer } from './read-connections.ts';
import type { ConnectionChanges } from './connection-writes.ts';
import { refuseTransitional, requireConnection, writeConnection } from './connection-writes.ts';
import { objectOf, requiredTextOf, textOf } from '../input.ts';
import type { ControlDependencies, Operation } from '../operation.ts';
import { invalidParameter } from '../refusals.ts';
import { replaceCredentials } from './replace-credentials.ts';

const verb = 'update';

/**
 * Changes only the members that the request contains. Credentials that it leaves out are kept if the authorization type stays
 * the same. InvocationHttpParameters that it leaves out are kept in any case. Empty ones replace the old ones, which removes
 * all parameters.
 */
export function updateConnection(dependencies: ControlDependencies): Operation {
  return async (input) => {
    const before = await requireConnection(dependencies, verb, requiredTextOf(input, 'Name'));
    refuseTransitional(verb, before);
    const description = textOf(input, 'Description');
    // An empty description removes the old one.
    const changes: ConnectionChanges = description === undefined ? {} : { description: description || undefined };
    const secret = await requestedSecret(dependencies, before, input);
    if (secret === undefined) {
      return changedConnectionAnswer(await writeConnection(dependencies, verb, before, changes));
    }
    const after = await replaceCredentials(dependencies, before, secretTextOf(secret, { verb }), {
      ...changes,
      authorizationType: secret.credentials.authorizationType,
      visibleAuthParameters: visibleAuthParameters(secret),
    });
    return changedConnectionAnswer(after);
  };
}

/** @returns undefined when the request does not change the credentials */
async function requestedSecret(
  dependencies: ControlDependencies,
  before: Connection,
  input: JsonObject,
): Promise<ConnectionSecret | undefined> {
  const authParameters = objectOf(input, 'AuthParameters');
  const authorizationType =
    (textOf(input, 'AuthorizationType') as AuthorizationType | undefined) ?? before.authorizationType;
  const typeStays = authorizationType === before.authorizationType;
  if (authParameters === undefined && typeStays) return undefined;
  refuseNamedSecret(before, authParameters === undefined ? 'AuthorizationType' : 'AuthParameters');
  const current = await currentSecret(dependencies, before);
  const secret = parseAuthParameters(authorizationType, authParameters ?? {}, {
    verb,
    allowlist: dependencies.allowlist,
    ...(typeStays && current !== undefined ? { current: current.credentials } : {}),
  });
  const kept = current?.invocationHttpParameters;
  return kept === undefined ? secret : { invocationHttpParameters: kept, ...secret };
}

/** @throws ServiceError ValidationException when the credentials come from a secret that the connection policy names */
function refuseNamedSecret({ policy }: Connection, parameter: string): void {
  if (policy?.secretArn === undefined) return;
  const reason =
    "The connection's policy names the secret that holds its credentials. Change that secret, or remove it from the policy.";
  throw invalidParameter(verb, 'connection', parameter, reason);
}

/**
 * Failure policy: a damaged secret counts as absent. The request must then contain all credentials, which repairs the secret.
 */
async function currentSecret(
  { secretReader }: ControlDependencies,
  { secretArn, secretVersion }: Connection,
): Promise<ConnectionSecret | undefined> {
  if (secretArn === undefined || secretVersion === undefined) return undefined;
  const value = await secretReader.read(secretArn, secretVersion);
  try {
    return value === undefined ? undefined : parseConnectionSecret(value.text);
  } catch (error) {
    if (error instanceof Failure && error.code === 'InvalidSecret') return undefined;
    throw error;
  }
}
