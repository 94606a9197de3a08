import { describe, expect, test } from 'vitest';
import { createSigner } from '../../../../lib/adapters/aws/signed-request.ts';
import { signatureOf, signingKeyOf } from '../../../../lib/core/api-key/sig-v4-canonical.ts';
// The requests of AWS's own suite (aws-sig-v4-test-suite, Apache-2.0), with the signatures that AWS published for them.
import suite from '../../core/api-key/aws-sig-v4-test-suite.json' with { type: 'json' };

const accessKeyId = 'AKIDEXAMPLE';
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const scope = { date: '20150830', region: 'us-east-1', service: 'service' };
const signedAt = '20150830T123600Z';
const nowMs = Date.UTC(2015, 7, 30, 12, 36);

type Vector = (typeof suite)[number];

function headersOf(vector: Vector): Record<string, string> {
  return { ...(vector.headers as Record<string, string>), 'x-amz-date': signedAt };
}

const named = suite.map((vector) => [vector.name, vector] as const);

describe('the published vectors of Signature Version 4', () => {
  test.each(named)('the request %s of the suite of AWS gets the published signature', (_name, vector) => {
    const headers = headersOf(vector);
    const request = { ...vector, headers: new Map(Object.entries(headers)), body: Buffer.from(vector.body) };
    const details = { ...scope, signedAt, signedHeaders: Object.keys(headers).toSorted() };
    expect(signatureOf(signingKeyOf(secretAccessKey, scope), request, details)).toBe(vector.signature);
  });

  test.each(named.filter(([, { query }]) => query === ''))(
    'a signer sends the request %s of the suite of AWS with the published signature',
    (_name, vector) => {
      const { 'x-amz-security-token': sessionToken, ...headers } = vector.headers as Record<string, string>;
      const credentials = { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
      const request = { method: vector.method, path: vector.path, headers, body: Buffer.from(vector.body) };
      const sent = createSigner(scope.service)(request, { credentials, region: scope.region, nowMs });
      expect(sent).toEqual({
        ...headersOf(vector),
        authorization:
          `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20150830/us-east-1/service/aws4_request, ` +
          `SignedHeaders=${Object.keys(headersOf(vector)).toSorted().join(';')}, Signature=${vector.signature}`,
      });
    },
  );
});

describe('a signer keeps its key only for what it is for', () => {
  const request = { method: 'POST', path: '/', headers: { host: 'example.amazonaws.com' }, body: Buffer.from('') };
  const first = { credentials: { accessKeyId, secretAccessKey }, region: 'us-east-1', nowMs };

  test.each([
    ['on another day', { ...first, nowMs: nowMs + 86_400_000 }],
    ['in another region', { ...first, region: 'eu-west-1' }],
    ['with another secret access key', { ...first, credentials: { accessKeyId, secretAccessKey: 'rotated' } }],
  ])('a signature made %s does not use the key of the signature before', (_when, next) => {
    const sign = createSigner('service');
    const before = sign(request, first);
    expect(sign(request, next)).toEqual(createSigner('service')(request, next));
    expect(sign(request, first)).toEqual(before);
  });
});
