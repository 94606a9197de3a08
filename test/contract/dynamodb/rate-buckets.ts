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

/** The contract of the port RateBuckets, for the DynamoDB adapter and its fake. */
export function describeRateBuckets(name: string, open: () => Promise<RateBuckets>): void {
  describe(`rate buckets: ${name}`, () => {
    let buckets: RateBuckets;
    let count = 0;
    const key = (shard = 0): BucketKey => ({ destinationIncarnation: `${name} ${count}`, shard });
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

    test('the first write creates a bucket of generation 1 with the revision of the write', async () => {
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

    test('a write to the bucket of one shard does not change other shards or destinations', async () => {
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

    test('one write can take both slots and return times after those that were given before', async () => {
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

    const untilTen = 'a bucket whose slots end at 10 µs';
    const withoutReturns = 'a bucket without return times';
    const ofOne = 'a bucket of generation 1';
    const ofThree = 'a bucket of revision 3';

    test.each([
      [untilTen, 'refuses', 'the slots end before 10 µs', { of: 'slots', is: 'below', than: nowUs + 10 }],
      [untilTen, 'accepts', 'the slots end before 11 µs', { of: 'slots', is: 'below', than: nowUs + 11 }],
      [untilTen, 'refuses', 'the slots end at 9 µs or earlier', { of: 'slots', is: 'atMost', than: nowUs + 9 }],
      [untilTen, 'accepts', 'the slots end at 10 µs or earlier', { of: 'slots', is: 'atMost', than: nowUs + 10 }],
      [untilTen, 'accepts', 'the slots end at 10 µs or later', { of: 'slots', is: 'atLeast', than: nowUs + 10 }],
      [untilTen, 'refuses', 'the slots end at 11 µs or later', { of: 'slots', is: 'atLeast', than: nowUs + 11 }],
      [
        withoutReturns,
        'refuses',
        'the return times do not end before the slots',
        { of: 'returns', is: 'atLeast', than: 'slots' },
      ],
      [
        withoutReturns,
        'accepts',
        'the return times end before the slots',
        { of: 'returns', is: 'below', than: 'slots' },
      ],
      [withoutReturns, 'accepts', 'the return times end at 0', { of: 'returns', is: 'equalTo', than: 0 }],
      [withoutReturns, 'refuses', 'the return times end at 1 µs', { of: 'returns', is: 'equalTo', than: 1 }],
      [ofOne, 'accepts', 'the generation is 1', { of: 'generation', is: 'equalTo', than: 1 }],
      [ofOne, 'refuses', 'the generation is 2', { of: 'generation', is: 'equalTo', than: 2 }],
      [ofThree, 'refuses', 'the revision is below 3', { of: 'revision', is: 'below', than: 3 }],
      [ofThree, 'accepts', 'the revision is below 4', { of: 'revision', is: 'below', than: 4 }],
    ] as const)('%s %s a write on the condition that %s', async (_bucket, verdict, _condition, clause) => {
      await create();
      const result = await buckets.write(key(), write({ slots: { from: nowUs, byUs: 99 }, where: [clause] }));
      expect(result.kind).toBe(verdict === 'accepts' ? 'written' : 'refused');
      expect((await buckets.read(key()))?.slotsUntilUs).toBe(verdict === 'accepts' ? nowUs + 99 : nowUs + 10);
    });

    test('a write of which one condition does not hold changes nothing, and its refusal returns the bucket', async () => {
      await create();
      const where: Clause[] = [
        { of: 'slots', is: 'atLeast', than: nowUs },
        { of: 'generation', is: 'equalTo', than: 9 },
      ];
      const result = await buckets.write(key(), write({ slots: { from: 'slots', byUs: 1 }, where, orAbsent: true }));
      expect(result).toEqual({ kind: 'refused', bucket: first });
      expect(await buckets.read(key())).toEqual(first);
    });

    test('a write that raises the generation adds one to it and sets the revision', async () => {
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

    test('a write with an older revision does not replace the newer revision of the bucket', async () => {
      await create();
      const where: Clause[] = [{ of: 'slots', is: 'atLeast', than: nowUs }];
      await buckets.write(key(), write({ slots: { from: 'slots', byUs: 1 }, where, revision: 1 }));
      expect((await buckets.read(key()))?.revision).toBe(3);
    });

    test('twenty simultaneous writes are all given different slots', async () => {
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
