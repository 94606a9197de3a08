import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAllowlist, refusedAddress, refusedHost } from '../../../lib/core/address/address.ts';
import { authorizationHeaders } from '../../../lib/core/request/authorization-header.ts';
import { parseCaCertificates, parseClientCertificate } from '../../../lib/core/destination/certificate-bundle.ts';
import { formatConnectionSecret, parseConnectionSecret } from '../../../lib/core/destination/connection-secret.ts';
import { isHeaderName, isHeaderValue } from '../../../lib/core/request/header-rules.ts';
import { parseAllowedHost, parseHost } from '../../../lib/core/address/host-name.ts';
import { compileInvocationEndpoint, fillWildcards, mergeQuery } from '../../../lib/core/request/invocation-endpoint.ts';
import { parseRetryAfterMs } from '../../../lib/core/delivery/retry-after.ts';
import { ServiceError } from '../../../lib/core/failure/service-error.ts';
import { parseSigningSecret } from '../../../lib/core/request/signing.ts';
import { parseTokenAnswer } from '../../../lib/core/token/answer.ts';
import { tokenRequest } from '../../../lib/core/token/request.ts';
import { compileEventPattern } from '../../../lib/local/bus/pattern/event-pattern.ts';
import { eventsModel, lastmileModel } from '../../../lib/protocol/model/service-models.ts';
import { readEventsInput } from '../../../lib/protocol/model/events-input.ts';
import { readLastmileInput } from '../../../lib/protocol/routes.ts';
import { nowMs } from '../core/message/deliveries.ts';
import { anyJson, assertEveryChange, nearly, nearlyJsonText, nearlyText, parsed } from './hostile-inputs.ts';

const parameter = { key: 'x-a', value: 'c4n4ry', is_value_secret: true };
const parameters = {
  header_parameters: [parameter],
  query_string_parameters: [parameter],
  body_parameters: [parameter],
};
const secrets = [
  { username: 'c4n4ry', password: 'c4n4ry', invocation_http_parameters: parameters },
  { api_key_name: 'x-api-key', api_key_value: 'c4n4ry' },
  {
    client_id: 'c4n4ry',
    client_secret: 'c4n4ry',
    authorization_endpoint: 'https://example.com/token?a=b&c4n4ry=d',
    http_method: 'POST',
    oauth_http_parameters: parameters,
  },
];

function useSecret(text: string): void {
  const secret = parsed(() => parseConnectionSecret(text));
  if (secret === undefined) return;
  expect(parseConnectionSecret(formatConnectionSecret(secret))).toEqual(secret);
  const { credentials } = secret;
  const isOAuth = credentials.authorizationType === 'OAUTH_CLIENT_CREDENTIALS';
  const request = isOAuth ? parsed(() => tokenRequest(credentials, 'lastmile/test')) : undefined;
  expectHeaders(request?.headers ?? {});
  expectHeaders(parsed(() => authorizationHeaders(credentials)) ?? {});
  if (request !== undefined) expect(request.path).toMatch(/^\/[^\s#]*$/);
}

function expectHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) expect(isHeaderName(name) && isHeaderValue(value)).toBe(true);
}

test('any connection secret leads to a valid HTTP request, or is refused with a Failure', () => {
  for (const secret of secrets) assertEveryChange(secret, (changed) => useSecret(JSON.stringify(changed)));
  fc.assert(fc.property(nearlyJsonText(secrets), useSecret), { numRuns: 1000 });
});

const token = { access_token: 'c4n4ry', token_type: 'bearer', expires_in: 3600, scope: 'c4n4ry' };

function useToken(body: string, status = 200, retryAfter = '5'): void {
  const answer = { status, headers: { 'retry-after': retryAfter }, body };
  const obtained = parsed(() => parseTokenAnswer(answer, nowMs));
  if (obtained === undefined) return;
  const credentials = parseConnectionSecret(JSON.stringify(secrets[2])).credentials;
  expectHeaders(authorizationHeaders(credentials, obtained));
  expect(Number.isSafeInteger(obtained.expiresInSeconds ?? 0)).toBe(true);
}

test('any answer of a token endpoint yields a token that a header can carry, or is refused with a Failure', () => {
  assertEveryChange(token, (changed) => useToken(JSON.stringify(changed)));
  const statuses = fc.constantFrom(200, 201, 302, 400, 401, 429, 503);
  fc.assert(fc.property(nearlyJsonText([token]), statuses, nearlyText(['5']), useToken), { numRuns: 1000 });
});

test('any Retry-After is parsed to a safe integer or undefined', () => {
  const examples = [
    '120',
    '-1',
    'Thu, 01 Jan 2026 00:02:00 GMT',
    'Thursday, 01-Jan-26 00:02:00 GMT',
    'Thu Jan  1 00:02:00 2026',
  ];
  fc.assert(
    fc.property(nearlyText(examples), (value) => {
      expect(Number.isSafeInteger(parseRetryAfterMs(value, nowMs) ?? 0)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('no parameter changes the host or the path segments of any invocation endpoint', () => {
  const urls = nearlyText(['https://example.com/a/*/b?c=*&d=e', 'https://[2001:db8::1]:8443/*', 'http://example.com']);
  const values = fc.array(nearlyText(['a/b', '..', '%2e%2e', '?x=y#z']), { maxLength: 3 });
  fc.assert(
    fc.property(urls, values, (url, filling) => {
      const endpoint = parsed(() => compileInvocationEndpoint(url));
      const path = endpoint && parsed(() => fillWildcards(endpoint, filling));
      if (endpoint === undefined || path === undefined) return;
      const sent = new URL(
        endpoint.origin +
          mergeQuery(
            path,
            filling.map((value) => [value, value]),
          ),
      );
      expect(sent.origin).toBe(endpoint.origin);
      expect(sent.pathname.split('/').length).toBe(
        new URL(endpoint.origin + endpoint.pieces.join('x')).pathname.split('/').length,
      );
    }),
    { numRuns: 2000 },
  );
});

describe('the secrets of policies', () => {
  const key = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
  const pem = `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`;
  test.each([
    [
      'signing',
      parseSigningSecret,
      [key, JSON.stringify({ keys: [key, `whsk_${Buffer.alloc(32, 2).toString('base64')}`] })],
    ],
    ['client certificate', parseClientCertificate, [pem, JSON.stringify({ certificate: pem, privateKey: pem })]],
    ['CA certificate', parseCaCertificates, [pem]],
  ] as const)('any %s secret of a policy is read, or refused with a Failure', (_what, parse, examples) => {
    fc.assert(
      fc.property(nearlyText(examples), (text) => void parsed<unknown>(() => parse(text))),
      { numRuns: 2000 },
    );
  });
});

test('the checks of hosts and addresses accept or refuse any text without an exception', () => {
  const hosts = nearlyText([
    'example.com',
    '*.example.com',
    '[::ffff:127.0.0.1]',
    '127.0.0.1',
    '0x7f.1',
    'fe80::1%eth0',
    '10.0.0.0/8,::1/128',
  ]);
  fc.assert(
    fc.property(hosts, (text) => {
      const allowlist = parseAllowlist(text) ?? [];
      for (const host of [parseHost(text), parseAllowedHost(text), text]) {
        if (host === undefined) continue;
        refusedHost(host, allowlist);
        refusedAddress(host, allowlist);
      }
    }),
    { numRuns: 2000 },
  );
});

describe('the first stage of validation reads or refuses whatever is sent', () => {
  test.each([
    ...Object.keys(eventsModel.operations).map((name) => [name, readEventsInput] as const),
    ...Object.keys(lastmileModel.operations).map((name) => [name, readLastmileInput] as const),
  ])('any input of %s is validated or refused without an internal error', (operation, read) => {
    const example = {
      Name: 'a',
      ConnectionArn: 'b',
      InvocationEndpoint: 'https://a',
      HttpMethod: 'POST',
      Limit: 5,
      NextToken: 'c',
      AuthorizationType: 'BASIC',
      AuthParameters: {
        BasicAuthParameters: { Username: 'a', Password: 'b' },
        InvocationHttpParameters: { HeaderParameters: [{ Key: 'a', Value: 'b', IsValueSecret: true }] },
      },
      Entries: [{ Source: 'a', DetailType: 'b', Detail: '{}', Time: 5, Resources: ['a'] }],
      Targets: [{ Id: 'a', Arn: 'b', HttpParameters: { HeaderParameters: { a: 'b' }, PathParameterValues: ['a'] } }],
      ApiDestinationName: 'a',
      RetryableStatuses: [404],
      Signing: { SecretArn: 'a' },
      AllowedHosts: ['a'],
    };
    fc.assert(
      fc.property(nearly([example]), (body) => void parsed(() => read(operation, body), [ServiceError])),
      { numRuns: 60 },
    );
  });
});

test('any event pattern is accepted, or refused with an InvalidEventPatternException', () => {
  const patterns = [
    {
      source: ['shop', { prefix: 'a' }, { 'anything-but': { wildcard: '*a*' } }],
      detail: { n: [{ numeric: ['>', 1, '<', 5] }] },
    },
    {
      $or: [
        { a: [null, true, { exists: false }] },
        { b: [{ cidr: '10.0.0.0/8' }, { 'equals-ignore-case': 'É' }, { suffix: 'x' }] },
      ],
    },
  ];
  fc.assert(
    fc.property(nearlyJsonText(patterns), anyJson, (text, value) => {
      const matches = parsed(() => compileEventPattern(text), [ServiceError]);
      if (matches !== undefined)
        expect(typeof matches({ source: 'shop', detail: value, a: value, b: '10.0.0.1' })).toBe('boolean');
    }),
    { numRuns: 2000 },
  );
});
