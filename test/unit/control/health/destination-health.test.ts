import { beforeEach, describe, expect, test } from 'vitest';
import { createHealthOperations } from '../../../../lib/control/health/health-operations.ts';
import { forEverUs, unknownHealth } from '../../../../lib/core/health/health.ts';
import type { World } from '../world.ts';
import { basicInput, caller, createWorld } from '../world.ts';

let world: World;
let incarnation: string;

/** A rate that three shards hold. */
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

/** A worker's write, which gives return times away. */
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
  test('a pause and its end are written to every shard of a high rate', async () => {
    await world.call('PauseApiDestination', named);
    expect(await pausesOfShards()).toEqual([forEverUs, forEverUs, forEverUs, undefined]);
    await world.call('ResumeApiDestination', named);
    expect(await pausesOfShards()).toEqual([0, 0, 0, undefined]);
  });

  test('a pause that has failed at one shard is completed by the same request again', async () => {
    world.faults.fail('buckets.write', 'before');
    await expect(world.call('PauseApiDestination', named)).rejects.toThrow('buckets.write');
    expect(await pausesOfShards()).not.toEqual([forEverUs, forEverUs, forEverUs, undefined]);
    expect(await world.call('PauseApiDestination', named)).toMatchObject({ State: 'PAUSED' });
    expect(await pausesOfShards()).toEqual([forEverUs, forEverUs, forEverUs, undefined]);
  });

  test('a worker that creates the bucket meanwhile loses nothing, and the destination is paused', async () => {
    const held = world.faults.hold('buckets.write');
    const pausing = world.call('PauseApiDestination', named);
    await held.reached;
    for (const shard of [0, 1, 2]) await writeAsWorker(shard);
    held.release();
    expect(await pausing).toMatchObject({ State: 'PAUSED', LastFailure: { Code: 'TimedOut' } });
    expect(await pausesOfShards()).toEqual([forEverUs, forEverUs, forEverUs, undefined]);
  });

  test('a pause is ended even if another person changes it meanwhile', async () => {
    await world.call('PauseApiDestination', named);
    const held = world.faults.hold('buckets.write');
    const resuming = world.call('ResumeApiDestination', named);
    await held.reached;
    await world.call('PauseApiDestination', { ...named, Until: world.clock.nowMs() / 1000 + 60 });
    held.release();
    await resuming;
    expect((await pausesOfShards())[0]).toBe(0);
  });

  test('a destination that nobody has used can be resumed, and nothing is written', async () => {
    const health = { Name: 'orders', State: 'HEALTHY', FailuresInRow: 0, WaitingEvents: 0 };
    expect(await world.call('ResumeApiDestination', named)).toEqual(health);
    expect(world.buckets.writes).toBe(0);
  });

  test('a pause must end after now, and an end beyond every clock is no end', async () => {
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

test('the health shows the events that wait in all shards, at the rate of each', async () => {
  for (const shard of [0, 1, 2]) await writeAsWorker(shard);
  expect(await world.call('GetDestinationHealth', named)).toMatchObject({ WaitingEvents: 60 * 5000 });
  const bucket = await bucketOf(0);
  expect(bucket?.health).toEqual({ ...unknownHealth, lastFailureCode: 'TimedOut' });
});

test('the number of waiting events follows the maximum concurrency of a slow endpoint', async () => {
  await writeAsWorker(0);
  const answerUs = { health: { set: { answerUs: 500_000 } }, where: [], orAbsent: false, revision: 1 };
  const key = { destinationIncarnation: incarnation, shard: 0 };
  await world.buckets.write(key, { ...answerUs, expiresAtSeconds: 1_800_000_000 });
  await world.call('PutDeliveryPolicy', { ApiDestinationName: 'orders', MaximumConcurrency: 30 });
  // A third of 30 requests, each for half a second, are 20 a second.
  expect(await world.call('GetDestinationHealth', named)).toMatchObject({ WaitingEvents: 60 * 20 });
});

test('a pause whose write is refused at each try is answered as a conflict', async () => {
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
