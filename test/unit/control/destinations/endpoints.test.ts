import { describe, expect, test } from 'vitest';
import { publicOnly } from '../../../../lib/core/address/address.ts';
import { loopback } from '../../../servers/endpoints/loopback.ts';
import { invalidEndpoint, isInvocableEndpoint } from '../../../../lib/control/destinations/api-destination-checks.ts';

describe.each([
  ['with loopback in the allowlist', loopback],
  ['without an allowlist', publicOnly],
])('an endpoint %s', (state, allowlist) => {
  test.each([
    'https://example.com',
    'https://example.com:8443/orders/*/items/*?page=1&q=*',
    'HTTPS://EXAMPLE.COM/',
    'https://127.0.0.1:8443/',
    'https://example.com/a@b',
    'https://example.com/?to=a@b',
  ])(`${state}, the endpoint %j is accepted`, (endpoint) => {
    expect(isInvocableEndpoint(endpoint, allowlist)).toBe(true);
  });

  test.each([
    'http://example.com/',
    'http://127.0.0.1.example.com/',
    'http://127.1.example/',
    'http://localhost.example.com/',
    'http://169.254.169.254/',
    'example.com/orders',
    '//example.com/',
    'ftp://example.com/',
    'https:/example.com',
    'https:example.com',
    'https:///example.com',
    'https://',
    'https://?q=1',
    'https://user:canary@example.com/',
    'https://user@example.com/',
    'https://@example.com/',
    'https://example.com/#top',
    'https://example.com/#',
    'https://*.example.com/',
    'https://%2a.example.com/',
    'https://example.com:*/',
    'https://example.com:0/',
    'https://example.com:/',
    'https://example.com:65536/',
    'https://example.com:80a/',
    ' https://example.com/',
    'https://example.com/ ',
    'https://exa mple.com/',
    'https://example.com/a b',
    'https://exam\tple.com/',
    'https://example.com/\n',
    'https:\\\\example.com\\',
    'https://example.com\\@other.example/',
    '',
  ])(`${state}, the endpoint %j is refused`, (endpoint) => {
    expect(isInvocableEndpoint(endpoint, allowlist)).toBe(false);
  });
});

test.each([
  'http://127.0.0.1:4011/orders',
  'http://127.8.9.10/',
  'http://localhost:4011/*',
  'http://LOCALHOST/',
  'http://endpoint.localhost/',
  'http://0x7f.1/',
])('the endpoint %j is accepted only if the allowlist contains loopback', (endpoint) => {
  expect(isInvocableEndpoint(endpoint, loopback)).toBe(true);
  expect(isInvocableEndpoint(endpoint, publicOnly)).toBe(false);
});

test('the error for an invalid endpoint has the same text as the error of AWS', () => {
  expect(invalidEndpoint('create', 'api-destination', 'InvocationEndpoint', 'http://example.com/x')).toMatchObject({
    code: 'ValidationException',
    message:
      "Failed to create the api-destination(s). Parameter InvocationEndpoint is not valid. Reason: Endpoint 'http://example.com/x' is invalid, please provide a valid HTTPS endpoint URL.",
  });
});

test.each(['https://user:canary@example.com/', 'https://a@canary:b@example.com/x@y', 'http://canary@host'])(
  'the error for the endpoint %s does not repeat its user name and password',
  (endpoint) => {
    const { message } = invalidEndpoint('create', 'api-destination', 'InvocationEndpoint', endpoint);
    expect(message).not.toContain('canary');
    expect(message).toContain('://***@');
  },
);
