import { expect, test } from 'vitest';
import { aliveSignal } from '../../../../lib/core/health/circuit.ts';
import { inTurn } from '../../../../lib/core/rate/shards.ts';
import { createRateLimiter } from '../../../../lib/delivery/rate/limiter.ts';
import type { RateBuckets } from '../../../../lib/ports/rate.ts';
import { createRecordedHealth } from '../../../fakes/healthy.ts';
import { createInMemoryRateBuckets } from '../../../fakes/in-memory-rate-buckets.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { inBatch, orders } from './health-fleets.ts';

const turnOfItsOwn = { ...inBatch, turn: inTurn };

/** One worker, and a function that is called during its next write of the table. */
function createWorker() {
  const clock = createManualClock();
  const buckets = createInMemoryRateBuckets();
  let duringWrite: () => void = () => undefined;
  const table: RateBuckets = {
    read: buckets.read,
    async write(key, write) {
      const result = await buckets.write(key, write);
      duringWrite();
      duringWrite = () => undefined;
      return result;
    },
  };
  const limiter = createRateLimiter({
    buckets: table,
    clock,
    random: () => 0.5,
    batchSize: 10,
    invocations: 1000,
    healthLog: createRecordedHealth(),
  });
  /** Begins a request. The returned function ends it after this time. */
  function begin(durationMs: number, destination = orders) {
    const request = limiter.monitorOf(destination).begin(false);
    const endMs = clock.nowMs() + durationMs;
    return () => {
      clock.set(endMs);
      void request.end(aliveSignal);
    };
  }
  const meanMs = async () => {
    const bucket = await buckets.read({ destinationIncarnation: orders.incarnation, shard: 0 });
    return (bucket?.health.answerUs ?? 0) / 1000;
  };
  const duringNextWrite = (call: () => void) => {
    duringWrite = call;
  };
  return { limiter, clock, begin, meanMs, duringNextWrite };
}

test('an answer that comes while its worker writes the bucket counts in the next write', async () => {
  const { limiter, begin, meanMs, duringNextWrite } = createWorker();
  await limiter.reserve(orders, 1, inBatch);
  begin(400)();
  duringNextWrite(begin(1200));
  await limiter.reserve(orders, 1, turnOfItsOwn);
  expect(await meanMs()).toBe(400);
  await limiter.reserve(orders, 1, turnOfItsOwn);
  expect(await meanMs()).toBe(480);
});

test('the first answer of an endpoint counts even if it comes while its worker writes the bucket', async () => {
  const { limiter, begin, meanMs, duringNextWrite } = createWorker();
  await limiter.reserve(orders, 1, inBatch);
  duringNextWrite(begin(400));
  await limiter.reserve(orders, 1, turnOfItsOwn);
  await limiter.reserve(orders, 1, turnOfItsOwn);
  expect(await meanMs()).toBe(400);
});

test('the latest answers decide the mean, however many a worker has received since its last write', async () => {
  const { limiter, begin, meanMs } = createWorker();
  await limiter.reserve(orders, 1, inBatch);
  for (let request = 0; request < 1000; request += 1) begin(20)();
  for (let request = 0; request < 22; request += 1) begin(3000)();
  await limiter.reserve(orders, 1, turnOfItsOwn);
  expect(await meanMs()).toBeGreaterThan(2500);
});

test('answers of the old endpoint do not count after its destination has been changed', async () => {
  const { limiter, begin, meanMs } = createWorker();
  const changed = { ...orders, revision: 2 };
  await limiter.reserve(orders, 1, inBatch);
  begin(4000)();
  await limiter.reserve(changed, 1, turnOfItsOwn);
  begin(20, changed)();
  await limiter.reserve(changed, 1, turnOfItsOwn);
  expect(await meanMs()).toBe(20);
});

test('the answer of a request counts even if its worker has used 10,000 other destinations during the request', async () => {
  const { limiter, begin, meanMs } = createWorker();
  await limiter.reserve(orders, 1, inBatch);
  const end = begin(2000);
  for (let other = 0; other < 10_000; other += 1) limiter.monitorOf({ ...orders, incarnation: `other ${other}` });
  end();
  await limiter.reserve(orders, 1, turnOfItsOwn);
  expect(await meanMs()).toBe(2000);
});

test('a worker that uses 10,000 more destinations does not forget one that it keeps using', async () => {
  const { limiter } = createWorker();
  const monitor = limiter.monitorOf(orders);
  for (let other = 0; other < 10_000; other += 1) {
    limiter.monitorOf({ ...orders, incarnation: `other ${other}` });
    if (other % 5000 === 0) await limiter.reserve(orders, 1, inBatch);
  }
  expect(limiter.monitorOf(orders)).toBe(monitor);
});
