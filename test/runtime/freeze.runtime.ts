import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Death } from './relay.ts';
import { type RuntimeWorld, startRuntimeWorld } from './runtime-world.ts';

let world: RuntimeWorld;
beforeAll(async () => {
  world = await startRuntimeWorld();
});
afterAll(() => world.close());

const send = (id: string) => ({ apiDestination: 'orders', event: { id, source: 'shop', detail: {} } });

/** A connection that was idle for more than 4 s is not used again. If a younger one is reset, the same attempt opens another. */
const freezes: readonly [frozenMs: number, death: Death][] = [
  [5000, 'closed'],
  [5000, 'silent'],
  [2000, 'reset'],
  [2000, 'closed'],
];

test.each(freezes)(
  'a delivery arrives once, at its first attempt, after a freeze of %i ms in which every connection was %s',
  async (frozenMs, death) => {
    const { endpoint, relay, endpointRelay } = world;
    const name = `${frozenMs}-${death}`;
    const environment = await world.start('deliver');
    expect(await environment.invoke(send(`before-${name}`))).toMatchObject({ value: { outcome: 'delivered' } });
    const connections = endpoint.connectionCount();
    await environment.freeze(frozenMs, () => {
      endpointRelay.killConnections(death);
      relay.killConnections('closed');
    });
    expect(await environment.invoke(send(`after-${name}`))).toMatchObject({
      kind: 'answered',
      value: { outcome: 'delivered', attempts: 1, status: 200 },
    });
    const arrived = endpoint.requests.filter(({ headers }) => headers['idempotency-key'] === `after-${name}/orders`);
    expect(arrived).toHaveLength(1);
    expect(endpoint.connectionCount()).toBe(connections + 1);
    expect(environment.processCount()).toBe(1);
  },
);
