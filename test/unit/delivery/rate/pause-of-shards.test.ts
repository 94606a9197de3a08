import { beforeEach, describe, expect, test } from 'vitest';
import { defaultTransport } from '../../../../lib/core/destination/delivery-policy.ts';
import type { ResolvedDestination } from '../../../../lib/core/destination/resolved-destination.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { forEverUs } from '../../../../lib/core/health/health.ts';
import { pauseByHandWrite, resumeByHandWrite } from '../../../../lib/core/health/pause-by-hand.ts';
import type { RatedDestination, Turn } from '../../../../lib/core/rate/shards.ts';
import { inTurn, shardCount } from '../../../../lib/core/rate/shards.ts';
import type { RateLimiter } from '../../../../lib/delivery/rate/limiter.ts';
import { createSlotHorizon } from '../../../../lib/delivery/rate/slot-horizon.ts';
import { createPacing } from '../../../../lib/delivery/rate/pacing.ts';
import type { BucketKey, RateBuckets } from '../../../../lib/ports/rate.ts';
import { apiDestinationOf, connectionOf } from '../../../contract/dynamodb/subjects.ts';
import { policyOf } from '../../../fakes/delivery-policies.ts';
import { createFleet, orders as slow, passing, queueBatch } from './rate-limiters.ts';

const shards = [0, 1, 2];
/** A rate that three shards share. */
const orders: RatedDestination = { ...slow, ratePerSecond: 5000 };
const lowered = { ...orders, ratePerSecond: 100, revision: 2 };
const raised = { ...orders, revision: 3 };
const resolved: ResolvedDestination = {
  connection: connectionOf('billing'),
  apiDestination: apiDestinationOf('orders', {
    incarnation: orders.incarnation,
    revision: orders.revision,
    invocationRateLimitPerSecond: orders.ratePerSecond,
  }),
  secret: { credentials: { authorizationType: 'BASIC', username: 'someone', password: 'something' } },
  policy: policyOf(),
  transport: defaultTransport,
  versions: '',
};
const keyOf = (shard: number): BucketKey => ({ destinationIncarnation: orders.incarnation, shard });

/** Calls of the table, as text. */
let calls: string[];
let afterNextWrite: () => Promise<unknown>;
/** Whether the first shard cannot be read. */
let isFirstDown: boolean;

function observed(buckets: RateBuckets): RateBuckets {
  return {
    async read(key) {
      if (isFirstDown && key.shard === 0) throw new Failure('StoreUnavailable', 'The table does not answer.');
      calls.push(`read ${key.shard}`);
      return buckets.read(key);
    },
    async write(key, write) {
      calls.push(`write ${key.shard}`);
      const result = await buckets.write(key, write);
      const after = afterNextWrite;
      afterNextWrite = async () => undefined;
      await after();
      return result;
    },
  };
}

let fleet: ReturnType<typeof createFleet>;

beforeEach(() => {
  calls = [];
  isFirstDown = false;
  afterNextWrite = async () => undefined;
  fleet = createFleet({ table: (buckets) => observed(buckets) });
});

/** Pauses these shards as PauseApiDestination does. */
async function pause(paused: readonly number[], untilUs = forEverUs): Promise<void> {
  for (const shard of paused) {
    const bucket = await fleet.buckets.read(keyOf(shard));
    await fleet.buckets.write(keyOf(shard), pauseByHandWrite(bucket, untilUs, fleet.clock.nowMs() * 1000, 1));
  }
}

async function resume(resumed: readonly number[]): Promise<void> {
  for (const shard of resumed) {
    const write = resumeByHandWrite(await fleet.buckets.read(keyOf(shard)), fleet.clock.nowMs() * 1000);
    if (write !== undefined) await fleet.buckets.write(keyOf(shard), write);
  }
}

/** The numbers of slots of three reservations, one from each shard. */
async function slotsOf(limiter: RateLimiter, destination: RatedDestination): Promise<number[]> {
  const slots: number[] = [];
  for (const shard of shards) {
    const turn: Turn = { kind: 'return', generation: 1, shard, atMs: fleet.clock.nowMs() };
    const given = limiter.reserve(destination, 1, { ...queueBatch, turn });
    slots.push((await passing(fleet.clock, given)).slotTimesMs.length);
  }
  return slots;
}

test('the rate of these tests has three shards', () => {
  expect([shardCount(orders, 10), shardCount(lowered, 10)]).toEqual([3, 1]);
});

describe('a pause by hand, and a rate that changes its number of shards', () => {
  test('a pause by hand also holds for shards that a higher rate adds during the pause', async () => {
    await slotsOf(fleet.worker(), lowered);
    await pause([0]);
    expect(await slotsOf(fleet.worker(), raised)).toEqual([0, 0, 0]);
    const pauses = await Promise.all(shards.map((shard) => fleet.buckets.read(keyOf(shard))));
    expect(pauses.map((bucket) => bucket?.health.pausedUntilUs)).toEqual([forEverUs, forEverUs, forEverUs]);
  });

  test('a pause by hand also holds for shards from before the rate was lowered, when the rate is raised again', async () => {
    const worker = fleet.worker();
    await slotsOf(worker, orders);
    await slotsOf(worker, lowered);
    await pause([0]);
    expect(await slotsOf(worker, raised)).toEqual([0, 0, 0]);
    expect(await slotsOf(fleet.worker(), raised)).toEqual([0, 0, 0]);
  });

  test('a pause that was ended while the rate had fewer shards does not come back when the rate is raised again', async () => {
    await slotsOf(fleet.worker(), orders);
    await pause(shards);
    await slotsOf(fleet.worker(), lowered);
    await resume([0]);
    expect(await slotsOf(fleet.worker(), raised)).toEqual([1, 1, 1]);
    expect((await fleet.buckets.read(keyOf(2)))?.health.pausedUntilUs).toBe(0);
  });

  test('a shard whose pause by hand has another end than that of the first shard gets the end of the first one', async () => {
    const untilUs = (fleet.clock.nowMs() + 600_000) * 1000;
    await slotsOf(fleet.worker(), orders);
    await pause([1, 2]);
    await pause([0], untilUs);
    expect(await slotsOf(fleet.worker(), orders)).toEqual([0, 0, 0]);
    expect((await fleet.buckets.read(keyOf(1)))?.health.pausedUntilUs).toBe(untilUs);
  });

  test('a worker that knows of a pause by hand stops a shard that the pause has not reached', async () => {
    const worker = fleet.worker();
    await slotsOf(worker, orders);
    await pause([0]);
    await slotsOf(worker, orders);
    expect(await slotsOf(worker, orders)).toEqual([0, 0, 0]);
  });

  test('a pause by hand that ends while a worker gives it to another shard ends for that shard too', async () => {
    const worker = fleet.worker();
    await slotsOf(worker, lowered);
    await pause([0]);
    expect((await worker.reserve(lowered, 1, { ...queueBatch, turn: inTurn })).slotTimesMs).toEqual([]);
    afterNextWrite = () => resume([0]);
    const turn: Turn = { kind: 'return', generation: 1, shard: 1, atMs: fleet.clock.nowMs() };
    const given = await passing(fleet.clock, worker.reserve(raised, 1, { ...queueBatch, turn }));
    expect(given.slotTimesMs).toHaveLength(1);
  });

  test('a worker that cannot read whether the destination is paused takes no slot of a shard that is new', async () => {
    isFirstDown = true;
    const turn: Turn = { kind: 'return', generation: 1, shard: 1, atMs: fleet.clock.nowMs() };
    const given = fleet.worker().reserve(orders, 1, { ...queueBatch, turn });
    expect((await passing(fleet.clock, given)).slotTimesMs).toEqual([]);
    expect(await fleet.buckets.read(keyOf(1))).toBeUndefined();
  });

  test('as long as a destination is not paused, no shard that exists costs a new worker a call of the first shard', async () => {
    await slotsOf(fleet.worker(), orders);
    calls = [];
    await slotsOf(fleet.worker(), orders);
    expect(calls.toSorted()).toEqual(['read 0', 'read 1', 'read 2', 'write 0', 'write 1', 'write 2']);
  });
});

test('a delivery is sent after a pause by hand has ended, even if its worker saw the pause only in the first shard', async () => {
  const worker = fleet.worker();
  await slotsOf(worker, orders);
  await pause(shards);
  const turn: Turn = { kind: 'return', generation: 1, shard: 0, atMs: 0 };
  expect((await passing(fleet.clock, worker.reserve(orders, 1, { ...queueBatch, turn }))).slotTimesMs).toEqual([]);
  await resume(shards);
  let reservations = 0;
  const limiter: RateLimiter = {
    ...worker,
    reserve(...args) {
      reservations += 1;
      return worker.reserve(...args);
    },
  };
  const pacing = createPacing({
    limiter,
    clock: fleet.clock,
    horizon: createSlotHorizon(queueBatch.horizonMs, fleet.clock),
  });
  const deadline = { endMs: fleet.clock.nowMs() + 60_000, signal: new AbortController().signal };
  const waiting = pacing.waitForSlot(resolved, deadline, { ...turn, shard: 1 });
  expect(await passing(fleet.clock, waiting)).toMatchObject({ kind: 'now' });
  expect(reservations).toBe(1);
});
