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

/** What a connection's secret holds. A parameter list that was not sent is absent, so that it can be told from an empty one. */
export interface ConnectionSecret {
  readonly credentials: BasicCredentials | ApiKeyCredentials | OAuthCredentials;
  readonly invocationHttpParameters?: ConnectionHttpParameters;
}
