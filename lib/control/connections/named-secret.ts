import { refusedHost } from '../../core/address/address.ts';
import type { AuthorizationType } from '../../core/destination/connection.ts';
import type { ConnectionHttpParameters, ConnectionSecret } from '../../core/destination/connection-secret.ts';
import { parseConnectionSecret } from '../../core/destination/connection-secret.ts';
import { Failure } from '../../core/failure/failure.ts';
import { isForwarded, isHeaderName, isHeaderValue } from '../../core/request/header-rules.ts';
import type { SecretValue } from '../../ports/delivery.ts';
import { isInvocableEndpoint } from '../destinations/api-destination-checks.ts';
import type { ControlDependencies } from '../operation.ts';
import { invalidParameter } from '../refusals.ts';

type Reader = Pick<ControlDependencies, 'secretReader' | 'allowlist'>;

/**
 * Looks at the current version of a secret that a connection's credentials are to be taken from.
 *
 * @returns that version
 * @throws ServiceError ValidationException that says what is wrong with it and shows nothing that it holds
 */
export async function checkNamedSecret(
  dependencies: Reader,
  secretArn: string,
  authorizationType: AuthorizationType,
): Promise<string> {
  const value = await readCurrent(dependencies, secretArn);
  const secret = parse(value.text);
  const found = secret.credentials.authorizationType;
  if (found !== authorizationType) {
    throw invalid(`The secret holds ${found} credentials, and the connection's are ${authorizationType}.`);
  }
  const problem = problemOf(secret, dependencies);
  if (problem !== undefined) throw invalid(`In the secret ${problem}.`);
  return value.version;
}

/** The workers may read what this function may read: their roles have the same parameter. */
async function readCurrent({ secretReader }: Reader, secretArn: string): Promise<SecretValue> {
  const value = await secretReader.read(secretArn, 'AWSCURRENT').catch((error: unknown) => {
    if (!(error instanceof Failure) || error.code !== 'StoreRefused') throw error;
    const mend = "Name it in the stage parameter 'secretArns', and let the functions decrypt with its key.";
    throw invalid(`The functions of this stack are not allowed to read the secret. ${mend}`);
  });
  if (value === undefined) throw invalid('The secret does not exist, or has no current version.');
  return value;
}

function parse(text: string): ConnectionSecret {
  try {
    return parseConnectionSecret(text);
  } catch (error) {
    // Its message names members, never a value.
    if (error instanceof Failure) throw invalid(error.message);
    throw error;
  }
}

/** What would end every delivery. */
function problemOf({ credentials, invocationHttpParameters }: ConnectionSecret, reader: Reader): string | undefined {
  switch (credentials.authorizationType) {
    case 'BASIC':
      break;
    case 'API_KEY':
      if (!isHeaderName(credentials.apiKeyName)) return 'api_key_name is not the name of an HTTP header';
      if (!isForwarded(credentials.apiKeyName)) return 'api_key_name is a header that is never forwarded';
      if (!isHeaderValue(credentials.apiKeyValue)) return 'api_key_value has characters that no HTTP header can have';
      break;
    case 'OAUTH_CLIENT_CREDENTIALS':
      if (!isEndpoint(credentials.authorizationEndpoint, reader)) {
        return 'authorization_endpoint is not an HTTPS URL of an address that may be called';
      }
      if (hasBadHeader(credentials.oauthHttpParameters))
        return 'oauth_http_parameters has a key that no HTTP header can have';
      break;
  }
  return hasBadHeader(invocationHttpParameters)
    ? 'invocation_http_parameters has a key that no HTTP header can have'
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
