import { describe, expect, test } from 'vitest';
import { Failure } from '../../../lib/core/failure.ts';
import { createPreparation } from '../../../lib/delivery/prepare.ts';
import type { Route } from '../../../lib/delivery/resolve.ts';
import { deliveryOf, routeOf } from './outcomes.ts';

const never = () => new Promise<Route>(() => undefined);
const noToken = () => Promise.reject(new Error('No token is needed here.'));

function prepareOver(resolver: { resolve?: () => Promise<Route>; resolveAnew?: () => Promise<Route> }) {
  const resolve = async () => routeOf();
  return createPreparation({
    resolver: { resolve, resolveAnew: resolve, ...resolver },
    tokens: { tokenFor: noToken, renew: noToken },
    userAgent: 'lastmile/test',
  });
}

/** A deadline that comes when it is told to. */
function createCut() {
  const expiry = new AbortController();
  return {
    signal: expiry.signal,
    come: () => expiry.abort(new Failure('OutOfTime', 'The invocation is about to end.')),
  };
}

describe('a store that never answers', () => {
  test('is waited for until the time kept for settling begins', async () => {
    const { signal, come } = createCut();
    const preparing = prepareOver({ resolve: never }).prepare(deliveryOf(), signal);
    come();
    await expect(preparing).rejects.toMatchObject({ code: 'OutOfTime' });
  });

  test('is not asked any more when that time has begun', async () => {
    const { signal, come } = createCut();
    come();
    const resolve = () => expect.fail('The store was asked.');
    await expect(prepareOver({ resolve }).prepare(deliveryOf(), signal)).rejects.toMatchObject({ code: 'OutOfTime' });
  });

  test('leaves an answer that rejects unjudged, and lets one that refuses count', async () => {
    const { signal, come } = createCut();
    const preparation = prepareOver({ resolveAnew: never });
    const delivery = deliveryOf({ target: { HttpParameters: { PathParameterValues: ['1'] } } });
    const sent = await preparation.prepare(delivery, signal);
    const rejected = preparation.prepareAgain(delivery, sent, 404, signal);
    const refused = preparation.prepareAgain(delivery, sent, 401, signal);
    come();
    await expect(rejected).rejects.toMatchObject({ code: 'OutOfTime' });
    expect(await refused).toBe(sent.route);
  });
});

describe('an answer that refuses or rejects', () => {
  const { signal } = createCut();
  const delivery = deliveryOf({ target: { HttpParameters: { PathParameterValues: ['1'] } } });

  test.each([401, 403])(
    'is asked for once more (%d) when a secret of the delivery policy has changed',
    async (status) => {
      const changed = { ...routeOf(), versions: 'version-2' };
      const preparation = prepareOver({ resolveAnew: async () => changed });
      const sent = await preparation.prepare(delivery, signal);
      expect(await preparation.prepareAgain(delivery, sent, status, signal)).toMatchObject({
        route: changed,
        request: {},
      });
    },
  );

  test.each([401, 403])('stands (%d) when nothing has changed', async (status) => {
    const preparation = prepareOver({});
    const sent = await preparation.prepare(delivery, signal);
    expect(await preparation.prepareAgain(delivery, sent, status, signal)).not.toHaveProperty('request');
  });
});
