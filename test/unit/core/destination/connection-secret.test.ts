import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ConnectionSecret } from '../../../../lib/core/destination/connection-secret.ts';
import { formatConnectionSecret, parseConnectionSecret } from '../../../../lib/core/destination/connection-secret.ts';
import { failureOf } from '../failure/failing.ts';

const recorded = {
  basic: '{"username":"user","password":"pass"}',
  apiKey: '{"api_key_name":"ApiKey","api_key_value":"secret"}',
  oauth:
    '{"client_id":"client_id","client_secret":"client_secret","authorization_endpoint":"https://example.com/oauth","http_method":"POST"}',
};

describe('the recorded secrets', () => {
  test('the secrets that AWS itself wrote are parsed', () => {
    expect(parseConnectionSecret(recorded.basic)).toEqual({
      credentials: { authorizationType: 'BASIC', username: 'user', password: 'pass' },
    });
    expect(parseConnectionSecret(recorded.apiKey)).toEqual({
      credentials: { authorizationType: 'API_KEY', apiKeyName: 'ApiKey', apiKeyValue: 'secret' },
    });
    expect(parseConnectionSecret(recorded.oauth)).toEqual({
      credentials: {
        authorizationType: 'OAUTH_CLIENT_CREDENTIALS',
        clientId: 'client_id',
        clientSecret: 'client_secret',
        authorizationEndpoint: 'https://example.com/oauth',
        httpMethod: 'POST',
      },
    });
  });

  const parameter = '{"key":"k","value":"v","is_value_secret":false}';
  test.each([
    recorded.basic,
    recorded.apiKey,
    recorded.oauth,
    '{"username":"user","password":"pass","invocation_http_parameters":{}}',
    `{"username":"u","password":"p","invocation_http_parameters":{"header_parameters":[${parameter}],"query_string_parameters":[],"body_parameters":[${parameter}]}}`,
    `{"client_id":"i","client_secret":"s","authorization_endpoint":"https://a/","http_method":"PUT","oauth_http_parameters":{"body_parameters":[${parameter}]},"invocation_http_parameters":{"query_string_parameters":[${parameter}]}}`,
  ])('parsing and formatting the recorded secret %s does not change it', (text) => {
    expect(formatConnectionSecret(parseConnectionSecret(text))).toBe(text);
  });
});

test('unknown members of a secret are ignored, null counts as absent, and a parameter is secret unless it says otherwise', () => {
  const text =
    '{"username":"u","password":"p","more":1,"invocation_http_parameters":{"header_parameters":[{"key":"k","value":"v"}],"body_parameters":null}}';
  expect(parseConnectionSecret(text)).toEqual({
    credentials: { authorizationType: 'BASIC', username: 'u', password: 'p' },
    invocationHttpParameters: { headerParameters: [{ key: 'k', value: 'v', isValueSecret: true }] },
  });
});

test('an OAuth method in lower case is accepted in a secret', () => {
  const secret = parseConnectionSecret(recorded.oauth.replace('POST', 'get'));
  expect(secret.credentials).toMatchObject({ httpMethod: 'GET' });
});

describe('a malformed secret', () => {
  test.each([
    ['canary', 'The secret is not JSON.'],
    ['"canary"', 'The secret is not a JSON object.'],
    ['["canary"]', 'The secret is not a JSON object.'],
    ['{}', 'The secret has no username, api_key_name or client_id.'],
    ['{"__proto__":{"username":"canary"}}', 'The secret has no username, api_key_name or client_id.'],
    ['{"username":"canary"}', 'password is missing.'],
    ['{"username":"canary","password":{"canary":1}}', 'password is not a string.'],
    ['{"api_key_name":"canary"}', 'api_key_value is missing.'],
    ['{"client_id":"canary"}', 'client_secret is missing.'],
    [recorded.oauth.replace('POST', 'CANARY'), 'http_method is not GET, POST or PUT.'],
    ['{"username":"u","password":"p","invocation_http_parameters":[]}', 'invocation_http_parameters is not an object.'],
    [
      '{"username":"u","password":"p","invocation_http_parameters":{"header_parameters":{}}}',
      'invocation_http_parameters.header_parameters is not a list.',
    ],
    [
      '{"username":"u","password":"p","invocation_http_parameters":{"header_parameters":[{"key":"k","value":["canary"]}]}}',
      'invocation_http_parameters.header_parameters[0].value is not a string.',
    ],
    [
      '{"username":"u","password":"p","invocation_http_parameters":{"body_parameters":["canary"]}}',
      'invocation_http_parameters.body_parameters[0] is not an object.',
    ],
    [
      '{"username":"u","password":"p","invocation_http_parameters":{"body_parameters":[{"key":"k","value":"v","is_value_secret":"canary"}]}}',
      'invocation_http_parameters.body_parameters[0].is_value_secret is not true or false.',
    ],
  ])('the malformed secret %s is refused with the path of its bad field but not its value', (text, message) => {
    expect(failureOf(() => parseConnectionSecret(text))).toBe(`InvalidSecret: ${message}`);
  });
});

test('parsing a formatted secret yields the same secret, whatever texts it contains', () => {
  const list = fc.array(fc.record({ key: fc.string(), value: fc.string(), isValueSecret: fc.boolean() }), {
    maxLength: 3,
  });
  const parameters = fc.record(
    { headerParameters: list, queryStringParameters: list, bodyParameters: list },
    { requiredKeys: [] },
  );
  const credentials = fc.oneof(
    fc.record({ authorizationType: fc.constant('BASIC' as const), username: fc.string(), password: fc.string() }),
    fc.record({
      authorizationType: fc.constant('API_KEY' as const),
      apiKeyName: fc.string(),
      apiKeyValue: fc.string(),
    }),
  );
  fc.assert(
    fc.property(credentials, fc.option(parameters, { nil: undefined }), (each, invocation) => {
      const secret = (
        invocation === undefined ? { credentials: each } : { credentials: each, invocationHttpParameters: invocation }
      ) as ConnectionSecret;
      expect(parseConnectionSecret(formatConnectionSecret(secret))).toEqual(secret);
    }),
  );
});
