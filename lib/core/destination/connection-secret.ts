import { Failure } from '../failure/failure.ts';
import type { JsonObject } from '../input/json.ts';
import { isJsonObject, parseJson } from '../input/json.ts';
import { MemberReader } from '../input/member-reader.ts';

export interface HttpParameter {
  readonly key: string;
  readonly value: string;
  readonly isValueSecret: boolean;
}

/** Parameters that a connection adds to every request. */
export interface ConnectionHttpParameters {
  readonly headerParameters?: readonly HttpParameter[];
  readonly queryStringParameters?: readonly HttpParameter[];
  readonly bodyParameters?: readonly HttpParameter[];
}

export type OAuthHttpMethod = 'GET' | 'POST' | 'PUT';

export interface BasicCredentials {
  readonly authorizationType: 'BASIC';
  readonly username: string;
  readonly password: string;
}

export interface ApiKeyCredentials {
  readonly authorizationType: 'API_KEY';
  readonly apiKeyName: string;
  readonly apiKeyValue: string;
}

export interface OAuthCredentials {
  readonly authorizationType: 'OAUTH_CLIENT_CREDENTIALS';
  readonly clientId: string;
  readonly clientSecret: string;
  readonly authorizationEndpoint: string;
  readonly httpMethod: OAuthHttpMethod;
  readonly oauthHttpParameters?: ConnectionHttpParameters;
}

/** The content of a connection's secret. A parameter list that was not sent is absent, so that it differs from an empty one. */
export interface ConnectionSecret {
  readonly credentials: BasicCredentials | ApiKeyCredentials | OAuthCredentials;
  readonly invocationHttpParameters?: ConnectionHttpParameters;
}

const code = 'InvalidSecret';

/**
 * Reads a SecretString in the form that EventBridge stores. Unknown members are ignored.
 *
 * @throws Failure InvalidSecret that names the field, never its value
 */
export function parseConnectionSecret(text: string): ConnectionSecret {
  const secret = new MemberReader(parseObject(text), '', code);
  const credentials = parseCredentials(secret);
  const parameters = parseHttpParameters(secret.optionalObject('invocation_http_parameters'));
  return parameters === undefined ? { credentials } : { credentials, invocationHttpParameters: parameters };
}

/** Writes the SecretString of a connection, with its members in EventBridge's order. */
export function formatConnectionSecret(secret: ConnectionSecret): string {
  return JSON.stringify({
    ...formatCredentials(secret.credentials),
    invocation_http_parameters: formatHttpParameters(secret.invocationHttpParameters),
  });
}

function parseObject(text: string): JsonObject {
  const value = parseJson(text);
  if (value === undefined) throw new Failure(code, 'The secret is not JSON.');
  if (!isJsonObject(value)) throw new Failure(code, 'The secret is not a JSON object.');
  return value;
}

function parseCredentials(secret: MemberReader): ConnectionSecret['credentials'] {
  if (secret.has('username')) {
    return { authorizationType: 'BASIC', username: secret.text('username'), password: secret.text('password') };
  }
  if (secret.has('api_key_name')) {
    const [apiKeyName, apiKeyValue] = [secret.text('api_key_name'), secret.text('api_key_value')];
    return { authorizationType: 'API_KEY', apiKeyName, apiKeyValue };
  }
  if (!secret.has('client_id')) throw new Failure(code, 'The secret has no username, api_key_name or client_id.');
  const parameters = parseHttpParameters(secret.optionalObject('oauth_http_parameters'));
  return {
    authorizationType: 'OAUTH_CLIENT_CREDENTIALS',
    clientId: secret.text('client_id'),
    clientSecret: secret.text('client_secret'),
    authorizationEndpoint: secret.text('authorization_endpoint'),
    httpMethod: parseHttpMethod(secret),
    ...(parameters === undefined ? undefined : { oauthHttpParameters: parameters }),
  };
}

function parseHttpMethod(secret: MemberReader): OAuthHttpMethod {
  // EventBridge accepts lower case too. Source: recorded answers.
  const method = secret.text('http_method').toUpperCase();
  if (method === 'GET' || method === 'POST' || method === 'PUT') return method;
  return secret.refuse('http_method', 'is not GET, POST or PUT');
}

function parseHttpParameters(parameters: MemberReader | undefined): ConnectionHttpParameters | undefined {
  if (parameters === undefined) return undefined;
  const headerParameters = parseParameters(parameters, 'header_parameters');
  const queryStringParameters = parseParameters(parameters, 'query_string_parameters');
  const bodyParameters = parseParameters(parameters, 'body_parameters');
  return {
    ...(headerParameters === undefined ? undefined : { headerParameters }),
    ...(queryStringParameters === undefined ? undefined : { queryStringParameters }),
    ...(bodyParameters === undefined ? undefined : { bodyParameters }),
  };
}

function parseParameters(parameters: MemberReader, name: string): readonly HttpParameter[] | undefined {
  return parameters.optionalObjectList(name)?.map((parameter) => ({
    key: parameter.text('key'),
    value: parameter.text('value'),
    isValueSecret: parameter.optionalBoolean('is_value_secret') ?? true,
  }));
}

function formatCredentials(credentials: ConnectionSecret['credentials']): object {
  switch (credentials.authorizationType) {
    case 'BASIC':
      return { username: credentials.username, password: credentials.password };
    case 'API_KEY':
      return { api_key_name: credentials.apiKeyName, api_key_value: credentials.apiKeyValue };
    case 'OAUTH_CLIENT_CREDENTIALS':
      return {
        client_id: credentials.clientId,
        client_secret: credentials.clientSecret,
        authorization_endpoint: credentials.authorizationEndpoint,
        http_method: credentials.httpMethod,
        oauth_http_parameters: formatHttpParameters(credentials.oauthHttpParameters),
      };
  }
}

/** Absent members are left out by JSON.stringify. */
function formatHttpParameters(parameters: ConnectionHttpParameters | undefined): object | undefined {
  return (
    parameters && {
      header_parameters: parameters.headerParameters?.map(formatParameter),
      query_string_parameters: parameters.queryStringParameters?.map(formatParameter),
      body_parameters: parameters.bodyParameters?.map(formatParameter),
    }
  );
}

function formatParameter(parameter: HttpParameter): object {
  return { key: parameter.key, value: parameter.value, is_value_secret: parameter.isValueSecret };
}
