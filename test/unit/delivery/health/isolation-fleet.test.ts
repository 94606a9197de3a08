import { expect, test } from 'vitest';
import type { Endpoint } from '../../../../bench/isolation/simulation.ts';
import {
  answering,
  hung,
  refused,
  simulateIsolation,
  slow,
  tenantFleet,
} from '../../../../bench/isolation/simulation.ts';

/** A worker that has just begun cannot know yet whether an endpoint is slow, so these seconds are the hardest. */
const firstSeconds = 8;

const kinds: readonly (readonly [string, Endpoint])[] = [
  ['never answers', hung],
  ['refuses every connection', refused],
  ['answers after 4.9 s', slow],
  ['answers at once', answering],
];

test.each(kinds)(
  '3,000 queued events for an endpoint that %s delay events of 999 other destinations by less than two seconds',
  async (_, deadEndpoint) => {
    const { journal } = await simulateIsolation({
      ...tenantFleet,
      dead: 1,
      deadEndpoint,
      durationSeconds: firstSeconds,
    });
    expect(journal.healthyWaits.length).toBeGreaterThan(100 * firstSeconds);
    for (const { waitedMs } of journal.healthyWaits) expect(waitedMs).toBeLessThan(2000);
  },
);

test('a fleet sends 3,000 queued events for an endpoint that answers at once within 12 s at a rate of 300 a second', async () => {
  const { journal, deadNames } = await simulateIsolation({
    ...tenantFleet,
    dead: 1,
    deadEndpoint: answering,
    deadPerSecond: 0,
    durationSeconds: 12,
  });
  const delivered = deadNames.flatMap((name) => journal.of(name).deliveredAtMs);
  expect(delivered.length).toBeGreaterThanOrEqual(0.99 * tenantFleet.backlog);
});

test('ten slow endpoints with 3,000 queued events each leave room for other endpoints when the ten answer times are known', async () => {
  const run = await simulateIsolation({ ...tenantFleet, dead: 10, deadEndpoint: slow, durationSeconds: 40 });
  const waits = run.journal.healthyWaits.filter(({ bornMs }) => bornMs >= run.beganMs + 10_000);
  expect(waits.length).toBeGreaterThan(5000);
  const late = waits.filter(({ waitedMs }) => waitedMs > 2000);
  expect(late.length / waits.length).toBeLessThan(0.01);
});
