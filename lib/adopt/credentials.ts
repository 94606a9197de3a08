import type { ConnectionHttpParameters, ConnectionSecret } from '../core/destination/connection-secret.ts';
import type { JsonObject } from '../core/input/json.ts';
import { isJsonObject, ownMember } from '../core/input/json.ts';

/**
 * Stands for the credentials of a connection until its policy names the secret that holds them. It is also how the next run
 * knows a connection whose policy is missing, because a run ended in between.
 */
export const placeholder = 'lastmile-adopt-placeholder';

/**
 * AuthParameters without credentials.
 *
 * Failure policy: the token endpoint of an OAuth connection is a name that never exists, because the real one would count a request
 * with a wrong password.
 */
export function placeholderParameters(authorizationType: string): JsonObject {
  switch (authorizationType) {
    case 'BASIC':
      return { BasicAuthParameters: { Username: placeholder, Password: placeholder } };
    case 'OAUTH_CLIENT_CREDENTIALS':
      return {
        OAuthParameters: {
          ClientParameters: { ClientID: placeholder, ClientSecret: placeholder },
          AuthorizationEndpoint: 'https://placeholder.invalid/token',
          HttpMethod: 'POST',
        },
      };
    default:
      return { ApiKeyAuthParameters: { ApiKeyName: placeholder, ApiKeyValue: placeholder } };
  }
}

/** Whether AuthParameters, as DescribeConnection shows them, are a placeholder. */
export function isPlaceholder(authParameters: JsonObject): boolean {
  const block = (name: string, within = authParameters): JsonObject => {
    const value = ownMember(within, name);
    return isJsonObject(value) ? value : {};
  };
  const shown = [
    block('BasicAuthParameters')['Username'],
    block('ApiKeyAuthParameters')['ApiKeyName'],
    block('ClientParameters', block('OAuthParameters'))['ClientID'],
  ];
  return shown.includes(placeholder);
}

/** The content of a connection's secret as AuthParameters of CreateConnection. */
export function authParametersOf({ credentials, invocationHttpParameters }: ConnectionSecret): JsonObject {
  const invocation = invocationHttpParameters && {
    InvocationHttpParameters: httpParameters(invocationHttpParameters),
  };
  switch (credentials.authorizationType) {
    case 'BASIC': {
      const { username: Username, password: Password } = credentials;
      return { BasicAuthParameters: { Username, Password }, ...invocation };
    }
    case 'API_KEY': {
      const { apiKeyName: ApiKeyName, apiKeyValue: ApiKeyValue } = credentials;
      return { ApiKeyAuthParameters: { ApiKeyName, ApiKeyValue }, ...invocation };
    }
    case 'OAUTH_CLIENT_CREDENTIALS': {
      const { clientId: ClientID, clientSecret: ClientSecret, oauthHttpParameters } = credentials;
      const OAuthParameters = {
        ClientParameters: { ClientID, ClientSecret },
        AuthorizationEndpoint: credentials.authorizationEndpoint,
        HttpMethod: credentials.httpMethod,
        ...(oauthHttpParameters && { OAuthHttpParameters: httpParameters(oauthHttpParameters) }),
      };
      return { OAuthParameters, ...invocation };
    }
  }
}

function httpParameters(parameters: ConnectionHttpParameters): JsonObject {
  const lists = [
    ['HeaderParameters', parameters.headerParameters],
    ['QueryStringParameters', parameters.queryStringParameters],
    ['BodyParameters', parameters.bodyParameters],
  ] as const;
  return Object.fromEntries(
    lists.flatMap(([name, list]) => {
      const entries = list?.map(({ key: Key, value: Value, isValueSecret: IsValueSecret }) => ({
        Key,
        Value,
        IsValueSecret,
      }));
      return entries === undefined ? [] : [[name, entries]];
    }),
  );
}
