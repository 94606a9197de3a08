import type { AuthorizationType, ConnectionDetails } from '../data/eventbridge-operations.ts';
import type { InputOf } from '../data/operations.ts';
import { httpParametersOf, type ParameterDraft } from './http-parameters.ts';

export const authorizationTypes: Readonly<Record<AuthorizationType, string>> = {
  BASIC: 'Basic',
  API_KEY: 'API key',
  OAUTH_CLIENT_CREDENTIALS: 'OAuth client credentials',
};

export const tokenMethods = ['POST', 'GET', 'PUT'] as const;

/** What the form for a connection holds. */
export interface ConnectionDraft {
  readonly name: string;
  readonly description: string;
  readonly authorizationType: AuthorizationType;
  readonly username: string;
  readonly password: string;
  readonly apiKeyName: string;
  readonly apiKeyValue: string;
  readonly authorizationEndpoint: string;
  readonly tokenMethod: (typeof tokenMethods)[number];
  readonly clientId: string;
  readonly clientSecret: string;
  /** Undefined keeps those that the connection has. */
  readonly oauthParameters: readonly ParameterDraft[] | undefined;
  /** Undefined keeps those that the connection has. */
  readonly invocationParameters: readonly ParameterDraft[] | undefined;
}

export const emptyConnection: ConnectionDraft = {
  name: '',
  description: '',
  authorizationType: 'BASIC',
  username: '',
  password: '',
  apiKeyName: '',
  apiKeyValue: '',
  authorizationEndpoint: '',
  tokenMethod: 'POST',
  clientId: '',
  clientSecret: '',
  oauthParameters: [],
  invocationParameters: [],
};

/** The form for a connection that exists. The service never shows its secrets, so their fields begin empty. */
export function draftOfConnection(connection: ConnectionDetails): ConnectionDraft {
  const { AuthParameters: { BasicAuthParameters: basic, ApiKeyAuthParameters: key, OAuthParameters: oauth } = {} } =
    connection;
  return {
    ...emptyConnection,
    name: connection.Name ?? '',
    description: connection.Description ?? '',
    authorizationType: connection.AuthorizationType ?? 'BASIC',
    username: basic?.Username ?? '',
    apiKeyName: key?.ApiKeyName ?? '',
    authorizationEndpoint: oauth?.AuthorizationEndpoint ?? '',
    tokenMethod: oauth?.HttpMethod ?? 'POST',
    clientId: oauth?.ClientParameters?.ClientID ?? '',
    oauthParameters: undefined,
    invocationParameters: undefined,
  };
}

export function createInput(draft: ConnectionDraft): InputOf<'CreateConnection'> {
  const { invocationParameters } = draft;
  const parameters = invocationParameters && httpParametersOf(invocationParameters);
  return {
    Name: draft.name,
    ...(draft.description !== '' && { Description: draft.description }),
    AuthorizationType: draft.authorizationType,
    AuthParameters: { ...credentialsOf(draft), ...(parameters && { InvocationHttpParameters: parameters }) },
  };
}

type AuthParameters = NonNullable<InputOf<'CreateConnection'>['AuthParameters']>;

function credentialsOf(draft: ConnectionDraft): AuthParameters {
  switch (draft.authorizationType) {
    case 'BASIC':
      return { BasicAuthParameters: { Username: draft.username, Password: draft.password } };
    case 'API_KEY':
      return { ApiKeyAuthParameters: { ApiKeyName: draft.apiKeyName, ApiKeyValue: draft.apiKeyValue } };
    case 'OAUTH_CLIENT_CREDENTIALS': {
      const parameters = draft.oauthParameters && httpParametersOf(draft.oauthParameters);
      return {
        OAuthParameters: {
          AuthorizationEndpoint: draft.authorizationEndpoint,
          HttpMethod: draft.tokenMethod,
          ClientParameters: { ClientID: draft.clientId, ClientSecret: draft.clientSecret },
          ...(parameters && { OAuthHttpParameters: parameters }),
        },
      };
    }
  }
}

/**
 * The input that changes a connection. A connection whose credentials do not change keeps its token, so the input has credentials only
 * if the person changed them. An empty secret keeps the old one.
 */
export function updateInput(draft: ConnectionDraft, before: ConnectionDraft): InputOf<'UpdateConnection'> {
  const { invocationParameters } = draft;
  const credentials = changesCredentials(draft, before) ? withoutEmptySecrets(draft) : {};
  const authParameters = {
    ...credentials,
    ...(invocationParameters !== undefined && {
      InvocationHttpParameters: httpParametersOf(invocationParameters) ?? {},
    }),
  };
  return {
    Name: draft.name,
    ...(draft.description !== before.description && { Description: draft.description }),
    ...(draft.authorizationType !== before.authorizationType && { AuthorizationType: draft.authorizationType }),
    ...(Object.keys(authParameters).length > 0 && { AuthParameters: authParameters }),
  };
}

const credentialMembers = [
  'authorizationType',
  'username',
  'password',
  'apiKeyName',
  'apiKeyValue',
  'authorizationEndpoint',
  'tokenMethod',
  'clientId',
  'clientSecret',
  'oauthParameters',
] as const satisfies readonly (keyof ConnectionDraft)[];

function changesCredentials(draft: ConnectionDraft, before: ConnectionDraft): boolean {
  return credentialMembers.some((member) => draft[member] !== before[member]);
}

function withoutEmptySecrets(draft: ConnectionDraft): NonNullable<InputOf<'UpdateConnection'>['AuthParameters']> {
  const { BasicAuthParameters: basic, ApiKeyAuthParameters: key, OAuthParameters: oauth } = credentialsOf(draft);
  const { Password, ...restOfBasic } = basic ?? {};
  const { ApiKeyValue, ...restOfKey } = key ?? {};
  const { ClientSecret, ...restOfClient } = oauth?.ClientParameters ?? {};
  const { oauthParameters } = draft;
  return {
    ...(basic && { BasicAuthParameters: { ...restOfBasic, ...(Password && { Password }) } }),
    ...(key && { ApiKeyAuthParameters: { ...restOfKey, ...(ApiKeyValue && { ApiKeyValue }) } }),
    ...(oauth && {
      OAuthParameters: {
        ...oauth,
        ClientParameters: { ...restOfClient, ...(ClientSecret && { ClientSecret }) },
        ...(oauthParameters && { OAuthHttpParameters: httpParametersOf(oauthParameters) ?? {} }),
      },
    }),
  };
}
