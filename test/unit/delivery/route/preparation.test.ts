import { describe, expect, test } from 'vitest';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { createPreparation } from '../../../../lib/delivery/route/preparation.ts';
import type { Resolver } from '../../../../lib/delivery/route/resolver.ts';
import type { ResolvedDestination } from '../../../../lib/core/destination/resolved-destination.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { deliveryOf, retryPolicy, routeOf } from '../outcomes.ts';

const never = () => new Promise<ResolvedDestination>(() => undefined);
const noToken = () => Promise.reject(new Error('No token is needed here.'));

function prepareOver(resolver: Partial<Resolver>) {
  const resolve = async () => routeOf();
  return createPreparation({
    transform: (delivery) => delivery,
    resolver: { current: resolve, fresh: resolve, cached: () => undefined, ...resolver },
    tokens: { tokenFor: noToken, renew: noToken },
    userAgent: 'lastmile/test',
    clock: createManualClock(),
  });
}

/** A deadline that passes when the test says so. */
function createCut() {
  const expiry = new AbortController();
  return {
    signal: expiry.signal,
    come: () => expiry.abort(new Failure('OutOfTime', 'The invocation is about to end.')),
  };
}

describe('a request whose route is known', () => {
  const delivery = deliveryOf({ target: { HttpParameters: { PathParameterValues: ['1'] } } });
  const overKnown = (route: ResolvedDestination | undefined) => prepareOver({ cached: () => route, current: never });

  test('a request with a cached route is built at once and equals the one that is built after a read', async () => {
    const { signal } = createCut();
    const route = routeOf();
    const now = overKnown(route).cached(delivery, signal);
    expect(now).toEqual(await prepareOver({ current: async () => route }).current(delivery, signal));
    expect(now?.request.headers['Authorization']).toMatch(/^Basic /);
  });

  test('a request is not built at once without a cached route, when it needs a token, or after the deadline', () => {
    const { signal, come } = createCut();
    const route = routeOf();
    const credentials = {
      authorizationType: 'OAUTH_CLIENT_CREDENTIALS',
      authorizationEndpoint: 'https://example.com/token',
      httpMethod: 'POST',
      clientId: 'client',
      clientSecret: 'canary',
    } as const;
    const oauth = { ...route, secret: { credentials } };
    expect(overKnown(undefined).cached(delivery, signal)).toBeUndefined();
    expect(overKnown(oauth).cached(delivery, signal)).toBeUndefined();
    come();
    expect(overKnown(routeOf()).cached(delivery, signal)).toBeUndefined();
  });

  test('the cached route is not used for a request that cannot be built or whose event has expired', () => {
    const { signal } = createCut();
    expect(overKnown(routeOf()).cached(deliveryOf(), signal)).toBeUndefined();
    expect(overKnown(routeOf()).cached({ ...delivery, firstReceivedAtMs: 0 }, signal)).toBeUndefined();
  });
});

describe('a store that never answers', () => {
  test('the preparation of a request waits until the deadline for a store that does not answer', async () => {
    const { signal, come } = createCut();
    const preparing = prepareOver({ current: never }).current(deliveryOf(), signal);
    come();
    await expect(preparing).rejects.toMatchObject({ code: 'OutOfTime' });
  });

  test('the preparation of a request does not call a store after the deadline', async () => {
    const { signal, come } = createCut();
    come();
    const resolve = () => expect.fail('The store was asked.');
    await expect(prepareOver({ current: resolve }).current(deliveryOf(), signal)).rejects.toMatchObject({
      code: 'OutOfTime',
    });
  });

  test('while the store does not answer, a 401 is treated as the result of the attempt but a 404 is not', async () => {
    const { signal, come } = createCut();
    const preparation = prepareOver({ fresh: never });
    const delivery = deliveryOf({ target: { HttpParameters: { PathParameterValues: ['1'] } } });
    const sent = await preparation.current(delivery, signal);
    const rejected = preparation.fresh(delivery, sent, 404, signal);
    const refused = preparation.fresh(delivery, sent, 401, signal);
    come();
    await expect(rejected).rejects.toMatchObject({ code: 'OutOfTime' });
    expect(await refused).toBe(sent.destination);
  });
});

describe('an answer that refuses or rejects', () => {
  const { signal } = createCut();
  const delivery = deliveryOf({ target: { HttpParameters: { PathParameterValues: ['1'] } } });

  test.each([401, 403])(
    'after a %d the request is sent once more when a secret of the delivery policy has changed',
    async (status) => {
      const changed = { ...routeOf(), versions: 'version-2' };
      const preparation = prepareOver({ fresh: async () => changed });
      const sent = await preparation.current(delivery, signal);
      expect(await preparation.fresh(delivery, sent, status, signal)).toMatchObject({
        destination: changed,
        request: {},
      });
    },
  );

  test.each([401, 403])('a %d is final when neither destination nor secrets have changed', async (status) => {
    const preparation = prepareOver({});
    const sent = await preparation.current(delivery, signal);
    expect(await preparation.fresh(delivery, sent, status, signal)).not.toHaveProperty('request');
  });
});

describe('an event older than its limit', () => {
  const { signal } = createCut();
  const aged = (target: object = {}) =>
    deliveryOf({
      target: { HttpParameters: { PathParameterValues: ['1'] }, ...target },
      firstReceivedAtMs: Date.UTC(2026, 0, 1) - 100_000,
    });
  const limited = (maximumEventAgeMs: number) => routeOf({ retryPolicy: { ...retryPolicy, maximumEventAgeMs } });

  test.each([
    [
      "an event older than the age limit of the destination's policy has expired",
      60_000,
      {},
      'The event is older than 60 s.',
    ],
    [
      'an event older than the age limit of the target has expired',
      86_400_000,
      { RetryPolicy: { MaximumEventAgeInSeconds: 90 } },
      'The event is older than 90 s.',
    ],
  ])('%s', async (_, ageMs, target, message) => {
    const preparing = prepareOver({
      current: async () => limited(ageMs),
      fresh: async () => limited(ageMs),
    }).current(aged(target), signal);
    await expect(preparing).rejects.toMatchObject({ code: 'EventExpired', kind: 'permanent', message });
  });

  test.each([
    [
      "an event within the age limit of the target is sent, because that limit replaces the policy's",
      { RetryPolicy: { MaximumEventAgeInSeconds: 120 } },
      60_000,
    ],
    ['an event within the age limit of the policy is sent', {}, 100_000],
  ])('%s', async (_, target, ageMs) => {
    const preparation = prepareOver({ current: async () => limited(ageMs) });
    expect(await preparation.current(aged(target), signal)).toHaveProperty('request');
  });

  test('an event is sent when the age limit was raised after the policy was cached', async () => {
    const raised = limited(200_000);
    const changed = { ...raised, apiDestination: { ...raised.apiDestination, revision: 2 } };
    const preparation = prepareOver({ current: async () => limited(60_000), fresh: async () => changed });
    expect(await preparation.current(aged(), signal)).toMatchObject({ destination: changed });
  });
});
