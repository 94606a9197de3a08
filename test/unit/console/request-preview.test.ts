import { expect, test } from 'vitest';
import { requestPreview } from '../../../lib/console/page/api-destinations/request-preview.ts';

const destination = { InvocationEndpoint: 'https://example.com/orders?a=1', HttpMethod: 'POST' } as const;

test('the preview of a request shows what is known, and dots for each credential and secret value', () => {
  const preview = requestPreview(destination, {
    AuthParameters: {
      ApiKeyAuthParameters: { ApiKeyName: 'x-key' },
      InvocationHttpParameters: {
        HeaderParameters: [{ Key: 'x-tenant', Value: 'north', IsValueSecret: false }],
        QueryStringParameters: [
          { Key: 'b', Value: '2 3', IsValueSecret: false },
          { Key: 'secret', IsValueSecret: true },
        ],
      },
    },
  });
  expect(preview.split('\n')).toEqual([
    'POST /orders?a=1&b=2%203&secret=••••••',
    'Host: example.com',
    'x-key: ••••••',
    'x-tenant: north',
    'Content-Type: application/json; charset=utf-8',
  ]);
});

test.each([
  ['Basic', { BasicAuthParameters: { Username: 'admin' } }],
  ['Bearer', { OAuthParameters: { AuthorizationEndpoint: 'https://example.com/token' } }],
] as const)('the preview of a request shows the scheme %s without its credential', (scheme, AuthParameters) => {
  expect(requestPreview(destination, { AuthParameters })).toContain(`\nAuthorization: ${scheme} ••••••\n`);
});
