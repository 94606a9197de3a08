import { expect, test, vi } from 'vitest';
import { TokenFleet } from './token-fleet.ts';

// The simulation takes a few seconds, and more on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const fleet = { workers: 50, backlog: 3000, healthyPerSecond: 200 } as const;

test('3,000 queued events of a destination whose token endpoint never answers neither delay the events of other destinations nor occupy the fleet', async () => {
  const run = await new TokenFleet({ ...fleet, durationSeconds: 20 }).run();
  const waitsMs = run.healthyWaitsMs.toSorted((one, other) => one - other);
  expect(waitsMs.length).toBeGreaterThan(3900);
  expect(waitsMs[Math.floor(waitsMs.length * 0.99)]).toBeLessThan(1000);
  expect(waitsMs.at(-1)).toBeLessThan(2000);
  expect(run.heldMs / (fleet.workers * 20_000)).toBeLessThan(1 / 3);
  // One request at a time: 5 s each, with pauses of 1 and 2 s between them.
  for (const [index, { beganMs }] of run.tokenRequests.entries())
    expect(beganMs).toBeGreaterThan(run.tokenRequests[index - 1]?.endedMs ?? -1);
  expect(run.tokenRequests).toHaveLength(3);
});

test('when a token endpoint answers again, one request gets the token, and 3,000 waiting events are delivered in the next seconds', async () => {
  const run = await new TokenFleet({ ...fleet, durationSeconds: 40, healAfterSeconds: 20 }).run();
  const healed = run.tokenRequests.filter(({ beganMs, endedMs }) => beganMs >= 20_000 && endedMs - beganMs < 1000);
  expect(healed).toHaveLength(1);
  expect(run.tokenRequests.at(-1)).toBe(healed[0]);
  expect(run.sickDeliveredMs).toHaveLength(fleet.backlog);
  const [{ endedMs } = { endedMs: 0 }] = healed;
  expect(Math.max(...run.sickDeliveredMs) - endedMs).toBeLessThan(10_000);
});
