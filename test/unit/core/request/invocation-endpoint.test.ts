import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compileInvocationEndpoint,
  fillWildcards,
  mergeQuery,
} from '../../../../lib/core/request/invocation-endpoint.ts';
import { failureOf } from '../failure/failing.ts';

function fill(url: string, ...values: string[]): string {
  return fillWildcards(compileInvocationEndpoint(url), values);
}

describe('an invocation endpoint', () => {
  test.each([
    ['https://example.com', 'https://example.com', '/'],
    ['https://example.com:8443/a/b?c=d', 'https://example.com:8443', '/a/b?c=d'],
    ['https://example.com:443/a?', 'https://example.com', '/a'],
    ['http://127.0.0.1:9000/hook', 'http://127.0.0.1:9000', '/hook'],
    ['https://[::1]/x', 'https://[::1]', '/x'],
  ])('the endpoint %s has origin %s and path %s', (url, origin, path) => {
    expect(compileInvocationEndpoint(url).origin).toBe(origin);
    expect(fill(url)).toBe(path);
  });

  test.each([
    ['canary', 'is not a valid URL'],
    ['', 'is not a valid URL'],
    ['ftp://example.com/', 'is not a valid URL'],
    ['javascript:alert(1)', 'is not a valid URL'],
    ['https://user:canary@example.com/', 'must not contain a user name or a password'],
    ['https://user@example.com/', 'must not contain a user name or a password'],
    ['https://example.com/a#canary', 'must not have a fragment'],
    ['https://example.com/#', 'must not have a fragment'],
    ['https://*.example.com/', 'must not have a path wildcard in its host'],
  ])('the endpoint %j is refused, and the error does not show it', (url, problem) => {
    expect(failureOf(() => compileInvocationEndpoint(url))).toBe(
      `InvalidInvocation: The invocation endpoint ${problem}.`,
    );
  });
});

describe('wildcards', () => {
  test('path wildcards are filled in order, in path and query', () => {
    expect(fill('https://h/a/*/b-*?c=*', 'one', 'two', 'three')).toBe('/a/one/b-two?c=three');
  });

  test.each([
    ['a/b', '/x/a%2Fb/y'],
    ['a?b', '/x/a%3Fb/y'],
    ['a#b', '/x/a%23b/y'],
    ['a\\b', '/x/a%5Cb/y'],
    ['%2e%2e', '/x/%252e%252e/y'],
    ['../..', '/x/..%2F../y'],
    ['*', '/x/%2A/y'],
    ["(it's!)", '/x/%28it%27s%21%29/y'],
    ['a b+c', '/x/a%20b%2Bc/y'],
    ['größe', '/x/gr%C3%B6%C3%9Fe/y'],
    ['a\r\nb', '/x/a%0D%0Ab/y'],
    ['...', '/x/.../y'],
    ['.a', '/x/.a/y'],
    ['\ud800', '/x/%EF%BF%BD/y'],
  ])('the path parameter %j in the endpoint path /x/*/y gives %s', (value, path) => {
    expect(fill('https://h/x/*/y', value)).toBe(path);
  });

  test.each([
    ['https://h/x/*/y', '..'],
    ['https://h/x/*', '.'],
    ['https://h/x/*?q=1', '..'],
    ['https://h/x/.*/y', '.'],
    ['https://h/x/%2e*/y', '.'],
    ['https://h/x/%2E*', '.'],
  ])('in the endpoint %s, the path parameter %j is refused because it would change the path', (url, value) => {
    expect(failureOf(() => fill(url, value))).toBe(
      'InvalidInvocation: A path parameter turns a path segment of the endpoint into "." or "..".',
    );
  });

  test('path parameters that form .. in two neighbouring wildcards are refused', () => {
    expect(failureOf(() => fill('https://h/x/**/y', '.', '.'))).toContain('"." or ".."');
  });

  test('the path parameter .. is accepted for a wildcard in the query of an endpoint', () => {
    expect(fill('https://h/*?next=/../x', 'a')).toBe('/a?next=/../x');
  });

  test.each([
    ['https://h/*', [], 'has 1 path wildcards, but PathParameterValues has 0 values'],
    ['https://h/*', ['canary', 'b'], 'has 1 path wildcards, but PathParameterValues has 2 values'],
    ['https://h/', ['canary'], 'has 0 path wildcards, but PathParameterValues has 1 values'],
  ])('the endpoint %s is refused with the wrong number of path parameters %j', (url, values, problem) => {
    expect(failureOf(() => fill(url, ...values))).toBe(`InvalidInvocation: The invocation endpoint ${problem}.`);
  });

  test('no path parameter changes the rest of an endpoint', () => {
    const text = fc
      .oneof(
        fc.string({ unit: 'binary', minLength: 1 }),
        fc
          .array(fc.constantFrom('.', '..', '/', '\\', '%2e', '%2f', '?', '#', '&', '=', ';', '@', ':', '\r\n', ' '), {
            minLength: 1,
            maxLength: 8,
          })
          .map((parts) => parts.join('')),
      )
      .filter((value) => value !== '.' && value !== '..');
    fc.assert(
      fc.property(text, text, (first, second) => {
        const path = fill('https://example.com/before/*/between/*/after?fixed=1', first, second);
        const url = new URL(`https://example.com${path}`);
        expect(url.pathname + url.search).toBe(path);
        expect([url.origin, url.search, url.hash]).toEqual(['https://example.com', '?fixed=1', '']);
        const segments = url.pathname.split('/').map((segment) => decodeURIComponent(segment));
        expect(segments).toEqual(['', 'before', first.toWellFormed(), 'between', second.toWellFormed(), 'after']);
      }),
    );
  });
});

describe('query parameters', () => {
  test('query parameters are added to an endpoint with and without a query', () => {
    expect(mergeQuery('/a', [['k', 'v']])).toBe('/a?k=v');
    expect(mergeQuery('/a?x=1', [['k', 'v']])).toBe('/a?x=1&k=v');
    expect(mergeQuery('/a?x=1', [])).toBe('/a?x=1');
  });

  test('a query parameter replaces every equal key of the endpoint, however that key is encoded', () => {
    expect(mergeQuery('/a?k=1&x=%7e+y&K=2&k=3&%6B=4&flag&=e', [['k', 'v']])).toBe('/a?x=%7e+y&K=2&flag&=e&k=v');
    expect(mergeQuery('/a?a+b=1', [['a b', 'v']])).toBe('/a?a%20b=v');
    expect(mergeQuery('/a?%zz=1&k=2', [['k', 'v']])).toBe('/a?%zz=1&k=v');
  });

  test('two query parameters with the same key keep their order', () => {
    expect(
      mergeQuery('/a', [
        ['k', '1'],
        ['k', '2'],
      ]),
    ).toBe('/a?k=1&k=2');
  });

  test('a server receives every query parameter unchanged', () => {
    const text = fc.string({ unit: 'binary', minLength: 1 });
    fc.assert(
      fc.property(text, text, (key, value) => {
        const url = new URL(`https://example.com${mergeQuery('/a?own=1', [[key, value]])}`);
        expect(url.pathname).toBe('/a');
        expect(url.searchParams.get(key.toWellFormed())).toBe(value.toWellFormed());
        expect(url.hash).toBe('');
      }),
    );
  });
});
