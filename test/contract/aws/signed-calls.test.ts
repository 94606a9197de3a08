import { describe, expect, test } from 'vitest';
import type { ServiceReaction } from '../../servers/aws/scripted-service.ts';
import {
  bothOutcomes,
  comparable,
  item,
  outcomeOf,
  refusal,
  signedCalls,
  success,
  theService,
  useService,
} from './signed-call-subjects.ts';

useService();

const throttlings = [
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'TransactionInProgressException',
];

const repeated: readonly (readonly [what: string, reaction: ServiceReaction])[] = [
  ...throttlings.map((name) => [name, refusal(name)] as const),
  ['ReplicatedWriteConflictException', refusal('ReplicatedWriteConflictException')],
  ['RequestTimeout', refusal('RequestTimeout')],
  ['RequestTimeoutException', refusal('RequestTimeoutException')],
  [
    'an expired signature',
    refusal('InvalidSignatureException', { message: 'Signature expired: 1 is now earlier than 2' }),
  ],
  ...[500, 502, 503, 504].flatMap((status): readonly (readonly [string, ServiceReaction])[] => [
    [`status ${status} with an error`, refusal('InternalServerError', { status })],
    [`status ${status} without a body`, { status }],
    [`status ${status} with HTML`, { status, body: '<html>Bad gateway</html>' }],
  ]),
  ['status 429 without a body', { status: 429 }],
  [
    'a throttling with x-amz-retry-after',
    { status: 400, headers: { 'x-amz-retry-after': '3' }, body: '{"__type":"SlowDown"}' },
  ],
  ['a 503 with Retry-After', { status: 503, headers: { 'retry-after': '0' } }],
  ['a connection that is reset', 'reset'],
  ['a connection that is closed', 'closed'],
];

const final: readonly (readonly [what: string, reaction: ServiceReaction])[] = [
  ['ValidationException', refusal('ValidationException')],
  ['ResourceNotFoundException', refusal('ResourceNotFoundException')],
  ['ItemCollectionSizeLimitExceededException', refusal('ItemCollectionSizeLimitExceededException')],
  ['TransactionConflictException', refusal('TransactionConflictException')],
  ['AccessDeniedException', refusal('AccessDeniedException')],
  ['UnrecognizedClientException', refusal('UnrecognizedClientException')],
  ['IncompleteSignature', refusal('IncompleteSignature')],
  ['MissingAuthenticationTokenException', refusal('MissingAuthenticationTokenException', { status: 403 })],
  ['InvalidSignatureException', refusal('InvalidSignatureException')],
  ['ExpiredTokenException', refusal('ExpiredTokenException')],
  ['an unknown name', refusal('SomethingNew')],
  [
    'an error whose name is in a header',
    { status: 400, headers: { 'x-amzn-errortype': 'AccessDenied:http://x/' }, body: '{"Message":"no"}' },
  ],
  ['an error whose name is a code', { status: 400, body: '{"code":"Odd,other","message":"no"}' }],
  ['an error with a capital Message', { status: 400, body: '{"__type":"a.b#ValidationException","Message":"no"}' }],
  ['an error without a text', { status: 400, body: '{"__type":"a.b#ValidationException"}' }],
  ['an error without a name', { status: 400, body: '{}' }],
  ['status 400 without a body', { status: 400 }],
  ['status 404 without a body', { status: 404 }],
  ['status 413 with HTML', { status: 413, body: '<html>too large</html>' }],
  ['status 501 with an error', refusal('NotImplemented', { status: 501 })],
  ['status 505 without a body', { status: 505 }],
  ['a redirect', { status: 307, headers: { location: 'http://127.0.0.1:1/' } }],
  ['an error that is a JSON text', { status: 400, body: '"no"' }],
  ['an answer that is not JSON', { status: 200, body: '<html>Welcome to the captive portal</html>' }],
  ['an answer with half of the JSON', { status: 200, body: '{"Item":{' }],
  ['an answer that is not HTTP', 'not HTTP'],
];

describe('the signed calls fail as the AWS client fails', () => {
  test.each(repeated)('after %s, both make three attempts, and fail in the same way', async (_what, reaction) => {
    const { client, signed } = await bothOutcomes(reaction);
    expect(comparable(signed)).toEqual(comparable(client));
    expect(signed).toMatchObject({ requests: 3, attempts: 3 });
  });

  test.each(repeated)('after %s and a success, both have the item at the second attempt', async (_what, reaction) => {
    const { client, signed } = await bothOutcomes(reaction, success);
    expect(signed).toEqual(client);
    expect(signed).toEqual({ output: item, requests: 2 });
  });

  test.each(final)('after %s, both make one attempt, and fail in the same way', async (_what, reaction) => {
    const { client, signed } = await bothOutcomes(reaction, success);
    expect(comparable(signed)).toEqual(comparable(client));
    expect(signed).toMatchObject({ requests: 1, attempts: 1 });
  });
});

describe('the signed calls differ from the AWS client only where that is safer', () => {
  test.each(['reset in the answer', 'closed in the answer'] as const)(
    'when the connection is %s, both make three attempts, and only the signed call fails with an error that says so',
    async (reaction) => {
      const { client, signed } = await bothOutcomes(reaction);
      expect([client.error, client.requests, client.attempts]).toEqual([
        signed.error,
        signed.requests,
        signed.attempts,
      ]);
      expect(signed).toMatchObject({ requests: 3, handledAs: 'StoreUnavailable' });
      const { signed: second } = await bothOutcomes(reaction, success);
      expect(second).toEqual({ output: item, requests: 2 });
    },
  );

  test('an answer of more than 2 MiB is refused without another attempt', async () => {
    theService().follow({ status: 200, body: JSON.stringify({ Item: { text: { S: 'x'.repeat(2_200_000) } } }) });
    const outcome = await outcomeOf(signedCalls());
    expect(outcome).toMatchObject({ requests: 1, attempts: 1, handledAs: 'StoreUnavailable' });
  });
});

describe('a condition that does not hold', () => {
  test('the error has the item, as that of the AWS client has', async () => {
    const { client, signed } = await bothOutcomes(refusal('ConditionalCheckFailedException', { Item: item } as object));
    expect(signed).toEqual(client);
    expect(signed).toMatchObject({ error: 'ConditionalCheckFailedException', item, attempts: 1 });
  });
});
