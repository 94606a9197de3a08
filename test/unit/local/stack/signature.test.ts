import { expect, test } from 'vitest';
import { claimedSigner } from '../../../../lib/local/stack/routes.ts';

const credential = 'deliver/20260102/eu-central-1/sqs/aws4_request';

test('region, service and access key of a request are read from its Authorization header', () => {
  const header = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-date, Signature=00`;
  const expected = { accessKeyId: 'deliver', region: 'eu-central-1', service: 'sqs' };
  expect(claimedSigner(header, '')).toEqual(expected);
});

test('an Authorization header without spaces after its commas is accepted', () => {
  const header = `AWS4-HMAC-SHA256 SignedHeaders=host,Credential=${credential},Signature=00`;
  expect(claimedSigner(header, '')?.region).toBe('eu-central-1');
});

test('region, service and access key of a presigned request are read from its query', () => {
  const query = `Action=ListQueues&X-Amz-Credential=${encodeURIComponent(credential)}&X-Amz-Signature=00`;
  expect(claimedSigner(undefined, query)?.service).toBe('sqs');
});

test.each([
  ['a missing header', undefined],
  ['HTTP Basic', 'Basic dXNlcjpwYXNz'],
  ['a credential with a part missing', 'AWS4-HMAC-SHA256 Credential=a/20260102/sqs/aws4_request, Signature=0'],
  [
    'a region with a path in it',
    'AWS4-HMAC-SHA256 Credential=a/20260102/../sqs/aws4_request, SignedHeaders=host, Signature=0',
  ],
])('the local stack does not accept %s as a signature', (_what, header) => {
  expect(claimedSigner(header, '')).toBeUndefined();
});
