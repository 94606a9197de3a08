import { expect, test } from 'vitest';
import { createDestination } from '../../fixtures/clients.ts';
import { ownClients, ownEndpoint, ownStack } from '../../fixtures/stack.ts';
import { createBusStory, Growing } from '../bus/bus-story.ts';

test('events of a healthy destination arrive while 300 events wait for an endpoint that never answers', async () => {
  const neverAnswered = new Promise<undefined>(() => undefined);
  const begun = new Growing<string>();
  const hung = await ownEndpoint(({ path }) => {
    begun.push(path);
    return neverAnswered;
  });
  const arrived = new Growing<string>();
  const healthy = await ownEndpoint(({ path }) => {
    arrived.push(path);
    return undefined;
  });
  const lines = new Growing<string>();
  const stack = await ownStack({ output: { line: (line) => lines.push(line), error: () => undefined } });
  const clients = ownClients(stack);
  const story = createBusStory(stack);
  for (const [name, { origin }] of Object.entries({ hung, healthy })) {
    const { ApiDestinationArn: Arn } = await createDestination(clients.events, name, {
      InvocationEndpoint: `${origin}/`,
    });
    await story.putRule({ Name: name, EventPattern: JSON.stringify({ source: [name] }) }, { Arn });
  }
  const entries = Array.from({ length: 10 }, () => ({ Source: 'hung', Detail: '{}' }));
  for (let batch = 0; batch < 30; batch += 1) await story.put(...entries);
  await begun.count(1);
  for (let event = 0; event < 20; event += 1) await story.put({ Source: 'healthy', Detail: '{}' });
  await arrived.count(20);
  expect(lines.items.filter((line) => line.includes('TimedOut'))).toEqual([]);
  // After the first timeouts the circuit opens, and then only probes are sent.
  const unhealthy = (line: string) => line.includes('unhealthy  hung, TimedOut');
  while (!lines.items.some(unhealthy)) await lines.count(lines.items.length + 1);
  expect(begun.items.length).toBeLessThan(150);
});
