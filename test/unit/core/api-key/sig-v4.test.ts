import { describe, expect, test } from 'vitest';
import type { SignableRequest } from '../../../../lib/core/api-key/sig-v4-canonical.ts';
import { canonicalRequest } from '../../../../lib/core/api-key/sig-v4-canonical.ts';
import { isApplicable, isSignedWith, parseSignature } from '../../../../lib/core/api-key/sig-v4.ts';
// Signed by botocore 1.29.27 at 2026-02-28T23:59:30Z, with the key below.
import vectors from './sig-v4-vectors.json' with { type: 'json' };

const secretAccessKey = 'da2-abcdefghijklmnopqrstuvwxyz234567abcdefghij';
const signedAtMs = Date.UTC(2026, 1, 28, 23, 59, 30);
const region = 'eu-central-1';
const minuteMs = 60_000;

type Vector = (typeof vectors)[number];

function requestOf(vector: Vector, changes: Partial<SignableRequest> = {}): SignableRequest {
  const { method, path, query, headers, body } = vector;
  return { method, path, query, headers: new Map(Object.entries(headers)), body: Buffer.from(body), ...changes };
}

function vectorOf(name: string): Vector {
  const vector = vectors.find((each) => each.name === name);
  if (vector === undefined) throw new Error(`There is no vector '${name}'.`);
  return vector;
}

function opens(request: SignableRequest, { nowMs = signedAtMs, service = 'events', here = region } = {}): boolean {
  const signature = parseSignature(request);
  const receiver = { nowMs, region: here, services: new Set([service]) };
  return (
    signature !== undefined &&
    isApplicable(request, signature, receiver) &&
    isSignedWith(secretAccessKey, request, signature)
  );
}

function withHeader(vector: Vector, name: string, value: string): SignableRequest {
  return requestOf(vector, { headers: new Map([...Object.entries(vector.headers), [name, value]]) });
}

const call = vectorOf('a call of awsJson');
const presigned = vectorOf('a presigned call with a body');

describe('what botocore signed is accepted', () => {
  test.each(vectors.map((vector) => [vector.name, vector] as const))(
    'a signature that botocore made for %s is accepted',
    (_name, vector) => {
      expect(opens(requestOf(vector), vector)).toBe(true);
      const other = parseSignature(requestOf(vector));
      expect(other && isSignedWith(secretAccessKey.replace('z', 'y'), requestOf(vector), other)).toBe(false);
    },
  );

  test('parsing a signature yields its key id, time, region and service', () => {
    expect(parseSignature(requestOf(call))).toMatchObject({
      accessKeyId: 'da2-abcdefghij',
      date: '20260228',
      region,
      service: 'events',
      signedAtMs,
    });
  });
});

describe('what was changed after signing is refused', () => {
  test.each<[string, SignableRequest]>([
    ['its body', requestOf(call, { body: Buffer.from('{"Entries":[{}]}') })],
    ['its method', requestOf(call, { method: 'GET' })],
    ['its path', requestOf(call, { path: '/v1/apis/control/apikeys' })],
    ['its query', requestOf(call, { query: 'a=1' })],
    ['its host', withHeader(call, 'host', 'another.lambda-url.eu-central-1.on.aws')],
    ['the port of its host', withHeader(vectorOf('a body beyond ASCII'), 'host', '127.0.0.1:4011')],
    ['its operation', withHeader(call, 'x-amz-target', 'AWSEvents.DeleteConnection')],
    ['its date', withHeader(call, 'x-amz-date', '20260228T235931Z')],
    ['its body, although it was presigned,', requestOf(presigned, { body: Buffer.from('{}') })],
    [
      'the validity in its presigned query',
      requestOf(presigned, { query: presigned.query.replace('604800', '604801') }),
    ],
    ['its set of signed headers', requestOf(call, { headers: new Map(Object.entries(call.headers).slice(1)) })],
  ])('a request is refused when %s was changed after signing', (_what, request) => {
    expect(opens(request)).toBe(false);
  });

  test('a request is refused when an x-amz- header was added without being signed', () => {
    expect(opens(withHeader(call, 'x-amz-anything', '1'))).toBe(false);
    expect(opens(withHeader(call, 'x-amzn-trace-id', 'Root=1-2-3'))).toBe(true);
    expect(opens(withHeader(call, 'x-forwarded-for', '192.0.2.1'))).toBe(true);
  });

  test('a request is refused when x-amz-content-sha256 is UNSIGNED-PAYLOAD instead of the hash of its body', () => {
    const unsigned = vectorOf('an empty body');
    expect(opens(withHeader(unsigned, 'x-amz-content-sha256', 'UNSIGNED-PAYLOAD'))).toBe(false);
  });
});

describe('the validity of a signature', () => {
  test('a signature is valid for five minutes before and after its time, to the second', () => {
    for (const [offMs, expected] of [
      [5 * minuteMs, true],
      [5 * minuteMs + 1, false],
      [-5 * minuteMs, true],
      [-5 * minuteMs - 1, false],
    ] as const) {
      expect(opens(requestOf(call), { nowMs: signedAtMs + offMs })).toBe(expected);
    }
  });

  test('a presigned request is valid from its signing time for the seconds of its X-Amz-Expires', () => {
    const list = vectorOf('a presigned list');
    const asked = { service: 'appsync' };
    expect(opens(requestOf(list), { ...asked, nowMs: signedAtMs + 300_000 })).toBe(true);
    expect(opens(requestOf(list), { ...asked, nowMs: signedAtMs + 300_001 })).toBe(false);
    expect(opens(requestOf(list), { ...asked, nowMs: signedAtMs - 5 * minuteMs - 1 })).toBe(false);
    expect(opens(requestOf(presigned), { nowMs: signedAtMs + 604_800_000 })).toBe(true);
  });

  test('a signature is valid in its own region and for its own service only', () => {
    expect(opens(requestOf(call), { here: 'us-east-1' })).toBe(false);
    expect(opens(requestOf(call), { service: 'appsync' })).toBe(false);
  });
});

describe('a request without a valid signature', () => {
  const authorization = call.headers.authorization ?? '';
  test.each([
    ['with another algorithm', authorization.replace('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1')],
    ['without its signed headers', authorization.replace(/SignedHeaders=[^,]*, /, '')],
    ['with two credentials', authorization.replace('SignedHeaders', 'Credential=a/b, SignedHeaders')],
    ['with signed headers out of order', authorization.replace('content-type;host', 'host;content-type')],
    ['with a header signed twice', authorization.replace('host;', 'host;host;')],
    ['with another date than x-amz-date', authorization.replace('/20260228/', '/20260227/')],
    ['with a signature in upper case', authorization.replace(/Signature=.*/, (text) => text.toUpperCase())],
    ['with a bearer token', 'Bearer abc'],
    ['with ten thousand commas', `${authorization}${','.repeat(10_000)}`],
    ['without content', ''],
  ])('an Authorization header %s is not a valid signature', (_what, value) => {
    expect(opens(withHeader(call, 'authorization', value))).toBe(false);
  });

  test('a request with both a signature in a header and one in its query counts as unsigned', () => {
    expect(parseSignature(requestOf(call, { query: presigned.query }))).toBeUndefined();
  });

  test('a signature with a malformed time is refused', () => {
    expect(opens(withHeader(call, 'x-amz-date', '20260228T250000Z'))).toBe(false);
    expect(opens(withHeader(call, 'x-amz-date', 'Sat, 28 Feb 2026 23:59:30 GMT'))).toBe(false);
  });

  test('an X-Amz-Expires is refused when it is zero, longer than a week, or not a number', () => {
    for (const expires of ['604801', '0', '-1', '1e3', '']) {
      expect(
        parseSignature(requestOf(presigned, { query: presigned.query.replace('604800', expires) })),
      ).toBeUndefined();
    }
  });
});

test.each(['/a//b', '/a/../b', '/./a', '/a/..'])(
  'a signature for the path %s is refused, because clients normalize a path before they sign it',
  (path) => {
    expect(canonicalRequest(requestOf(call, { path }), ['host'])).toBeUndefined();
  },
);

test('a signature for a query with malformed percent-encoding is refused', () => {
  expect(canonicalRequest(requestOf(call, { query: 'a=%zz' }), ['host'])).toBeUndefined();
});
