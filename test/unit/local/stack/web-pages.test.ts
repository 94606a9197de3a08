import { describe, expect, test } from 'vitest';
import { refuseWebPages } from '../../../../lib/local/stack/web-pages.ts';

const host = '127.0.0.1:4010';

function refused(headers: Record<string, string>, listenHost = '127.0.0.1', method = 'POST', query = ''): boolean {
  try {
    refuseWebPages({ method, query, headers: { host, ...headers } }, listenHost);
    return false;
  } catch {
    return true;
  }
}

describe('the Host header', () => {
  test.each([
    '127.0.0.1',
    '127.0.0.1:4010',
    '127.9.9.9:80',
    '[::1]:4010',
    '[::1]',
    '0.0.0.0:4010',
    '192.168.1.5:4010',
    'localhost',
    'localhost:4010',
    'LocalHost:4010',
  ])('the Host header %j is accepted', (own) => {
    expect(refused({ host: own })).toBe(false);
  });

  test.each([
    '',
    'evil.example',
    'evil.example:4010',
    'localhost.evil.example',
    'evil-localhost',
    '127.0.0.1.evil.example',
    'a.localhost',
    'localhost:4010.evil.example',
    '127.0.0.1@evil.example',
    '[::1].evil.example',
    '[evil.example]',
    'localhost:',
    'localhost:4010, evil.example',
    ':4010',
  ])('the Host header %j is refused', (foreign) => {
    expect(refused({ host: foreign })).toBe(true);
  });

  test('the name that the stack listens on is accepted in any case, and no other name', () => {
    expect(refused({ host: 'Shop-Stack:4010' }, 'shop-stack')).toBe(false);
    expect(refused({ host: 'shop-stack.evil.example:4010' }, 'shop-stack')).toBe(true);
  });

  test('the refusal names the header and two ways out', () => {
    expect(() => refuseWebPages({ method: 'GET', query: '', headers: { host: 'box:4010' } }, '127.0.0.1')).toThrow(
      'The Host header of the request is "box:4010". Call the stack by its address or as localhost, or start it with ' +
        '--host and this name.',
    );
  });
});

describe('the Origin header', () => {
  test('the origin of the stack itself is accepted', () => {
    expect(refused({ origin: 'http://127.0.0.1:4010', 'sec-fetch-site': 'same-origin' })).toBe(false);
    expect(refused({ host: '[::1]:4010', origin: 'http://[::1]:4010' })).toBe(false);
  });

  test.each([
    'https://evil.example',
    'null',
    '',
    'http://evil.example',
    'file://',
    'chrome-extension://abcdef',

    'http://127.0.0.1:8080',
    'http://localhost:4010',
    'https://127.0.0.1:4010',
    'http://127.0.0.1:4010.evil.example',
  ])('the origin %j is refused', (origin) => {
    expect(refused({ origin })).toBe(true);
  });
});

describe('the Sec-Fetch-Site header', () => {
  test.each([
    ['same-origin', false],
    ['none', false],
    ['cross-site', true],
    ['same-site', true],
    ['', true],
    ['Cross-Site', true],
  ])('a request with Sec-Fetch-Site %j is refused: %s', (site, isRefused) => {
    expect(refused({ 'sec-fetch-site': site })).toBe(isRefused);
  });
});

describe('a GET that performs an operation of SQS', () => {
  test.each([
    ['127.0.0.1:4010', false],
    ['localhost', false],
    ['[::1]:4010', false],
    ['0.0.0.0:4010', true],
    ['192.168.1.5:4010', true],
    ['127001.example', true],
  ])('a GET without a signature to %s is refused: %s', (own, isRefused) => {
    expect(refused({ host: own }, '0.0.0.0', 'GET', 'Act%69on=PurgeQueue')).toBe(isRefused);
  });

  test('a GET to the stack’s network address is accepted when it has a signature in a header or no Action parameter', () => {
    const headers = { host: '192.168.1.5:4010' };
    const signed = { ...headers, authorization: 'AWS4-HMAC-SHA256 Credential=a' };
    expect(refused(signed, '0.0.0.0', 'GET', 'Action=ListQueues')).toBe(false);
    expect(refused(headers, '0.0.0.0', 'GET', 'maxResults=5')).toBe(false);
    expect(refused(headers, '0.0.0.0', 'POST', 'Action=ListQueues')).toBe(false);
  });
});
