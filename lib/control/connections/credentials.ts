import type { AddressAllowlist } from '../../core/address/address.ts';
import { hostOf } from '../../core/destination/allowed-hosts.ts';
import type { AuthorizationType } from '../../core/destination/connection.ts';
import type {
  ApiKeyCredentials,
  BasicCredentials,
  ConnectionSecret,
  OAuthCredentials,
  OAuthHttpMethod,
} from '../../core/destination/connection-secret.ts';
import { isForwarded, isHeaderName, isHeaderValue } from '../../core/request/header-rules.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { requireInvocableEndpoint } from '../destinations/api-destination-checks.ts';
import { missing, parseHttpParameters } from './http-parameters.ts';
import { objectOf, textOf } from '../input.ts';
import type { Verb } from '../refusals.ts';
import { invalidParameter } from '../refusals.ts';

export type Credentials = ConnectionSecret['credentials'];

export interface CredentialsContext {
  readonly verb: Verb;
  /** Private addresses that a token endpoint may have. */
  readonly allowlist: AddressAllowlist;
  /** The credentials in use, which supply the members that the request leaves out. */
  readonly current?: Credentials;
}

/** The member of AuthParameters that belongs to each authorization type. */
export const credentialBlocks: Readonly<Record<AuthorizationType, string>> = {
  BASIC: 'BasicAuthParameters',
  API_KEY: 'ApiKeyAuthParameters',
  OAUTH_CLIENT_CREDENTIALS: 'OAuthParameters',
};

/**
 * @param block the member of AuthParameters that belongs to the authorization type; empty when the input has none
 * @throws ServiceError ValidationException that names the field, never its value
 */
export function parseCredentials(
  authorizationType: AuthorizationType,
  block: JsonObject,
  context: CredentialsContext,
): Credentials {
  switch (authorizationType) {
    case 'BASIC':
      return parseBasic(block, context);
    case 'API_KEY':
      return parseApiKey(block, context);
    case 'OAUTH_CLIENT_CREDENTIALS':
      return parseOAuth(block, context);
  }
}

function parseBasic(block: JsonObject, { verb, current }: CredentialsContext): BasicCredentials {
  const known = current?.authorizationType === 'BASIC' ? current : undefined;
  const path = 'AuthParameters.BasicAuthParameters';
  return {
    authorizationType: 'BASIC',
    username: textOf(block, 'Username') ?? known?.username ?? refuseMissing(`${path}.Username`, verb),
    password: textOf(block, 'Password') ?? known?.password ?? refuseMissing(`${path}.Password`, verb),
  };
}

/** The key becomes a header. A name or value that cannot be sent is refused now, so that it does not fail every delivery. */
function parseApiKey(block: JsonObject, { verb, current }: CredentialsContext): ApiKeyCredentials {
  const known = current?.authorizationType === 'API_KEY' ? current : undefined;
  const path = 'AuthParameters.ApiKeyAuthParameters';
  const apiKeyName = textOf(block, 'ApiKeyName') ?? known?.apiKeyName ?? refuseMissing(`${path}.ApiKeyName`, verb);
  const apiKeyValue = textOf(block, 'ApiKeyValue') ?? known?.apiKeyValue ?? refuseMissing(`${path}.ApiKeyValue`, verb);
  if (!isHeaderName(apiKeyName)) {
    throw invalidParameter(verb, 'connection', `${path}.ApiKeyName`, 'It is not a valid HTTP header name.');
  }
  if (!isForwarded(apiKeyName)) {
    const reason = 'A header with this name is never sent to an endpoint. Use another name.';
    throw invalidParameter(verb, 'connection', `${path}.ApiKeyName`, reason);
  }
  if (!isHeaderValue(apiKeyValue)) {
    throw invalidParameter(
      verb,
      'connection',
      `${path}.ApiKeyValue`,
      'It contains characters that an HTTP header value cannot contain.',
    );
  }
  return { authorizationType: 'API_KEY', apiKeyName, apiKeyValue };
}

/**
 * Failure policy: if the token endpoint moves to another host, the request must contain all secrets. Otherwise a client that
 * may change a connection, but must not read its credentials, could have them sent to a server of its own.
 */
function parseOAuth(block: JsonObject, { verb, current, allowlist }: CredentialsContext): OAuthCredentials {
  const known = current?.authorizationType === 'OAUTH_CLIENT_CREDENTIALS' ? current : undefined;
  const path = 'AuthParameters.OAuthParameters';
  const client = objectOf(block, 'ClientParameters') ?? {};
  const parameters = objectOf(block, 'OAuthHttpParameters');
  const clientSecret = textOf(client, 'ClientSecret');
  const authorizationEndpoint =
    textOf(block, 'AuthorizationEndpoint') ??
    known?.authorizationEndpoint ??
    refuseMissing(`${path}.AuthorizationEndpoint`, verb);
  requireInvocableEndpoint(verb, 'connection', 'AuthorizationEndpoint', authorizationEndpoint, allowlist);
  if (known !== undefined && hostOf(known.authorizationEndpoint) !== hostOf(authorizationEndpoint)) {
    if (clientSecret === undefined) refuseKept(`${path}.ClientParameters.ClientSecret`, verb);
    if (parameters === undefined && known.oauthHttpParameters !== undefined)
      refuseKept(`${path}.OAuthHttpParameters`, verb);
  }
  const oauthHttpParameters =
    parameters === undefined
      ? known?.oauthHttpParameters
      : parseHttpParameters(parameters, `${path}.OAuthHttpParameters`, verb);
  return {
    authorizationType: 'OAUTH_CLIENT_CREDENTIALS',
    clientId: textOf(client, 'ClientID') ?? known?.clientId ?? refuseMissing(`${path}.ClientParameters.ClientID`, verb),
    clientSecret: clientSecret ?? known?.clientSecret ?? refuseMissing(`${path}.ClientParameters.ClientSecret`, verb),
    authorizationEndpoint,
    httpMethod: parseHttpMethod(block) ?? known?.httpMethod ?? refuseMissing(`${path}.HttpMethod`, verb),
    ...(oauthHttpParameters === undefined ? {} : { oauthHttpParameters }),
  };
}

function refuseKept(path: string, verb: Verb): never {
  throw invalidParameter(
    verb,
    'connection',
    path,
    'It is required when AuthorizationEndpoint changes to another host.',
  );
}

/** Recorded answers show that EventBridge accepts lower case. The service model has already checked the method. */
function parseHttpMethod(block: JsonObject): OAuthHttpMethod | undefined {
  return textOf(block, 'HttpMethod')?.toUpperCase() as OAuthHttpMethod | undefined;
}

function refuseMissing(path: string, verb: Verb): never {
  throw missing(path, verb);
}
