import { beforeEach, describe, expect, test } from 'vitest';
import { unknownHealth } from '../../../lib/core/health/health.ts';
import type { Bucket, BucketWrite, Clause } from '../../../lib/core/rate/bucket.ts';
import type { BucketKey, RateBuckets } from '../../../lib/ports/rate.ts';

const nowUs = Date.UTC(2026, 0, 1) * 1000;
const first: Bucket = {
  slotsUntilUs: nowUs + 10,
  returnsUntilUs: 0,
  generation: 1,
  revision: 3,
  health: unknownHealth,
};

/** The contract of every RateBuckets. The tests run for the adapter and for the fake. */
export function describeRateBuckets(name: string, open: () => Promise<RateBuckets>): void {
  describe(`rate buckets: ${name}`, () => {
    let buckets: RateBuckets;
    let count = 0;
    const key = (shard = 0): BucketKey => ({ destinationIncarnation: `destination-${count}`, shard });
    const write = (change: Partial<BucketWrite>): BucketWrite => ({
      where: [],
      orAbsent: false,
      revision: 3,
      expiresAtSeconds: 1_800_000_000,
      ...change,
    });
    const create = (): Promise<unknown> =>
      buckets.write(
        key(),
        write({
          slots: { from: nowUs, byUs: 10 },
          where: [{ of: 'slots', is: 'below', than: nowUs }],
          orAbsent: true,
        }),
      );

    beforeEach(async () => {
      buckets = await open();
      count += 1;
    });

    test('a bucket that was never written reads as undefined', async () => {
      expect(await buckets.read(key())).toBeUndefined();
    });

    test('the first write makes a bucket of generation 1 with its own revision', async () => {
      expect(await create()).toEqual({ kind: 'written', bucket: first });
      expect(await buckets.read(key())).toEqual(first);
    });

    test('a write to a bucket that does not exist is refused, unless it may create one', async () => {
      const refused = await buckets.write(
        key(),
        write({ slots: { from: 'slots', byUs: 1 }, where: [{ of: 'slots', is: 'atLeast', than: 0 }] }),
      );
      expect(refused).toEqual({ kind: 'refused' });
      expect(await buckets.read(key())).toBeUndefined();
    });

    test('the buckets of two shards or destinations are kept apart', async () => {
      await create();
      expect(await buckets.read(key(1))).toBeUndefined();
      expect(await buckets.read({ ...key(), destinationIncarnation: 'other' })).toBeUndefined();
    });

    test('new slots begin exactly where the slots given before them end, to the microsecond', async () => {
      await create();
      const where: Clause[] = [
        { of: 'slots', is: 'atLeast', than: nowUs },
        { of: 'slots', is: 'atMost', than: nowUs + 10 },
      ];
      const written = await buckets.write(key(), write({ slots: { from: 'slots', byUs: 3334 }, where }));
      expect(written).toEqual({ kind: 'written', bucket: { ...first, slotsUntilUs: nowUs + 3344 } });
    });

    test('one write takes slots and return times, both after those given before', async () => {
      await create();
      const written = await buckets.write(
        key(),
        write({
          slots: { from: 'slots', byUs: 5 },
          returns: { from: 'slots', byUs: 20 },
          where: [{ of: 'returns', is: 'atMost', than: nowUs }],
        }),
      );
      const after = { ...first, slotsUntilUs: nowUs + 15, returnsUntilUs: nowUs + 30 };
      expect(written).toEqual({ kind: 'written', bucket: after });
      expect(
        await buckets.write(
          key(),
          write({
            returns: { from: 'returns', byUs: 7 },
            where: [{ of: 'returns', is: 'atLeast', than: 'slots' }],
          }),
        ),
      ).toEqual({ kind: 'written', bucket: { ...after, returnsUntilUs: nowUs + 37 } });
    });

    test.each([
      { of: 'slots', is: 'below', than: nowUs + 10, holds: false },
      { of: 'slots', is: 'below', than: nowUs + 11, holds: true },
      { of: 'slots', is: 'atMost', than: nowUs + 9, holds: false },
      { of: 'slots', is: 'atMost', than: nowUs + 10, holds: true },
      { of: 'slots', is: 'atLeast', than: nowUs + 10, holds: true },
      { of: 'slots', is: 'atLeast', than: nowUs + 11, holds: false },
      { of: 'returns', is: 'atLeast', than: 'slots', holds: false },
      { of: 'returns', is: 'below', than: 'slots', holds: true },
      { of: 'returns', is: 'equalTo', than: 0, holds: true },
      { of: 'returns', is: 'equalTo', than: 1, holds: false },
      { of: 'generation', is: 'equalTo', than: 1, holds: true },
      { of: 'generation', is: 'equalTo', than: 2, holds: false },
      { of: 'revision', is: 'below', than: 3, holds: false },
      { of: 'revision', is: 'below', than: 4, holds: true },
    ] as const)('a write on the condition $of $is $than succeeds: $holds', async ({ holds, ...clause }) => {
      await create();
      const result = await buckets.write(key(), write({ slots: { from: nowUs, byUs: 99 }, where: [clause] }));
      expect(result.kind).toBe(holds ? 'written' : 'refused');
      expect((await buckets.read(key()))?.slotsUntilUs).toBe(holds ? nowUs + 99 : nowUs + 10);
    });

    test('a write is refused when one of several conditions does not hold, and the bucket does not change', async () => {
      await create();
      const where: Clause[] = [
        { of: 'slots', is: 'atLeast', than: nowUs },
        { of: 'generation', is: 'equalTo', than: 9 },
      ];
      const result = await buckets.write(key(), write({ slots: { from: 'slots', byUs: 1 }, where, orAbsent: true }));
      expect(result).toEqual({ kind: 'refused', ...(result.bucket !== undefined && { bucket: first }) });
      expect(await buckets.read(key())).toEqual(first);
    });

    test('a raise increases the generation by one and sets the revision', async () => {
      await create();
      const raise = write({
        returns: { from: nowUs, byUs: 0 },
        raiseTo: 7,
        where: [{ of: 'revision', is: 'below', than: 7 }],
      });
      const after = { ...first, returnsUntilUs: nowUs, generation: 2, revision: 7 };
      expect(await buckets.write(key(), raise)).toEqual({ kind: 'written', bucket: after });
      expect((await buckets.write(key(), raise)).kind).toBe('refused');
      expect(await buckets.read(key())).toEqual(after);
    });

    test('a later write of an older revision does not take the newer one back', async () => {
      await create();
      const where: Clause[] = [{ of: 'slots', is: 'atLeast', than: nowUs }];
      await buckets.write(key(), write({ slots: { from: 'slots', byUs: 1 }, where, revision: 1 }));
      expect((await buckets.read(key()))?.revision).toBe(3);
    });

    test('each of many simultaneous writes adds to the others', async () => {
      await create();
      const where: Clause[] = [{ of: 'slots', is: 'atLeast', than: nowUs }];
      const adding = Array.from({ length: 20 }, () =>
        buckets.write(key(), write({ slots: { from: 'slots', byUs: 10 }, where })),
      );
      const ends = (await Promise.all(adding)).map(({ bucket }) => (bucket?.slotsUntilUs ?? 0) - nowUs);
      expect(ends.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => 20 + index * 10));
    });
  });
}
