import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { forbiddenHost, isHostOf, loosenedHosts } from '../../../../lib/core/destination/allowed-hosts.ts';
import type { TransportSettings } from '../../../../lib/core/destination/delivery-policy.ts';
import { parseAllowedHost, parseHost } from '../../../../lib/core/address/host-name.ts';

const to = (invocationEndpoint: string, transport?: TransportSettings) => ({
  invocationEndpoint,
  ...(transport !== undefined && { policy: { transport } }),
});

describe('the hosts that credentials may go to', () => {
  test.each([
    [['api.example.com'], 'https://api.example.com/orders'],
    [['api.example.com'], 'https://API.Example.COM/orders'],
    [['api.example.com'], 'https://api.example.com:8443/'],
    [['other.example', 'api.example.com'], 'https://api.example.com/*?q=*'],
    [['*.example.com'], 'https://api.example.com/'],
    [['xn--bcher-kva.example'], 'https://bücher.example/'],
    [['127.0.0.1'], 'http://127.0.0.1:9000/'],
    [['127.0.0.1'], 'http://0x7f.1/'],
    [['[::1]'], 'https://[0:0::1]/'],
  ])('a connection that allows %j may send its credentials to %s', (allowedHosts, endpoint) => {
    expect(forbiddenHost({ allowedHosts }, to(endpoint))).toBeUndefined();
  });

  test('a connection without a policy or without allowed hosts may send its credentials anywhere', () => {
    expect(forbiddenHost(undefined, to('https://anywhere.example/'))).toBeUndefined();
    expect(forbiddenHost({}, to('https://anywhere.example/'))).toBeUndefined();
  });

  test.each([
    [['api.example.com'], 'https://evil.example/', 'evil.example'],
    [['api.example.com'], 'https://api.example.com.evil.example/', 'api.example.com.evil.example'],
    [['api.example.com'], 'https://evil-api.example.com/', 'evil-api.example.com'],
    [['api.example.com'], 'https://api.example.com./', 'api.example.com.'],
    [['api.example.com'], 'https://api.example.com@evil.example/', 'evil.example'],
    [['api.example.com'], 'https://evil.example/#@api.example.com', 'evil.example'],
    [['api.example.com'], 'https://evil.example\\@api.example.com/', 'evil.example'],
    [['*.example.com'], 'https://example.com/', 'example.com'],
    [['*.example.com'], 'https://a.b.example.com/', 'a.b.example.com'],
    [['*.example.com'], 'https://evilexample.com/', 'evilexample.com'],
    [['*.example.com'], 'https://.example.com/', '.example.com'],
    [['bücher.example'], 'https://bücher.example/', 'xn--bcher-kva.example'],
    [['api.example.com'], 'not a URL', ''],
  ])('a connection that allows %j may not send its credentials to %s', (allowedHosts, endpoint, host) => {
    expect(forbiddenHost({ allowedHosts }, to(endpoint))).toEqual({ parameter: 'InvocationEndpoint', host });
  });

  test('credentials are not sent to a destination whose server name is not an allowed host', () => {
    const policy = { allowedHosts: ['api.example.com'] };
    const endpoint = 'https://api.example.com/';
    const serverName = { parameter: 'ServerName', host: 'evil.example' };
    expect(forbiddenHost(policy, to(endpoint, { serverName: 'evil.example' }))).toEqual(serverName);
    expect(forbiddenHost(policy, to(endpoint, { serverName: 'api.example.com' }))).toBeUndefined();
  });

  test('credentials do not go through a proxy that could read them and is not an allowed host', () => {
    const policy = { allowedHosts: ['api.example.com', '[::1]', '127.0.0.1'] };
    const endpoint = 'https://api.example.com/';
    const ca = { caCertificateSecretArn: 'arn' };
    const proxyUrl = 'http://proxy.example:3128';
    const refused = { parameter: 'ProxyUrl', host: 'proxy.example' };
    expect(forbiddenHost(policy, to(endpoint, { ...ca, proxyUrl }))).toEqual(refused);
    expect(forbiddenHost(policy, to('http://127.0.0.1/', { proxyUrl }))).toEqual(refused);
    expect(forbiddenHost(policy, to(endpoint, { ...ca, proxyUrl: 'no URL' }))).toEqual({ ...refused, host: '' });
    expect(forbiddenHost(policy, to(endpoint, { ...ca, proxyUrl: 'https://[::1]:3128' }))).toBeUndefined();
    expect(forbiddenHost(policy, to(endpoint, { proxyUrl }))).toBeUndefined();
    expect(forbiddenHost(policy, to(endpoint, ca))).toBeUndefined();
  });

  test('an allowed host matches itself, and a wildcard matches names with exactly one label more', () => {
    fc.assert(
      fc.property(fc.domain(), fc.stringMatching(/^[a-z0-9]{1,8}$/), (domain, label) => {
        const host = parseHost(domain);
        fc.pre(host !== undefined);
        expect(isHostOf(host, host)).toBe(true);
        const wildcard = parseAllowedHost(`*.${host}`);
        fc.pre(wildcard !== undefined);
        expect(isHostOf(wildcard, `${label}.${host}`)).toBe(true);
        expect(isHostOf(wildcard, host)).toBe(false);
        expect(isHostOf(wildcard, `${label}.${label}.${host}`)).toBe(false);
        expect(isHostOf(wildcard, `${label}${host}`)).toBe(`${label}${host}`.endsWith(wildcard.slice(1)));
      }),
    );
  });
});

test.each([
  ['no list', '["a.example"]', 'no host', undefined, ['a.example'], undefined],
  ['["a.example"]', 'no list', 'every host', ['a.example'], undefined, 'any'],
  ['["a.example"]', '["a.example"]', 'no host', ['a.example'], ['a.example'], undefined],
  ['["a.example","b.example"]', '["b.example"]', 'no host', ['a.example', 'b.example'], ['b.example'], undefined],
  ['["a.example"]', '["a.example","b.example"]', 'b.example', ['a.example'], ['a.example', 'b.example'], ['b.example']],
  ['["*.a.example"]', '["x.a.example"]', 'no host', ['*.a.example'], ['x.a.example'], undefined],
  ['["x.a.example"]', '["*.a.example"]', '*.a.example', ['x.a.example'], ['*.a.example'], ['*.a.example']],
] as const)('a change of AllowedHosts from %s to %s newly allows %s', (_from, _to, _newly, before, after, loosened) => {
  const policyOf = (allowedHosts: readonly string[] | undefined) =>
    allowedHosts === undefined ? {} : { allowedHosts };
  expect(loosenedHosts(policyOf(before), policyOf(after))).toEqual(loosened);
});
