import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseApiKey } from '../../../lib/core/api-key/text.ts';
import { parseEventsArn } from '../../../lib/core/destination/arn.ts';
import { describeErrors } from '../../../lib/core/failure/failure.ts';
import type { JsonValue } from '../../../lib/core/input/json.ts';
import { formatPageToken, parsePageToken } from '../../../lib/core/input/page-token.ts';
import { ServiceError } from '../../../lib/core/failure/service-error.ts';
import { claimsSignature, isApplicable, isSignedWith, parseSignature } from '../../../lib/core/api-key/sig-v4.ts';
import { hasUserinfo, maskUserinfo } from '../../../lib/core/address/host-name.ts';
import { isDirectInvocation } from '../../../lib/protocol/direct-invocation.ts';
import { accountOfFunctionUrlEvent, parseFunctionUrlEvent } from '../../../lib/protocol/function-url.ts';
import { nowMs } from '../core/message/deliveries.ts';
import { anyJson, assertEveryChange, canary, nearly, nearlyText, parsed } from './hostile-inputs.ts';

const scope = '20260923/us-east-1/events/aws4_request';
const authorization = `AWS4-HMAC-SHA256 Credential=da2-a/${scope}, SignedHeaders=host;x-amz-date, Signature=${'a'.repeat(64)}`;
const presigned = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=da2-a%2F${scope.replaceAll('/', '%2F')}&X-Amz-Date=20260923T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=${'a'.repeat(64)}`;

const receiver = { nowMs, region: 'us-east-1', services: new Set(['events']) };

test('no request without the secret key has a valid signature', () => {
  fc.assert(
    fc.property(
      nearlyText([authorization, '']),
      nearlyText([presigned, '', 'a=b&c']),
      nearlyText(['/', '/v1/apis/events/apikeys']),
      nearlyText(['20260923T000000Z']),
      (header, query, path, date) => {
        const headers = new Map([
          ['host', 'example.com'],
          ['x-amz-date', date],
          ['authorization', header],
        ]);
        const request = { method: 'POST', path, query, headers, body: new Uint8Array() };
        claimsSignature(request);
        const signature = parseSignature(request);
        if (signature === undefined) return;
        isApplicable(request, signature, receiver);
        expect(isSignedWith('secret', request, signature)).toBe(false);
      },
    ),
    { numRuns: 2000 },
  );
});

const urlEvent = {
  version: '2.0',
  rawPath: '/',
  rawQueryString: 'a=b',
  headers: { host: 'example.com', 'x-amz-target': 'AWSEvents.ListConnections' },
  requestContext: { accountId: '123456789012', http: { method: 'POST', path: '/' } },
  body: 'e30=',
  isBase64Encoded: true,
};

test('any event of a function URL is read as an HTTP request or refused, never as a direct invocation', () => {
  const receive = (event: JsonValue): void => {
    const request = parsed(() => parseFunctionUrlEvent(event), [ServiceError]);
    if (request === undefined) return;
    expect(isDirectInvocation(event)).toBe(false);
    expect([...request.headers.values()].every((value) => typeof value === 'string')).toBe(true);
    expect(accountOfFunctionUrlEvent(event) ?? '000000000000').toMatch(/^[0-9]{12}$/);
  };
  assertEveryChange(urlEvent, receive);
  fc.assert(fc.property(nearly([urlEvent]), receive), { numRuns: 500 });
});

test('any text is parsed as a page token, API key or ARN, or refused without an exception', () => {
  const binding = ['ListConnections', undefined];
  const arn = 'arn:aws:events:us-east-1:123456789012:connection/shop/11111111-2222';
  const texts = nearlyText([formatPageToken(binding, 'shop'), `da2-${'a'.repeat(42)}`, arn]);
  fc.assert(
    fc.property(texts, (text) => {
      const afterName = parsePageToken(binding, text);
      if (afterName !== undefined) expect(formatPageToken(binding, afterName)).toBe(text);
      const key = parseApiKey(text);
      if (key !== undefined) expect(key.publicId + key.secret).toBe(text);
      const parts = parseEventsArn(text);
      if (parts !== undefined) expect(parts.name).toMatch(/^[.\-_A-Za-z0-9]+$/);
    }),
    { numRuns: 2000 },
  );
});

test('a URL in an error contains no password that a URL parser would find', () => {
  const urls = nearlyText([
    `https:/user:${canary}@example.com/`,
    `https:${canary}@h`,
    `http:\\\t/${canary}@h`,
    `https://user:${canary}@example.com/`,
    `http://${canary}@example.com`,
  ]);
  fc.assert(
    fc.property(urls, (text) => {
      const shown = maskUserinfo(text);
      const { username = '', password = '' } = URL.parse(shown) ?? {};
      expect([username, password].some((part) => part.includes(canary))).toBe(false);
      if (!hasUserinfo(text)) expect(shown).toBe(text);
    }),
    { numRuns: 2000 },
  );
});

test('the description of any thrown value contains no part of a parsed text', () => {
  fc.assert(
    fc.property(anyJson, nearlyText(['{"a": "c4n4ry"']), (thrown, text) => {
      expect(describeErrors(thrown).length).toBeLessThanOrEqual(5);
      try {
        JSON.parse(text);
      } catch (error) {
        expect(JSON.stringify(describeErrors(error))).not.toContain(canary);
      }
    }),
    { numRuns: 1000 },
  );
});
