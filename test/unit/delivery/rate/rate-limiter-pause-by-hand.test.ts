import { expect, test } from 'vitest';
import { forEverUs } from '../../../../lib/core/health/health.ts';
import { pauseByHandWrite, resumeByHandWrite } from '../../../../lib/core/health/pause-by-hand.ts';
import type { Bucket, BucketWrite } from '../../../../lib/core/rate/bucket.ts';
import { createFleet, orders, queueBatch } from './rate-limiters.ts';

const key = { destinationIncarnation: orders.incarnation, shard: 0 };

/** A fleet, with functions that pause and resume its destination as the control API does. */
function createPausedFleet() {
  const { buckets, clock, worker } = createFleet();
  async function change(make: (bucket: Bucket | undefined, nowUs: number) => BucketWrite | undefined): Promise<void> {
    const write = make(await buckets.read(key), clock.nowMs() * 1000);
    if (write === undefined) expect.fail('There is nothing to write.');
    expect(await buckets.write(key, write)).toMatchObject({ kind: 'written' });
  }
  return {
    buckets,
    clock,
    worker,
    pause: (untilUs: number) => change((bucket, nowUs) => pauseByHandWrite(bucket, untilUs, nowUs, orders.revision)),
    resume: () => change(resumeByHandWrite),
  };
}

test('a destination that is paused without an end gives no slot, and its deliveries ask again within 900 s', async () => {
  const { worker, pause, clock } = createPausedFleet();
  await pause(forEverUs);
  const { slotTimesMs, returns } = await worker().reserve(orders, 5, queueBatch);
  expect([slotTimesMs, returns.length]).toEqual([[], 5]);
  for (const { atMs } of returns) {
    expect(atMs).toBeGreaterThan(clock.nowMs());
    expect(atMs).toBeLessThanOrEqual(clock.nowMs() + 900_000);
  }
});

test('a request to a destination that somebody has paused waits for the pause', async () => {
  const { worker, pause, resume, clock } = createPausedFleet();
  const limiter = worker();
  await pause(forEverUs);
  await limiter.reserve(orders, 1, queueBatch);
  expect(limiter.monitorOf(orders).waitsFor).toBe('pause');
  await resume();
  clock.set(clock.nowMs() + 2000);
  await limiter.reserve(orders, 1, queueBatch);
  expect(limiter.monitorOf(orders).waitsFor).toBe('rate');
});

test('even a worker that has not read the pause of a destination gets no slot', async () => {
  const { worker, pause, buckets } = createPausedFleet();
  const unaware = worker();
  await unaware.reserve(orders, 1, queueBatch);
  await pause(forEverUs);
  const before = await buckets.read(key);
  expect((await unaware.reserve(orders, 1, queueBatch)).slotTimesMs).toEqual([]);
  expect(await buckets.read(key)).toEqual(before);
});

test('deliveries of a destination that is paused for a short time come back at the end of the pause', async () => {
  const { worker, pause, clock } = createPausedFleet();
  const untilMs = clock.nowMs() + 60_000;
  await pause(untilMs * 1000);
  const { returns } = await worker().reserve(orders, 2, queueBatch);
  expect(returns.map(({ atMs }) => atMs)).toEqual([untilMs - 1000, untilMs - 900]);
});

test('after a destination has been resumed, a delivery that waits for the end of the pause gets a slot at once', async () => {
  const { worker, pause, resume, clock } = createPausedFleet();
  const limiter = worker();
  await pause((clock.nowMs() + 600_000) * 1000);
  const [turn] = (await limiter.reserve(orders, 1, queueBatch)).returns;
  await resume();
  clock.set(clock.nowMs() + 2000);
  const { slotTimesMs } = await limiter.reserve(orders, 1, { ...queueBatch, ...(turn && { turn }) });
  expect(slotTimesMs).toHaveLength(1);
  expect(slotTimesMs[0]).toBeLessThan(clock.nowMs() + 50);
});

test('a worker that does not know yet that a pause was ended gets a slot at once', async () => {
  const { worker, pause, resume, clock } = createPausedFleet();
  const unaware = worker();
  await pause((clock.nowMs() + 600_000) * 1000);
  await unaware.reserve(orders, 1, queueBatch);
  await resume();
  const { slotTimesMs } = await unaware.reserve(orders, 1, queueBatch);
  expect(slotTimesMs).toHaveLength(1);
  expect(slotTimesMs[0]).toBeLessThan(clock.nowMs() + 50);
});
