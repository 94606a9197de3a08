import type { Turn } from '../../../../lib/core/rate/shards.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromTurnNumber, inTurn, shardCount, shareOf, toTurnNumber } from '../../../../lib/core/rate/shards.ts';

const destination = { name: 'orders', timeoutMs: 5000, incarnation: 'd', revision: 1, ratePerSecond: 300, burst: 1 };

describe('shards', () => {
  test.each([
    { ratePerSecond: 1, batchSize: 10, shards: 1 },
    { ratePerSecond: 300, batchSize: 10, shards: 1 },
    { ratePerSecond: 2000, batchSize: 10, shards: 1 },
    { ratePerSecond: 5000, batchSize: 10, shards: 3 },
    { ratePerSecond: 5000, batchSize: 1, shards: 25 },
    { ratePerSecond: 100_000, batchSize: 10, shards: 50 },
    { ratePerSecond: 100_000, batchSize: 1, shards: 500 },
  ])(
    'a rate of $ratePerSecond a second in batches of $batchSize is divided among $shards shard(s)',
    ({ ratePerSecond, batchSize, shards }) => {
      expect(shardCount({ ...destination, ratePerSecond }, batchSize)).toBe(shards);
    },
  );

  test('the rates of all shards add up to the rate of the destination', () => {
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

  test.for<[Turn, number]>([
    [{ kind: 'newcomer', atMs: 5 }, 0],
    [{ kind: 'in-turn', atMs: 5 }, 1999],
    [{ kind: 'return', generation: 7, shard: 24, atMs: 5 }, 7024],
  ])(
    'a queue message holds the turn %j as the number %i, from which a worker reads the same turn',
    ([turn, number]) => {
      expect(toTurnNumber(turn)).toBe(number);
      expect(fromTurnNumber(number, 5)).toEqual(turn);
    },
  );

  test('a request in turn, which need not wait behind other deliveries, is still in turn when read from a queue message', () => {
    expect(toTurnNumber(inTurn)).toBe(1999);
    expect(fromTurnNumber(1999, 0)).toEqual(inTurn);
  });
});
