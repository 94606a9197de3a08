import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RuntimeWorld, startRuntimeWorld } from './runtime-world.ts';

let world: RuntimeWorld;
beforeAll(async () => {
  world = await startRuntimeWorld();
});
afterAll(() => world.close());

const send = (id: string) => ({ apiDestination: 'orders', event: { id, source: 'shop', detail: {} } });

/** Longer and shorter than a kept-alive connection is trusted (4 s). */
test.each([5000, 2000])(
  'after a freeze of %i ms in which every connection died, a delivery arrives once, at its first attempt',
  async (frozenMs) => {
    const { endpoint, relay } = world;
    // Old enough to be read again afterwards, over connections that are dead as well.
    const environment = await world.start('deliver', { CACHE_SECONDS: '1' });
    await environment.invoke(send(`before-${frozenMs}`));
    const [connections, relayed] = [endpoint.connectionCount(), relay.connectionCount()];
    await environment.freeze(frozenMs, () => {
      endpoint.dropConnections();
      relay.dropConnections();
    });
    expect(await environment.invoke(send(`after-${frozenMs}`))).toMatchObject({
      kind: 'answered',
      value: { outcome: 'delivered', attempts: 1, status: 200 },
    });
    const arrived = endpoint.requests.filter(
      ({ headers }) => headers['idempotency-key'] === `after-${frozenMs}/orders`,
    );
    expect(arrived).toHaveLength(1);
    expect(endpoint.connectionCount()).toBe(connections + 1);
    expect(relay.connectionCount()).toBeGreaterThan(relayed);
    expect(environment.processCount()).toBe(1);
  },
);
