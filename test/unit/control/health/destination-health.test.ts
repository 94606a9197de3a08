import { beforeEach, describe, expect, test } from 'vitest';
import { createHealthOperations } from '../../../../lib/control/health/health-operations.ts';
import { forEverUs, unknownHealth } from '../../../../lib/core/health/health.ts';
import type { World } from '../world.ts';
import { basicInput, caller, createWorld } from '../world.ts';

let world: World;
let incarnation: string;

/** A rate that is divided among three shards. */
const rate = { InvocationRateLimitPerSecond: 5000 };
const named = { Name: 'orders' };

beforeEach(async () => {
  world = createWorld();
  const { ConnectionArn = '' } = await world.call('CreateConnection', basicInput);
  const endpoint = { InvocationEndpoint: 'https://example.com/orders', HttpMethod: 'POST' };
  await world.call('CreateApiDestination', { ...named, ...rate, ...endpoint, ConnectionArn });
  incarnation = (await world.apiDestinations.read('orders'))?.incarnation ?? '';
});

const bucketOf = (shard: number) => world.buckets.read({ destinationIncarnation: incarnation, shard });

async function pausesOfShards(): Promise<readonly (number | undefined)[]> {
  const buckets = await Promise.all([0, 1, 2, 3].map(bucketOf));
  return buckets.map((bucket) => bucket?.health.pausedUntilUs);
}

/** Writes the bucket like a worker that gives away the return times of the next minute. */
async function writeAsWorker(shard: number): Promise<void> {
  const { nowMs } = world.clock;
  await world.buckets.write(
    { destinationIncarnation: incarnation, shard },
    {
      returns: { from: (nowMs() + 60_000) * 1000, byUs: 0 },
      health: { set: { lastFailureCode: 'TimedOut' } },
      where: [],
      orAbsent: true,
      revision: 1,
      expiresAtSeconds: 1_800_000_000,
    },
  );
}

describe('a pause', () => {
  test('PauseApiDestination and ResumeApiDestination write to every shard of the destination', async () => {
    await world.call('PauseApiDestination', named);
    expect(await pausesOfShards()).toEqual([forEverUs, forEverUs, forEverUs, undefined]);
    await world.call('ResumeApiDestination', named);
    expect(await pausesOfShards()).toEqual([0, 0, 0, undefined]);
  });

  test('PauseApiDestination writes to one bucket of a destination without a rate limit', async () => {
    const policy = { ApiDestinationName: 'orders', InvocationRateLimit: 'NONE' };
    await world.call('PutDeliveryPolicy', policy);
    expect(await world.call('PauseApiDestination', named)).toMatchObject({ State: 'PAUSED' });
    expect(await pausesOfShards()).toEqual([forEverUs, undefined, undefined, undefined]);
  });

  test('repeating a PauseApiDestination that failed at one shard pauses every shard', async () => {
    world.faults.fail('buckets.write', 'before');
    await expect(world.call('PauseApiDestination', named)).rejects.toThrow('buckets.write');
    expect(await pausesOfShards()).not.toEqual([forEverUs, forEverUs, forEverUs, undefined]);
    expect(await world.call('PauseApiDestination', named)).toMatchObject({ State: 'PAUSED' });
    expect(await pausesOfShards()).toEqual([forEverUs, forEverUs, forEverUs, undefined]);
  });

  test('PauseApiDestination keeps what a worker writes when both create the bucket at the same time', async () => {
    const held = world.faults.hold('buckets.write');
    const pausing = world.call('PauseApiDestination', named);
    await held.reached;
    for (const shard of [0, 1, 2]) await writeAsWorker(shard);
    held.release();
    expect(await pausing).toMatchObject({ State: 'PAUSED', LastFailure: { Code: 'TimedOut' } });
    expect(await pausesOfShards()).toEqual([forEverUs, forEverUs, forEverUs, undefined]);
  });

  test('PauseApiDestination also pauses the shards that are added when somebody raises the rate at the same time', async () => {
    const held = world.faults.hold('buckets.write');
    const pausing = world.call('PauseApiDestination', named);
    await held.reached;
    await world.call('UpdateApiDestination', { ...named, InvocationRateLimitPerSecond: 8000 });
    await writeAsWorker(3);
    held.release();
    await pausing;
    expect(await pausesOfShards()).toEqual([forEverUs, forEverUs, forEverUs, forEverUs]);
  });

  test('ResumeApiDestination ends a pause even if somebody changes the pause at the same time', async () => {
    await world.call('PauseApiDestination', named);
    const held = world.faults.hold('buckets.write');
    const resuming = world.call('ResumeApiDestination', named);
    await held.reached;
    await world.call('PauseApiDestination', { ...named, Until: world.clock.nowMs() / 1000 + 60 });
    held.release();
    await resuming;
    expect((await pausesOfShards())[0]).toBe(0);
  });

  test('ResumeApiDestination writes nothing for a destination that no event was sent to', async () => {
    const health = { Name: 'orders', State: 'HEALTHY', FailuresInRow: 0, WaitingEvents: 0 };
    expect(await world.call('ResumeApiDestination', named)).toEqual(health);
    expect(world.buckets.writes).toBe(0);
  });

  test('a pause must end in the future, and a pause until an impossibly late time counts as a pause without an end', async () => {
    const now = world.clock.nowMs() / 1000;
    await expect(world.call('PauseApiDestination', { ...named, Until: now })).rejects.toMatchObject({
      code: 'ValidationException',
      message: expect.stringContaining('Parameter Until is not valid.'),
    });
    const health = await world.call('PauseApiDestination', { ...named, Until: now + 0.001 });
    expect(health).toMatchObject({ State: 'PAUSED', PausedUntil: now });
    expect(await world.call('PauseApiDestination', { ...named, Until: 1e300 })).not.toHaveProperty('PausedUntil');
    expect((await pausesOfShards())[0]).toBe(forEverUs);
  });
});

test('GetDestinationHealth shows the sum of the events that wait in all shards', async () => {
  for (const shard of [0, 1, 2]) await writeAsWorker(shard);
  expect(await world.call('GetDestinationHealth', named)).toMatchObject({ WaitingEvents: 60 * 5000 });
  const bucket = await bucketOf(0);
  expect(bucket?.health).toEqual({ ...unknownHealth, lastFailureCode: 'TimedOut' });
});

test('for a slow endpoint with a maximum concurrency, WaitingEvents is what the endpoint can answer by the last return time', async () => {
  await writeAsWorker(0);
  const answerUs = { health: { set: { answerUs: 500_000 } }, where: [], orAbsent: false, revision: 1 };
  const key = { destinationIncarnation: incarnation, shard: 0 };
  await world.buckets.write(key, { ...answerUs, expiresAtSeconds: 1_800_000_000 });
  await world.call('PutDeliveryPolicy', { ApiDestinationName: 'orders', MaximumConcurrency: 30 });
  // Each shard has a third of the 30 concurrent requests. Ten requests of half a second each are 20 a second.
  expect(await world.call('GetDestinationHealth', named)).toMatchObject({ WaitingEvents: 60 * 20 });
});

test('PauseApiDestination answers with a conflict when every try to write is refused', async () => {
  const operations = createHealthOperations({
    ...world.dependencies,
    buckets: {
      read: world.buckets.read,
      write: async () => ({ kind: 'refused' }),
    },
  });
  const pausing = operations['PauseApiDestination']?.(named, caller);
  await expect(pausing).rejects.toMatchObject({ code: 'ConcurrentModificationException' });
});
