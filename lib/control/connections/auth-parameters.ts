import type { AuthorizationType } from '../../core/destination/connection.ts';
import type { ConnectionSecret } from '../../core/destination/connection-secret.ts';
import { formatConnectionSecret } from '../../core/destination/connection-secret.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { withoutUndefined } from '../../core/input/json.ts';
import type { Credentials, CredentialsContext } from './credentials.ts';
import { credentialBlocks, parseCredentials } from './credentials.ts';
import { parseHttpParameters, visibleHttpParameters } from './http-parameters.ts';
import { objectOf } from '../input.ts';
import { invalidParameter, missingBlock } from '../refusals.ts';

/** The largest value of one version of a secret. Source: Secrets Manager quotas. */
const maxSecretBytes = 65_536;

/**
 * Turns the AuthParameters of a request into the value of the connection's secret.
 *
 * @throws ServiceError ValidationException that names the field, never its value
 */
export function parseAuthParameters(
  authorizationType: AuthorizationType,
  authParameters: JsonObject,
  context: CredentialsContext,
): ConnectionSecret {
  const name = credentialBlocks[authorizationType];
  const block = objectOf(authParameters, name);
  if (block === undefined && context.current?.authorizationType !== authorizationType) {
    throw missingBlock(context.verb, name);
  }
  refuseForeignBlocks(authorizationType, authParameters, context);
  const credentials = parseCredentials(authorizationType, block ?? {}, context);
  const parameters = objectOf(authParameters, 'InvocationHttpParameters');
  if (parameters === undefined) return { credentials };
  const path = 'AuthParameters.InvocationHttpParameters';
  return { credentials, invocationHttpParameters: parseHttpParameters(parameters, path, context.verb) };
}

/** Credentials of another authorization type are refused, because dropping them silently would mislead the client. */
function refuseForeignBlocks(
  authorizationType: AuthorizationType,
  authParameters: JsonObject,
  { verb }: CredentialsContext,
): void {
  for (const [type, name] of Object.entries(credentialBlocks)) {
    if (type === authorizationType || objectOf(authParameters, name) === undefined) continue;
    const reason = `It does not belong to the authorization type ${authorizationType}. Leave it out.`;
    throw invalidParameter(verb, 'connection', `AuthParameters.${name}`, reason);
  }
}

/** @throws ServiceError ValidationException when the text is larger than a secret can be */
export function secretTextOf(secret: ConnectionSecret, { verb }: Pick<CredentialsContext, 'verb'>): string {
  const text = formatConnectionSecret(secret);
  const bytes = new TextEncoder().encode(text).length;
  if (bytes <= maxSecretBytes) return text;
  const reason = `It takes ${bytes} bytes, and a secret can hold at most ${maxSecretBytes}. Send fewer or shorter values.`;
  throw invalidParameter(verb, 'connection', 'AuthParameters', reason);
}

/** AuthParameters as DescribeConnection shows them, without anything secret. */
export function visibleAuthParameters({ credentials, invocationHttpParameters }: ConnectionSecret): JsonObject {
  return {
    [credentialBlocks[credentials.authorizationType]]: visibleCredentials(credentials),
    ...(invocationHttpParameters && { InvocationHttpParameters: visibleHttpParameters(invocationHttpParameters) }),
  };
}

function visibleCredentials(credentials: Credentials): JsonObject {
  switch (credentials.authorizationType) {
    case 'BASIC':
      return { Username: credentials.username };
    case 'API_KEY':
      return { ApiKeyName: credentials.apiKeyName };
    case 'OAUTH_CLIENT_CREDENTIALS':
      return withoutUndefined({
        ClientParameters: { ClientID: credentials.clientId },
        AuthorizationEndpoint: credentials.authorizationEndpoint,
        HttpMethod: credentials.httpMethod,
        OAuthHttpParameters: credentials.oauthHttpParameters && visibleHttpParameters(credentials.oauthHttpParameters),
      });
  }
}
