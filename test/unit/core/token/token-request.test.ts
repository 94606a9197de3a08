import { describe, expect, test } from 'vitest';
import type { HttpParameter, OAuthCredentials } from '../../../../lib/core/destination/connection-secret.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { tokenRequest } from '../../../../lib/core/token/request.ts';

const credentials: OAuthCredentials = {
  authorizationType: 'OAUTH_CLIENT_CREDENTIALS',
  clientId: 'client',
  clientSecret: 'p&ss wörd+',
  authorizationEndpoint: 'https://id.example.com/token',
  httpMethod: 'POST',
};

function parameters(...pairs: readonly (readonly [string, string])[]): readonly HttpParameter[] {
  return pairs.map(([key, value]) => ({ key, value, isValueSecret: false }));
}

const grant = 'grant_type=client_credentials&client_id=client&client_secret=p%26ss';

describe('the token request', () => {
  test.each(['POST', 'PUT'] as const)(
    'a token request by %s is a form with the client credentials in it',
    (httpMethod) => {
      expect(tokenRequest({ ...credentials, httpMethod })).toEqual({
        method: httpMethod,
        origin: 'https://id.example.com',
        path: '/token',
        headers: { Accept: 'application/json', 'Content-Type': 'application/x-www-form-urlencoded' },
        body: `${grant}+w%C3%B6rd%2B`,
      });
    },
  );

  test('a token request by GET carries its members in the query and has no body', () => {
    expect(tokenRequest({ ...credentials, httpMethod: 'GET' })).toEqual({
      method: 'GET',
      origin: 'https://id.example.com',
      path: `/token?${grant}%20w%C3%B6rd%2B`,
      headers: { Accept: 'application/json' },
    });
  });

  test('a token request carries the user agent, and a header parameter replaces it', () => {
    const oauthHttpParameters = { headerParameters: parameters(['user-AGENT', 'mine'], ['accept', 'text/json']) };
    expect(tokenRequest(credentials, 'lastmile/1').headers).toMatchObject({ 'User-Agent': 'lastmile/1' });
    expect(tokenRequest({ ...credentials, oauthHttpParameters }, 'lastmile/1').headers).toEqual({
      accept: 'text/json',
      'user-AGENT': 'mine',
      'Content-Type': 'application/x-www-form-urlencoded',
    });
  });

  test.each(['application/json', 'Application/JSON; charset=utf-8', 'application/json ;charset=utf-8'])(
    'a token request with the content type %s is JSON',
    (type) => {
      const oauthHttpParameters = {
        headerParameters: parameters(['content-TYPE', type]),
        bodyParameters: parameters(['audience', 'api'], ['__proto__', 'own']),
      };
      const request = tokenRequest({ ...credentials, oauthHttpParameters });
      expect(request.headers).toEqual({ Accept: 'application/json', 'content-TYPE': type });
      expect(request.body).toBe(
        '{"grant_type":"client_credentials","client_id":"client","client_secret":"p&ss wörd+","audience":"api","__proto__":"own"}',
      );
    },
  );

  test.each(['application/jsonp', 'text/plain'])('a token request with the content type %s is a form', (type) => {
    const oauthHttpParameters = { headerParameters: parameters(['Content-Type', type]) };
    const request = tokenRequest({ ...credentials, oauthHttpParameters });
    expect(request.headers['Content-Type']).toBe(type);
    expect(request.body).toMatch(/^grant_type=/);
  });

  test.each(['POST', 'GET'] as const)(
    'a token request by %s leaves out the client credentials when it has an Authorization header',
    (httpMethod) => {
      const oauthHttpParameters = { headerParameters: parameters(['authorization', 'Basic YTpi']) };
      const request = tokenRequest({ ...credentials, httpMethod, oauthHttpParameters });
      expect(request.headers).toMatchObject({ authorization: 'Basic YTpi' });
      expect(`${request.path}|${String(request.body)}`).not.toMatch(/client_id|client_secret/);
      expect(`${request.path}|${String(request.body)}`).toContain('grant_type=client_credentials');
    },
  );

  test('a token request sends a query parameter in the query only, and a body parameter only once', () => {
    const oauthHttpParameters = {
      queryStringParameters: parameters(['grant_type', 'urn:x']),
      bodyParameters: parameters(['client_id', 'other'], ['resource', 'a'], ['resource', 'b']),
    };
    const request = tokenRequest({ ...credentials, oauthHttpParameters });
    expect(request.path).toBe('/token?grant_type=urn%3Ax');
    expect(request.body).toBe('client_secret=p%26ss+w%C3%B6rd%2B&client_id=other&resource=a&resource=b');
  });

  test("a token request keeps the endpoint's query unchanged, except members that a parameter sets", () => {
    const request = tokenRequest({
      ...credentials,
      authorizationEndpoint: 'https://id.example.com:8443/a%2Fb?tenant=%7Ex+y&scope=all&client_id=own#part',
      oauthHttpParameters: { queryStringParameters: parameters(['scope', 'one two']) },
    });
    expect(request.origin).toBe('https://id.example.com:8443');
    expect(request.path).toBe('/a%2Fb?tenant=%7Ex+y&client_id=own&scope=one%20two');
    expect(request.body).not.toContain('client_id');
  });

  test('a token request by GET sends no parameter twice', () => {
    const oauthHttpParameters = {
      queryStringParameters: parameters(['scope', 'query']),
      bodyParameters: parameters(['scope', 'body'], ['grant_type', 'mine']),
    };
    const request = tokenRequest({ ...credentials, clientSecret: 's', httpMethod: 'GET', oauthHttpParameters });
    expect(request.path).toBe('/token?client_id=client&client_secret=s&grant_type=mine&scope=query');
  });

  test.each([
    'Connection',
    'Content-Length',
    'Expect',
    'HOST',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'upgrade',
  ])('no parameter of the connection sets the header %s of a token request', (name) => {
    const oauthHttpParameters = { headerParameters: parameters([name, 'x'], ['X-A', 'b']) };
    expect(Object.keys(tokenRequest({ ...credentials, oauthHttpParameters }).headers)).toEqual([
      'Accept',
      'X-A',
      'Content-Type',
    ]);
  });

  test.each([
    ['https://id.example.com/token?', '/token'],
    ['https://id.example.com/token?&a=1&&b=2&', '/token?a=1&b=2'],
    ['http://id.example.com/token??client_id=own', '/token??client_id=own'],
    ['https://id.example.com/token?=&a', '/token?=&a'],
  ])('a token request for %s is sent to the path %s and carries the client id', (endpoint, path) => {
    const request = tokenRequest({ ...credentials, authorizationEndpoint: endpoint });
    expect(request.path).toBe(path);
    expect(request.body).toContain('client_id=client');
  });

  test.each([
    ['X-Canary', 'canary\r\nX-Evil: 1'],
    ['X-Canary', 'canary\n'],
    ['X-Canary', 'canary\0'],
    ['X-Canary', 'canary€'],
    ['X Canary', 'canary'],
    ['X-Canary\r\n', 'canary'],
    ['', 'canary'],
  ])('a token request with the header %j: %j is refused, and the error gives only its position', (key, value) => {
    const oauthHttpParameters = { headerParameters: parameters(['X-Fine', 'fine'], [key, value]) };
    const failure = failureOf(() => tokenRequest({ ...credentials, oauthHttpParameters }));
    expect(failure.code).toBe('InvalidSecret');
    expect(failure.message).toBe(
      'oauth_http_parameters.header_parameters[1] contains a character that is not allowed in a header.',
    );
  });

  test.each([
    ['no url', 'is not an HTTP URL'],
    ['ftp://id.example.com/', 'is not an HTTP URL'],
    ['https://user:pass@id.example.com/', 'must not contain a user name or a password'],
    ['https://user@id.example.com/', 'must not contain a user name or a password'],
    ['https://:pass@id.example.com/', 'must not contain a user name or a password'],
  ])('a token request for the endpoint %s is refused because it %s', (url, why) => {
    const failure = failureOf(() => tokenRequest({ ...credentials, authorizationEndpoint: url }));
    expect(failure.code).toBe('InvalidSecret');
    expect(failure.message).toBe(`authorization_endpoint ${why}.`);
    expect(String(failure.cause)).not.toContain('pass@');
  });
});

function failureOf(work: () => unknown): Failure {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('It did not fail.');
}
