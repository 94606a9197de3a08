import { refusedHost } from '../../core/address/address.ts';
import type { AuthorizationType } from '../../core/destination/connection.ts';
import type { ConnectionHttpParameters, ConnectionSecret } from '../../core/destination/connection-secret.ts';
import { parseConnectionSecret } from '../../core/destination/connection-secret.ts';
import { parseCurrentSecret } from '../../core/destination/current-secret.ts';
import { Failure } from '../../core/failure/failure.ts';
import { isForwarded, isHeaderName, isHeaderValue } from '../../core/request/header-rules.ts';
import type { SecretValue } from '../../ports/delivery.ts';
import { isInvocableEndpoint } from '../destinations/api-destination-checks.ts';
import type { ControlDependencies } from '../operation.ts';
import { invalidParameter } from '../refusals.ts';

type Reader = Pick<ControlDependencies, 'secretReader' | 'allowlist'>;

/**
 * Checks the current version of a secret that a connection policy names.
 *
 * @returns the id of the current version
 * @throws ServiceError ValidationException that says what is wrong and shows no value from the secret
 */
export async function checkNamedSecret(
  dependencies: Reader,
  secretArn: string,
  authorizationType: AuthorizationType,
): Promise<string> {
  const current = parseCurrentSecret(await readCurrent(dependencies, secretArn), parseConnectionSecret);
  // The message names members and never contains a value.
  if ('problem' in current) throw invalid(current.problem.message);
  const { version, value: secret } = current;
  const found = secret.credentials.authorizationType;
  if (found !== authorizationType) {
    throw invalid(
      `The secret holds ${found} credentials, but the connection's authorization type is ${authorizationType}.`,
    );
  }
  const problem = problemOf(secret, dependencies);
  if (problem !== undefined) throw invalid(`In the secret, ${problem}.`);
  return version;
}

/** A successful read shows that the workers can read the secret too: one stage parameter gives all roles this right. */
async function readCurrent({ secretReader }: Reader, secretArn: string): Promise<SecretValue> {
  const value = await secretReader.read(secretArn, 'AWSCURRENT').catch((error: unknown) => {
    if (!(error instanceof Failure) || error.code !== 'StoreRefused') throw error;
    const wayOut = "Add it to the stage parameter 'secretArns'. If it has a KMS key of its own, add that to 'keyArns'.";
    throw invalid(`The functions of this stack are not allowed to read the secret. ${wayOut}`);
  });
  if (value === undefined) throw invalid('The secret does not exist, or it has no version with the label AWSCURRENT.');
  return value;
}

/** @returns a problem that would make every delivery fail; undefined when the secret has no such problem */
function problemOf({ credentials, invocationHttpParameters }: ConnectionSecret, reader: Reader): string | undefined {
  switch (credentials.authorizationType) {
    case 'BASIC':
      break;
    case 'API_KEY':
      if (!isHeaderName(credentials.apiKeyName)) return 'api_key_name is not a valid HTTP header name';
      if (!isForwarded(credentials.apiKeyName)) return 'api_key_name is a header that is never sent to an endpoint';
      if (!isHeaderValue(credentials.apiKeyValue))
        return 'api_key_value contains characters that an HTTP header value cannot contain';
      break;
    case 'OAUTH_CLIENT_CREDENTIALS':
      if (!isEndpoint(credentials.authorizationEndpoint, reader)) {
        return 'authorization_endpoint is not an HTTPS URL with a host that may be called';
      }
      if (hasBadHeader(credentials.oauthHttpParameters))
        return 'oauth_http_parameters has a key that is not a valid HTTP header name';
      break;
  }
  return hasBadHeader(invocationHttpParameters)
    ? 'invocation_http_parameters has a key that is not a valid HTTP header name'
    : undefined;
}

function isEndpoint(url: string, { allowlist }: Reader): boolean {
  return isInvocableEndpoint(url, allowlist) && refusedHost(URL.parse(url)?.hostname ?? '', allowlist) === undefined;
}

function hasBadHeader(parameters: ConnectionHttpParameters = {}): boolean {
  return parameters.headerParameters?.some(({ key }) => !isHeaderName(key)) === true;
}

function invalid(reason: string) {
  return invalidParameter('update', 'connection', 'SecretArn', reason);
}
