import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  alreadyInTurn,
  fromTurnGeneration,
  shardCount,
  shareOf,
  toTurnGeneration,
} from '../../../../lib/core/rate/shards.ts';

const destination = { incarnation: 'd', revision: 1, ratePerSecond: 300, burst: 1 };

describe('shards', () => {
  test.each([
    { ratePerSecond: 1, batchSize: 10, shards: 1 },
    { ratePerSecond: 300, batchSize: 10, shards: 1 },
    { ratePerSecond: 2000, batchSize: 10, shards: 1 },
    { ratePerSecond: 5000, batchSize: 10, shards: 3 },
    { ratePerSecond: 5000, batchSize: 1, shards: 25 },
    { ratePerSecond: 100_000, batchSize: 10, shards: 50 },
    { ratePerSecond: 100_000, batchSize: 1, shards: 500 },
  ])('$ratePerSecond a second in batches of $batchSize need $shards', ({ ratePerSecond, batchSize, shards }) => {
    expect(shardCount({ ...destination, ratePerSecond }, batchSize)).toBe(shards);
  });

  test('share out the whole rate, and together promise no more than the destination may', () => {
    const arbitrary = fc.record({
      ratePerSecond: fc.integer({ min: 1, max: 100_000 }),
      burst: fc.integer({ min: 1, max: 1000 }),
      batchSize: fc.integer({ min: 1, max: 100 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ batchSize, ...rated }) => {
        const shards = shardCount({ ...destination, ...rated }, batchSize);
        const shares = Array.from({ length: shards }, (_, shard) =>
          shareOf({ ...destination, ...rated }, shard, shards),
        );
        const rates = shares.map(({ ratePerSecond }) => ratePerSecond);
        expect(rates.reduce((a, b) => a + b)).toBe(rated.ratePerSecond);
        expect(Math.min(...rates)).toBeGreaterThanOrEqual(1);
        const inOneSecond = shares.reduce((sum, { ratePerSecond, burst }) => sum + ratePerSecond + burst - 1, 0);
        expect(inOneSecond).toBeLessThanOrEqual(rated.ratePerSecond + rated.burst - 1);
      }),
    );
  });

  test('a turn names the shard whose line it stands in', () => {
    expect(fromTurnGeneration(toTurnGeneration(7, 24))).toEqual({ generation: 7, shard: 24 });
    expect(fromTurnGeneration(0)).toEqual({ generation: 0, shard: 0 });
  });

  test('who is in turn already may go to any shard', () => {
    expect(fromTurnGeneration(alreadyInTurn.generation)).toEqual({ generation: 1, shard: undefined });
  });
});
