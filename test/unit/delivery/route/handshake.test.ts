import { describe, expect, test } from 'vitest';
import type { HttpRequest } from '../../../../lib/core/delivery/delivery.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import type { DeliveryPolicy } from '../../../../lib/core/destination/delivery-policy.ts';
import { withRarePolicies } from '../../../../lib/delivery/route/rare-policies.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { routeOf } from '../outcomes.ts';

const origin = 'events.example.com';

interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A worker whose endpoint answers OPTIONS as given. */
function setUp(reply: Reply | Failure, policy: Partial<DeliveryPolicy> = { webhookRequestOrigin: origin }) {
  const clock = createManualClock();
  const requests: HttpRequest[] = [];
  const current = { reply, route: routeOf(policy) };
  const resolver = withRarePolicies(
    { current: async () => current.route, fresh: async () => current.route, cached: () => current.route },
    {
      clock,
      userAgent: 'lastmile/test',
      http: {
        async send(request) {
          requests.push(request);
          if (current.reply instanceof Failure) throw current.reply;
          const { status = 200, headers = {} } = current.reply;
          return { kind: 'answer', answer: { status, headers, body: '' } };
        },
      },
    },
  );
  return { resolver, requests, clock, current };
}

const allowed = (rate?: string): Reply => ({
  headers: { 'webhook-allowed-origin': origin, ...(rate !== undefined && { 'webhook-allowed-rate': rate }) },
});

describe('the handshake of web hooks', () => {
  test('an endpoint is asked once for its consent, without credentials, before it gets an event', async () => {
    const { resolver, requests, current } = setUp(allowed());
    expect(await resolver.current('orders')).toBe(current.route);
    expect(await resolver.fresh('orders')).toBe(current.route);
    const { apiDestination } = current.route;
    expect(requests).toEqual([
      {
        method: 'OPTIONS',
        origin: new URL(apiDestination.invocationEndpoint).origin,
        path: new URL(apiDestination.invocationEndpoint).pathname.split('*')[0],
        headers: {
          'User-Agent': 'lastmile/test',
          'WebHook-Request-Origin': origin,
          'WebHook-Request-Rate': String(apiDestination.invocationRateLimitPerSecond * 60),
        },
      },
    ]);
    expect(resolver.cached('orders')).toBeUndefined();
  });

  test('an endpoint whose policy names no origin is not asked for its consent', async () => {
    const { resolver, requests, current } = setUp({ status: 405 }, {});
    expect(await resolver.current('orders')).toBe(current.route);
    expect(resolver.cached('orders')).toBe(current.route);
    expect(requests).toEqual([]);
  });

  test.each<[reply: Reply, reason: string]>([
    [{ status: 405 }, 'answered 405'],
    [{ status: 403, headers: { 'webhook-allowed-origin': '*' } }, 'answered 403'],
    [{ status: 200 }, 'names no allowed origin that is ours'],
    [{ headers: { 'webhook-allowed-origin': 'other.example.com' } }, 'names no allowed origin that is ours'],
  ])('the answer %j refuses the events, which then wait', async (reply, reason) => {
    const { resolver, requests } = setUp(reply);
    const failure = { code: 'HandshakeRefused', kind: 'retryable', message: expect.stringContaining(reason) };
    await expect(resolver.current('orders')).rejects.toMatchObject(failure);
    await expect(resolver.current('orders')).rejects.toMatchObject(failure);
    expect(requests).toHaveLength(1);
  });

  test('a worker that an endpoint has refused asks for its consent again after a minute', async () => {
    const { resolver, clock, current } = setUp({ status: 405 });
    await expect(resolver.current('orders')).rejects.toThrow();
    current.reply = { headers: { 'webhook-allowed-origin': '*' } };
    await clock.advance(60_000);
    expect(await resolver.current('orders')).toBe(current.route);
  });

  test('an endpoint is asked for its consent again after an hour, and after a change of its API destination', async () => {
    const { resolver, requests, clock, current } = setUp(allowed());
    await resolver.current('orders');
    await clock.advance(3_599_999);
    await resolver.current('orders');
    expect(requests).toHaveLength(1);
    await clock.advance(1);
    await resolver.current('orders');
    const { apiDestination } = current.route;
    current.route = { ...current.route, apiDestination: { ...apiDestination, revision: apiDestination.revision + 1 } };
    await resolver.current('orders');
    expect(requests).toHaveLength(3);
  });

  test('after a failure of the network, the deliveries of the next five seconds fail without another request', async () => {
    const { resolver, requests, clock, current } = setUp(new Failure('ConnectionRefused', 'injected.'));
    const failure = {
      code: 'ConnectionRefused',
      message: 'The endpoint could not be asked for its consent (OPTIONS), and is asked again after 5 s: injected.',
    };
    await expect(resolver.current('orders')).rejects.toMatchObject(failure);
    current.reply = allowed();
    await clock.advance(4999);
    await expect(resolver.current('orders')).rejects.toMatchObject(failure);
    expect(requests).toHaveLength(1);
    await clock.advance(1);
    expect(await resolver.current('orders')).toBe(current.route);
  });

  test.each([
    ['60', 1],
    ['30', 0.5],
    ['119', 1],
  ])('the allowed rate of %s a minute is a ceiling of %f requests a second', async (rate, perSecond) => {
    const { resolver, current } = setUp(allowed(rate));
    const first = await resolver.current('orders');
    expect(first.apiDestination).toEqual({
      ...current.route.apiDestination,
      invocationRateLimitPerSecond: perSecond,
    });
    expect((await resolver.current('orders')).apiDestination).toBe(first.apiDestination);
  });

  test.each(['*', '0', 'many', '6000000'])(
    'WebHook-Allowed-Rate %s does not change the configured rate',
    async (rate) => {
      const { resolver, current } = setUp(allowed(rate));
      expect(await resolver.current('orders')).toBe(current.route);
    },
  );

  test('a destination without a rate limit gets the allowed rate as its limit', async () => {
    const { resolver } = setUp(allowed('60'), { webhookRequestOrigin: origin, invocationRateLimit: 'NONE' });
    const { apiDestination, policy } = await resolver.current('orders');
    expect(apiDestination.invocationRateLimitPerSecond).toBe(1);
    expect(policy.invocationRateLimit).toBeUndefined();
  });
});

test('a destination whose policy has a format gets the code that makes CloudEvents, and is then cached', async () => {
  const { resolver, current, requests } = setUp(allowed(), { format: 'CLOUDEVENTS_BINARY' });
  expect(resolver.cached('orders')).toBeUndefined();
  const completed = await resolver.current('orders');
  expect(completed).toMatchObject({ ...current.route, renderForm: expect.any(Function) });
  expect(await resolver.fresh('orders')).toBe(completed);
  expect(resolver.cached('orders')).toBe(completed);
  expect(requests).toEqual([]);
});

test('an endpoint whose policy has a format and an origin is asked for its consent, and gets CloudEvents', async () => {
  const { resolver, requests } = setUp(allowed(), { format: 'CLOUDEVENTS_BINARY', webhookRequestOrigin: origin });
  expect(await resolver.current('orders')).toHaveProperty('renderForm');
  expect(requests).toHaveLength(1);
});
