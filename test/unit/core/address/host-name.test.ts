import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAddress, parseAllowedHost, parseHost } from '../../../../lib/core/address/host-name.ts';

describe('a host', () => {
  test.each([
    ['API.Example.com', 'api.example.com'],
    ['localhost', 'localhost'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['10.0.0.1', '10.0.0.1'],
    ['0x7f.1', '127.0.0.1'],
    ['[::0:1]', '[::1]'],
    ['under_score.example', 'under_score.example'],
  ])('the host %s is normalized to %s', (text, host) => {
    expect(parseHost(text)).toBe(host);
  });

  test.each([
    '',
    'example.com:443',
    'example.com.',
    '*.example.com',
    'a b',
    'user@example.com',
    'example.com/path',
    'exa%6dple.com',
    '::1',
    '[::1]:80',
    '-a.example',
    'a..b',
    '300.1.1.1',
    `${'a'.repeat(64)}.example`,
    'a.'.repeat(127) + 'aa',
  ])('%j is not a host', (text) => {
    expect(parseHost(text)).toBeUndefined();
  });

  test('normalizing a host again changes nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.ipV4()), (text) => {
        const host = parseHost(text);
        expect(host === undefined ? undefined : parseHost(host)).toBe(host);
      }),
    );
  });

  test.each([
    ['10.0.0.1', 'is'],
    ['[::1]', 'is'],
    ['example.com', 'is not'],
    ['1.example', 'is not'],
  ])('the host %s %s an address', (host, verb) => {
    expect(isAddress(host)).toBe(verb === 'is');
  });
});

describe('an entry of allowed hosts', () => {
  test.each([
    ['*.Example.com', '*.example.com'],
    ['Example.com', 'example.com'],
    ['[::1]', '[::1]'],
  ])('the allowed host %s is normalized to %s', (text, entry) => {
    expect(parseAllowedHost(text)).toBe(entry);
  });

  test.each([
    '*',
    '*.',
    '*.com',
    '*.*.example.com',
    'a.*.example.com',
    '*example.com',
    '*.10.0.0.1',
    '*.example.com:443',
  ])('%j is not an allowed host', (text) => {
    expect(parseAllowedHost(text)).toBeUndefined();
  });
});
