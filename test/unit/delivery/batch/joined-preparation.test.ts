import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import type { ResolvedDestination } from '../../../../lib/core/destination/resolved-destination.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { parseSigningSecret } from '../../../../lib/core/request/signing.ts';
import { connectionOf } from '../../../contract/dynamodb/subjects.ts';
import type { AnswerRequest } from '../fake-endpoint.ts';
import { routeOf } from '../outcomes.ts';
import { batchRoute, createBatchWorld, eventOf, eventsOf } from './batch-world.ts';

const both = '[{"id":"e-1"},{"id":"e-2"}]';
const route = batchRoute();
const rotated: ResolvedDestination = {
  ...route,
  connection: connectionOf('billing', { secretVersion: 'version-2' }),
  secret: { credentials: { authorizationType: 'BASIC', username: 'someone', password: 'rotated' } },
};
const first =
  (status: number): AnswerRequest =>
  (_request, index) => ({ status: index === 0 ? status : 200 });
const delivered = { outcome: { kind: 'delivered' }, requested: true, batchSize: 2 };

/** The configuration changes between the first request and its answer. */
const changesTo = (after: ResolvedDestination) => {
  let hasChanged = false;
  return {
    cached: () => (hasChanged ? after : route),
    current: async () => (hasChanged ? after : route),
    fresh: async () => {
      hasChanged = true;
      return after;
    },
  };
};

describe('the second request of a batch', () => {
  test.each([401, 404])(
    'after a %i and a change of the credentials, the same batch goes again with the same key',
    async (status) => {
      const world = createBatchWorld(route, { answer: first(status), resolver: changesTo(rotated) });
      expect(await world.attemptAll(eventsOf(2))).toMatchObject([delivered, delivered]);
      expect(world.bodies()).toEqual([both, both]);
      const [before, after] = world.requests.map(({ headers }) => headers);
      expect(before?.['idempotency-key']).toBe(after?.['idempotency-key']);
      expect(before?.['authorization']).not.toBe(after?.['authorization']);
    },
  );

  test('after a 401 a batch goes again with a renewed OAuth token, and with the same key', async () => {
    const credentials = {
      authorizationType: 'OAUTH_CLIENT_CREDENTIALS',
      authorizationEndpoint: 'https://example.com/token',
      httpMethod: 'POST',
      clientId: 'client',
      clientSecret: 'canary',
    } as const;
    let token = { accessToken: 'one', generation: 1, tokenType: 'Bearer' };
    let renewals = 0;
    const tokens = {
      tokenFor: async () => token,
      async renew() {
        renewals += 1;
        token = { ...token, accessToken: 'two', generation: 2 };
        return token;
      },
    };
    const world = createBatchWorld({ ...route, secret: { credentials } }, { answer: first(401), tokens });
    expect(await world.attemptAll(eventsOf(2))).toMatchObject([delivered, delivered]);
    expect(world.requests.map(({ headers, body }) => [headers['authorization'], body])).toEqual([
      ['Bearer one', both],
      ['Bearer two', both],
    ]);
    expect(new Set(world.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(renewals).toBe(1);
  });

  test('without any change a rejected batch has no second request', async () => {
    const world = createBatchWorld(route, { answer: first(404) });
    const rejected = { outcome: { kind: 'permanent', status: 404 }, batchSize: 2 };
    expect(await world.attemptAll(eventsOf(2))).toMatchObject([rejected, rejected]);
    expect(world.bodies()).toEqual([both]);
  });
});

describe('a batch whose configuration changes so that its events no longer go together', () => {
  const withoutBatch: ResolvedDestination = { ...rotated, policy: routeOf().policy };

  test.each([
    [404, { kind: 'retryable', code: 'CredentialsChanged' }],
    [401, { kind: 'retryable', code: 'EndpointUnauthorized', status: 401 }],
  ] as const)('is retried after a %i, event by event', async (status, outcome) => {
    const world = createBatchWorld(route, { answer: first(status), resolver: changesTo(withoutBatch) });
    const retried = { outcome, requested: true };
    expect(await world.attemptAll(eventsOf(2))).toMatchObject([retried, retried]);
    expect(world.bodies()).toEqual([both]);
  });

  test.each([0, 1])('is retried when event %i cannot be sent with the new configuration', async (broken) => {
    const bodyParameters = [{ key: 'shop', value: '1', isValueSecret: false }];
    const after = { ...rotated, secret: { ...rotated.secret, invocationHttpParameters: { bodyParameters } } };
    // Body parameters need an object.
    const events = eventsOf(2).map((event, index) => (index === broken ? { ...event, event: { value: [1] } } : event));
    const world = createBatchWorld(route, { answer: first(404), resolver: changesTo(after) });
    const retried = { outcome: { kind: 'retryable', code: 'CredentialsChanged' } };
    expect(await world.attemptAll(events)).toMatchObject([retried, retried]);
    expect(world.requests).toHaveLength(1);
  });

  test('an API destination that was deleted meanwhile ends every event of the batch', async () => {
    const fresh = async () => {
      throw new Failure('ApiDestinationNotFound', 'It does not exist.');
    };
    const world = createBatchWorld(route, { answer: first(404), resolver: { fresh } });
    const ended = { outcome: { kind: 'permanent', code: 'ApiDestinationNotFound' }, requested: true };
    expect(await world.attemptAll(eventsOf(2))).toMatchObject([ended, ended]);
  });
});

test('the signature of a batch can be verified, and its id is the key of the batch', async () => {
  const key = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const signed = { ...route, signingKeys: parseSigningSecret(key), versions: 'v-1' };
  const world = createBatchWorld(signed, { resolver: { cached: () => undefined } });
  await world.attemptAll([eventOf('e-1'), eventOf('e-2')]);
  const [{ headers, body } = expect.fail('No request came.')] = world.requests;
  expect(new Webhook(key).verify(String(body), headers)).toEqual([{ id: 'e-1' }, { id: 'e-2' }]);
  expect(headers['webhook-id']).toBe(headers['idempotency-key']);
});
