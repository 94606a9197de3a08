import { describe, expect, test } from 'vitest';
import { shardsInUse } from '../../../../lib/core/health/allowance.ts';
import { unknownHealth } from '../../../../lib/core/health/health.ts';
import { shardCount } from '../../../../lib/core/rate/shards.ts';
import { createRateLimiter } from '../../../../lib/delivery/rate/limiter.ts';
import { createInMemoryRateBuckets } from '../../../fakes/in-memory-rate-buckets.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { healthy } from '../../../fakes/healthy.ts';
import { orders } from '../../delivery/rate/rate-limiters.ts';

const batchSize = 10;
const fastest = { ...orders, ratePerSecond: 100_000 };

function inUse(answerMs: number, destination: Partial<typeof fastest> & { maximumConcurrency?: number } = {}): number {
  const rated = { ...fastest, ...destination };
  const health = { ...unknownHealth, answerUs: answerMs * 1000 };
  return shardsInUse(rated, shardCount(rated, batchSize), health, { invocations: 3000, batchSize });
}

describe('the shards that newcomers use', () => {
  test('a fast endpoint uses all shards of its rate, and a slow or unknown one as many as its requests need', () => {
    expect(inUse(5)).toBe(50);
    // A third of 3,000 invocations with ten requests each makes 20,000 requests a second. A shard gives 2,000.
    expect(inUse(500)).toBe(10);
    expect(inUse(0)).toBe(10);
    expect(inUse(50_000)).toBe(1);
  });

  test('a maximum concurrency decides how many shards are used', () => {
    expect(inUse(100, { maximumConcurrency: 1000 })).toBe(5);
  });

  test('a rate that one shard holds uses one shard', () => {
    expect([inUse(1, { ratePerSecond: 10 }), inUse(60_000, { ratePerSecond: 10 })]).toEqual([1, 1]);
  });

  test('forty workers that begin with the same shard of a new endpoint all get slots at once', async () => {
    const clock = createManualClock();
    const dependencies = { ...healthy, invocations: 1000, buckets: createInMemoryRateBuckets(), clock, batchSize };
    const reservations = Array.from({ length: 40 }, () =>
      createRateLimiter({ ...dependencies, random: () => 0.5 }).reserve(fastest, 1, { horizonMs: 250 }),
    );
    const given = await Promise.all(reservations);
    expect(given.flatMap(({ slotTimesMs }) => slotTimesMs)).toHaveLength(40);
  });
});
