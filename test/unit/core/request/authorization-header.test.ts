import { describe, expect, test } from 'vitest';
import type { Credentials } from '../../../../lib/core/request/authorization-header.ts';
import { authorizationHeaderName, authorizationHeaders } from '../../../../lib/core/request/authorization-header.ts';
import { failureOf } from '../failure/failing.ts';

const oauth: Credentials = {
  authorizationType: 'OAUTH_CLIENT_CREDENTIALS',
  clientId: 'id',
  clientSecret: 'canary',
  authorizationEndpoint: 'https://example.com/token',
  httpMethod: 'POST',
};

function apiKey(apiKeyName: string, apiKeyValue: string): Credentials {
  return { authorizationType: 'API_KEY', apiKeyName, apiKeyValue };
}

describe('BASIC', () => {
  test('BASIC credentials are sent as user name and password in base64 of UTF-8', () => {
    const headers = authorizationHeaders({ authorizationType: 'BASIC', username: 'Aladdin', password: 'open sesame' });
    expect(headers).toEqual({ Authorization: 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==' });
    // The example of RFC 7617 section 2.1.
    const unicode = authorizationHeaders({ authorizationType: 'BASIC', username: 'test', password: '123£' });
    expect(unicode).toEqual({ Authorization: 'Basic dGVzdDoxMjPCow==' });
  });

  test('the BASIC header of the same credentials is computed once and cannot be changed', () => {
    const credentials: Credentials = { authorizationType: 'BASIC', username: 'u', password: 'p' };
    expect(authorizationHeaders(credentials)).toBe(authorizationHeaders(credentials));
    expect(Object.isFrozen(authorizationHeaders(credentials))).toBe(true);
  });
});

describe('API_KEY', () => {
  test('an API key is sent in its own header, under any valid name', () => {
    expect(authorizationHeaders(apiKey('X-Api-Key', 'k'))).toEqual({ 'X-Api-Key': 'k' });
    expect(Object.entries(authorizationHeaders(apiKey('__proto__', 'k')))).toEqual([['__proto__', 'k']]);
  });

  test('an API key that a header cannot carry is refused, and the error names the header but not the key', () => {
    expect(failureOf(() => authorizationHeaders(apiKey('X-Api-Key', 'canary\r\n')))).toBe(
      'InvalidInvocation: The header X-Api-Key has a value with characters that are not allowed.',
    );
    expect(failureOf(() => authorizationHeaders(apiKey('can ary', 'canary')))).toBe(
      'InvalidInvocation: A header has a name with characters that are not allowed.',
    );
  });

  test.each(['Host', 'content-length', 'Transfer-Encoding'])('an API key cannot be sent in the header %s', (name) => {
    expect(failureOf(() => authorizationHeaders(apiKey(name, 'canary')))).toBe(
      `InvalidInvocation: The header ${name} cannot carry an API key: choose another ApiKeyName.`,
    );
  });
});

describe('OAUTH_CLIENT_CREDENTIALS', () => {
  test('an OAuth token is sent as a Bearer token', () => {
    expect(authorizationHeaders(oauth, { accessToken: 't0k.en~' })).toEqual({ Authorization: 'Bearer t0k.en~' });
  });

  test.each(['canary\r\nX-Evil: 1', ''])('the token %j is refused, and the error does not show it', (accessToken) => {
    expect(failureOf(() => authorizationHeaders(oauth, { accessToken }))).toBe(
      'TokenInvalid: The access token has characters that the header Authorization cannot carry.',
    );
  });

  test('an OAuth request without a token is a retryable failure', () => {
    expect(failureOf(() => authorizationHeaders(oauth))).toBe('TokenUnavailable: There is no access token yet.');
  });
});

test('an OAuth connection has the header name Authorization even before it has a token', () => {
  expect(authorizationHeaderName(oauth)).toBe('Authorization');
  expect(authorizationHeaderName(apiKey('X-Api-Key', 'k'))).toBe('X-Api-Key');
});
