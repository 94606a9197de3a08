import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { forbiddenHost, isHostOf, loosenedHosts } from '../../../lib/core/allowed-hosts.ts';
import { parseAllowedHost, parseHost } from '../../../lib/core/host-name.ts';

const to = (invocationEndpoint: string, serverName?: string) => ({
  invocationEndpoint,
  ...(serverName !== undefined && { policy: { transport: { serverName } } }),
});

describe('credentials may go', () => {
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
  ])('by %j to %s', (allowedHosts, endpoint) => {
    expect(forbiddenHost({ allowedHosts }, to(endpoint))).toBeUndefined();
  });

  test('anywhere without a policy, and without hosts in it', () => {
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
    [['bücher.example'], 'https://bücher.example/', 'xn--bcher-kva.example'],
    [['api.example.com'], 'not a URL', ''],
  ])('not by %j to %s', (allowedHosts, endpoint, host) => {
    expect(forbiddenHost({ allowedHosts }, to(endpoint))).toBe(host);
  });

  test('not where somebody else may answer for the host', () => {
    const policy = { allowedHosts: ['api.example.com'] };
    const endpoint = 'https://api.example.com/';
    expect(forbiddenHost(policy, to(endpoint, 'evil.example'))).toBe('evil.example');
    expect(forbiddenHost(policy, to(endpoint, 'api.example.com'))).toBeUndefined();
  });

  test('to every host that is an entry itself, and below a wildcard to names with exactly one label more', () => {
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
  [undefined, ['a.example'], undefined],
  [['a.example'], undefined, 'any'],
  [['a.example'], ['a.example'], undefined],
  [['a.example', 'b.example'], ['b.example'], undefined],
  [['a.example'], ['a.example', 'b.example'], ['b.example']],
  [['*.a.example'], ['x.a.example'], undefined],
  [['x.a.example'], ['*.a.example'], ['*.a.example']],
] as const)('from hosts %j to %j, %j are new', (before, after, loosened) => {
  const policyOf = (allowedHosts: readonly string[] | undefined) =>
    allowedHosts === undefined ? {} : { allowedHosts };
  expect(loosenedHosts(policyOf(before), policyOf(after))).toEqual(loosened);
});
