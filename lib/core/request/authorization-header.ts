import { Buffer } from 'node:buffer';
import type { ApiKeyCredentials, BasicCredentials, ConnectionSecret } from '../destination/connection-secret.ts';
import { Failure } from '../failure/failure.ts';
import { isForwarded, isHeaderValue, requireHeader } from './header-rules.ts';

export type Credentials = ConnectionSecret['credentials'];

/** An OAuth access token for the Authorization header. */
export interface BearerToken {
  readonly accessToken: string;
}

/** The name of the header that carries the credentials. This header replaces any parameter of the same name. */
export function authorizationHeaderName(credentials: Credentials): string {
  return credentials.authorizationType === 'API_KEY' ? credentials.apiKeyName : 'Authorization';
}

/** The headers of BASIC and API_KEY credentials. All requests with the same credentials share them. */
const fixedHeaders = new WeakMap<Credentials, Readonly<Record<string, string>>>();

/**
 * The header that authorizes a request. `renderInvocation` sets no header of that name.
 *
 * @param token needed with OAuth, ignored otherwise
 * @throws Failure InvalidInvocation for an API key that no header can carry, TokenInvalid for a token that no header can
 * carry, TokenUnavailable when there is no token. None of them shows a value
 */
export function authorizationHeaders(credentials: Credentials, token?: BearerToken): Readonly<Record<string, string>> {
  if (credentials.authorizationType === 'OAUTH_CLIENT_CREDENTIALS') {
    if (token === undefined) throw new Failure('TokenUnavailable', 'There is no access token yet.');
    return { Authorization: bearer(token) };
  }
  const known = fixedHeaders.get(credentials);
  if (known !== undefined) return known;
  const headers = Object.freeze(credentials.authorizationType === 'BASIC' ? basic(credentials) : apiKey(credentials));
  fixedHeaders.set(credentials, headers);
  return headers;
}

/** Source: RFC 7617. UTF-8 is the only charset that a server can announce. */
function basic(credentials: BasicCredentials): Readonly<Record<string, string>> {
  const pair = `${credentials.username}:${credentials.password}`;
  return { Authorization: `Basic ${Buffer.from(pair, 'utf8').toString('base64')}` };
}

/**
 * Failure policy: an API key with the name of a header that frames or routes the request (Host, Content-Length,
 * Transfer-Encoding) is refused instead of dropped, because a request without its key would get a 401 that does not show the
 * cause.
 */
function apiKey(credentials: ApiKeyCredentials): Readonly<Record<string, string>> {
  const { apiKeyName, apiKeyValue } = credentials;
  requireHeader(apiKeyName, apiKeyValue);
  if (!isForwarded(apiKeyName)) {
    throw new Failure(
      'InvalidInvocation',
      `The header ${apiKeyName} cannot carry an API key: choose another ApiKeyName.`,
    );
  }
  return Object.fromEntries([[apiKeyName, apiKeyValue]]);
}

/** The scheme is case-insensitive (RFC 9110 section 11.1), but some servers accept only the spelling `Bearer`. */
function bearer(token: BearerToken): string {
  if (token.accessToken === '' || !isHeaderValue(token.accessToken)) {
    throw new Failure('TokenInvalid', 'The access token has characters that the header Authorization cannot carry.');
  }
  return `Bearer ${token.accessToken}`;
}
