import { beforeEach, describe, expect, test } from 'vitest';
import { forEverUs, unknownHealth } from '../../../lib/core/health/health.ts';
import { keepingPause, pauseByHandWrite, resumeByHandWrite } from '../../../lib/core/health/pause-by-hand.ts';
import type { Bucket, BucketWrite } from '../../../lib/core/rate/bucket.ts';
import { pauseWrite } from '../../../lib/core/rate/bucket.ts';
import type { SlotRequest, AssumedState } from '../../../lib/core/rate/decision.ts';
import type { Grant } from '../../../lib/core/rate/result.ts';
import { decide } from '../../../lib/core/rate/decision.ts';
import { grantOf } from '../../../lib/core/rate/result.ts';
import type { BucketView } from '../../../lib/core/rate/view.ts';
import { unknownView } from '../../../lib/core/rate/view.ts';
import type { BucketKey, RateBuckets } from '../../../lib/ports/rate.ts';
import { at, nowUs, ordinaryRequest, restedBucket, viewOf } from './rate-requests.ts';

/** The ordinary request, made this many milliseconds later. */
function later(ms: number, change: Partial<SlotRequest> = {}): SlotRequest {
  return { ...ordinaryRequest, nowUs: at(ms), startUs: at(ms), endUs: at(ms + 2000), ...change };
}

/** Takes a slot without any condition. */
const anySlot: BucketWrite = {
  slots: { from: at(100), byUs: 0 },
  where: [],
  orAbsent: false,
  revision: 1,
  expiresAtSeconds: 1_800_000_000,
};

/** Races of workers that write to the same bucket, for the DynamoDB adapter and its fake. */
export function describeRateRaces(name: string, open: () => Promise<RateBuckets>): void {
  describe(`races for a rate bucket: ${name}`, () => {
    let buckets: RateBuckets;
    let count = 0;
    const key = (): BucketKey => ({ destinationIncarnation: `${name} race ${count}`, shard: 0 });

    /** Stores the bucket as it is before the race. */
    async function begin(bucket: Bucket): Promise<void> {
      await buckets.write(key(), {
        slots: { from: bucket.slotsUntilUs, byUs: 0 },
        returns: { from: bucket.returnsUntilUs, byUs: 0 },
        where: [{ of: 'slots', is: 'below', than: 0 }],
        orAbsent: true,
        revision: bucket.revision,
        expiresAtSeconds: 1_800_000_000,
      });
      expect(await buckets.read(key())).toEqual(bucket);
    }

    /** Decides at once, from this view. The returned function sends the write, so that another worker can write first. */
    function worker(assumed: AssumedState, view: BucketView, request: SlotRequest): () => Promise<Grant | 'refused'> {
      const decision = decide(view, request);
      expect(decision?.assumes).toBe(assumed);
      return async () => {
        if (decision === undefined) return 'refused';
        const result = await buckets.write(key(), decision.write);
        return result.kind === 'refused' ? 'refused' : grantOf(request, decision, result.bucket);
      };
    }

    beforeEach(async () => {
      buckets = await open();
      count += 1;
    });

    test('two workers that find the same bucket idle are not both given its first slots', async () => {
      const one = worker('idle', unknownView, ordinaryRequest);
      const other = worker('idle', unknownView, ordinaryRequest);
      expect(await one()).toMatchObject({ slotTimesUs: [at(0), at(100), at(200)] });
      expect(await other()).toBe('refused');
      expect(await buckets.read(key())).toMatchObject({ slotsUntilUs: at(300) });
    });

    test('a worker that wrongly assumes that a bucket is busy is given no slots in the past', async () => {
      await begin({ ...restedBucket, slotsUntilUs: at(-3000) });
      const guess = { ...unknownView, busyLikelihood: 0.9 };
      const one = worker('busy', guess, ordinaryRequest);
      const other = worker('busy', guess, ordinaryRequest);
      expect([await one(), await other()]).toEqual(['refused', 'refused']);
    });

    test('two workers that take slots of a busy bucket at the same time are given different slots', async () => {
      const view = viewOf({ ...restedBucket, slotsUntilUs: at(300) });
      await begin({ ...restedBucket, slotsUntilUs: at(300) });
      const one = worker('busy', view, ordinaryRequest);
      const other = worker('busy', view, ordinaryRequest);
      expect(await one()).toMatchObject({ slotTimesUs: [at(300), at(400), at(500)] });
      expect(await other()).toMatchObject({ slotTimesUs: [at(600), at(700), at(800)] });
    });

    test('two workers that skip the same unused slots are given different slots', async () => {
      const bucket = { ...restedBucket, slotsUntilUs: at(-50) };
      await begin(bucket);
      const one = worker('busy', viewOf(bucket), ordinaryRequest);
      const other = worker('busy', viewOf(bucket), ordinaryRequest);
      expect(await one()).toMatchObject({ slotTimesUs: [at(0), at(100), at(200)] });
      expect(await other()).toMatchObject({ slotTimesUs: [at(300), at(400), at(500)] });
      expect(await buckets.read(key())).toMatchObject({ slotsUntilUs: at(650) });
    });

    test('a worker is given no slot beyond its horizon when another worker takes the earlier slots first', async () => {
      const bucket = { ...restedBucket, slotsUntilUs: at(300) };
      await begin(bucket);
      const one = worker('busy', viewOf(bucket), { ...ordinaryRequest, count: 15, newcomer: false });
      const fits = worker('busy', viewOf(bucket), { ...ordinaryRequest, count: 2, newcomer: false });
      const tooMany = worker('busy', viewOf(bucket), { ...ordinaryRequest, count: 2, newcomer: false });
      await one();
      expect(await fits()).toMatchObject({ slotTimesUs: [at(1800), at(1900)] });
      expect(await tooMany()).toBe('refused');
    });

    test('a new delivery is given no slot of a busy bucket after another worker has begun a backlog', async () => {
      const bucket = { ...restedBucket, slotsUntilUs: at(300) };
      await begin(bucket);
      const one = worker('busy', viewOf(bucket), { ...ordinaryRequest, count: 12, endUs: at(1000) });
      const newcomer = worker('busy', viewOf(bucket), ordinaryRequest);
      const returning = worker('busy', viewOf(bucket), { ...ordinaryRequest, newcomer: false });
      expect(await one()).toMatchObject({ returnTimesUs: { length: 5 } });
      expect(await newcomer()).toBe('refused');
      expect(await returning()).toMatchObject({ slotTimesUs: [at(1000), at(1100), at(1200)] });
    });

    test('two workers that begin a backlog at the same time are not both given the first return times', async () => {
      const bucket = { ...restedBucket, slotsUntilUs: at(3000) };
      await begin(bucket);
      const one = worker('behind', viewOf(bucket), ordinaryRequest);
      const other = worker('behind', viewOf(bucket), ordinaryRequest);
      expect(await one()).toMatchObject({ returnTimesUs: [at(2000), at(2100), at(2200)] });
      expect(await other()).toBe('refused');
    });

    test('two workers that add to the same backlog are given different return times', async () => {
      const bucket = { ...restedBucket, slotsUntilUs: at(3000), returnsUntilUs: at(5000) };
      await begin(bucket);
      const one = worker('ahead', viewOf(bucket), ordinaryRequest);
      const other = worker('ahead', viewOf(bucket), ordinaryRequest);
      expect(await one()).toMatchObject({ returnTimesUs: [at(5000), at(5100), at(5200)] });
      expect(await other()).toMatchObject({ returnTimesUs: [at(5300), at(5400), at(5500)] });
    });

    test('a worker that has not seen that the return times started again is given no return time', async () => {
      const bucket = { ...restedBucket, slotsUntilUs: at(300), returnsUntilUs: at(5000) };
      await begin(bucket);
      const one = worker('busy', viewOf(bucket), { ...ordinaryRequest, revision: 2 });
      const other = worker('ahead', viewOf(bucket), ordinaryRequest);
      expect(await one()).toMatchObject({ generation: 2, slotTimesUs: { length: 3 } });
      expect(await other()).toBe('refused');
      expect(await buckets.read(key())).toMatchObject({ returnsUntilUs: 0 });
    });

    test('no worker is given a return time after the longest delay of a message', async () => {
      const bucket = { ...restedBucket, slotsUntilUs: at(3000), returnsUntilUs: at(899_550) };
      await begin(bucket);
      const one = worker('ahead', viewOf(bucket), ordinaryRequest);
      const other = worker('ahead', viewOf(bucket), ordinaryRequest);
      const fits = worker('ahead', viewOf(bucket), { ...ordinaryRequest, count: 2 });
      expect(await one()).toMatchObject({ returnTimesUs: [at(899_550), at(899_650), at(899_750)] });
      expect(await other()).toBe('refused');
      expect(await fits()).toMatchObject({ returnTimesUs: [at(899_850), at(899_950)] });
    });

    test('a worker that has not seen a pause is given no return time more than a second before the end of the pause', async () => {
      const bucket = { ...restedBucket, slotsUntilUs: at(3000), returnsUntilUs: at(5000) };
      await begin(bucket);
      const unaware = worker('ahead', viewOf(bucket), ordinaryRequest);
      const { bucket: paused = bucket } = await buckets.write(key(), pauseWrite(bucket, at(6000), nowUs, 1));
      expect(await unaware()).toMatchObject({ returnTimesUs: { length: 3 } });
      const late = worker('ahead', viewOf(bucket), ordinaryRequest);
      await buckets.write(key(), pauseWrite(paused, at(6001), nowUs, 1));
      expect(await late()).toBe('refused');
    });

    test('a worker that does not know of a pause of 900 s cannot begin a backlog within the pause', async () => {
      const bucket = { ...restedBucket, slotsUntilUs: at(3000) };
      await begin(bucket);
      const unaware = worker('behind', viewOf(bucket), ordinaryRequest);
      await buckets.write(key(), pauseWrite(restedBucket, at(900_000), nowUs, 1));
      expect(await unaware()).toBe('refused');
    });

    test('two workers with the same newer revision raise the generation of a busy bucket only once', async () => {
      const bucket = { ...restedBucket, slotsUntilUs: at(300) };
      await begin(bucket);
      const one = worker('busy', viewOf(bucket), { ...ordinaryRequest, revision: 2 });
      const other = worker('busy', viewOf(bucket), { ...ordinaryRequest, revision: 2 });
      expect(await one()).toMatchObject({ generation: 2 });
      expect(await other()).toBe('refused');
      expect(await buckets.read(key())).toMatchObject({ generation: 2, revision: 2 });
    });

    test('two workers with the same newer revision are not given the same return times', async () => {
      // The new return times end where the old ones end, so they alone do not show that the generation was raised.
      const bucket = { ...restedBucket, slotsUntilUs: at(3000), returnsUntilUs: at(2300) };
      await begin(bucket);
      const one = worker('behind', viewOf(bucket), { ...ordinaryRequest, revision: 2 });
      const other = worker('behind', viewOf(bucket), { ...ordinaryRequest, revision: 2 });
      expect(await one()).toMatchObject({ generation: 2, returnTimesUs: [at(2000), at(2100), at(2200)] });
      expect(await other()).toBe('refused');
      expect(await buckets.read(key())).toEqual({ ...bucket, generation: 2, revision: 2 });
    });

    test('a worker that assumes that a backlog is gone is not given the slots of a delivery that has just come back', async () => {
      const bucket = { ...restedBucket, slotsUntilUs: at(-6000), returnsUntilUs: at(5000) };
      await begin(bucket);
      const back = worker('idle', viewOf(bucket), { ...ordinaryRequest, newcomer: false });
      const newcomer = worker('empty', viewOf(bucket), ordinaryRequest);
      expect(await back()).toMatchObject({ slotTimesUs: [at(0), at(100), at(200)] });
      expect(await newcomer()).toBe('refused');
      expect(await buckets.read(key())).toMatchObject({ generation: 1, returnsUntilUs: at(5000) });
    });

    test('a worker that assumes that a backlog is gone does not undo the newer revision of another worker', async () => {
      const bucket = { ...restedBucket, slotsUntilUs: at(-6000), returnsUntilUs: at(60_000) };
      await begin(bucket);
      const newer = worker('idle', viewOf(bucket), { ...ordinaryRequest, revision: 2 });
      // The slots have been unused for more than 5 s by then, so they alone do not show the change.
      const older = worker('empty', viewOf(bucket), later(6000));
      expect(await newer()).toMatchObject({ generation: 2 });
      expect(await older()).toBe('refused');
      expect(await buckets.read(key())).toMatchObject({ generation: 2, revision: 2 });
    });

    test('a bucket that two workers pause at the same time still records where its slots ended before the pause', async () => {
      const bucket = { ...restedBucket, slotsUntilUs: at(300) };
      await begin(bucket);
      const [first, second] = [30_000, 30_500].map((ms) => pauseWrite(bucket, at(ms), nowUs, 1));
      if (first === undefined || second === undefined) throw new Error('There are two pauses.');
      const { bucket: paused = bucket } = await buckets.write(key(), first);
      expect(await buckets.write(key(), second)).toMatchObject({ kind: 'refused' });
      await buckets.write(key(), pauseWrite(paused, at(30_500), nowUs, 1));
      expect(await buckets.read(key())).toMatchObject({
        slotsUntilUs: at(30_500),
        health: { pauseEndUs: at(30_500), slotsBeforePauseUs: at(300) },
      });
    });

    test('a newer revision ends a pause, and the next slots begin where the slots ended before the pause', async () => {
      const bucket = { ...restedBucket, slotsUntilUs: at(300) };
      await begin(bucket);
      const { bucket: paused = bucket } = await buckets.write(key(), pauseWrite(bucket, at(900_000), nowUs, 1));
      const newer = worker('behind', viewOf(paused), { ...ordinaryRequest, revision: 2 });
      expect(await newer()).toMatchObject({ generation: 2, returnTimesUs: [nowUs, at(100), at(200)] });
      expect(await buckets.read(key())).toMatchObject({ slotsUntilUs: at(300), health: { pauseEndUs: 0 } });
    });

    test('a bucket with slots an hour in the future, written by a wrong clock, gives slots from the present time again', async () => {
      await begin({ ...restedBucket, slotsUntilUs: at(3_600_000), returnsUntilUs: at(3_600_100) });
      const slots = worker(
        'impossible',
        viewOf({ ...restedBucket, slotsUntilUs: at(3_600_000), returnsUntilUs: at(3_600_100) }),
        ordinaryRequest,
      );
      expect(await slots()).toMatchObject({ generation: 2, slotTimesUs: [nowUs, at(100), at(200)] });
      expect(await buckets.read(key())).toMatchObject({ slotsUntilUs: at(300), returnsUntilUs: 0 });
    });

    test('a pause by hand refuses slots to workers that have not seen it, and refuses a second simultaneous pause', async () => {
      await begin(restedBucket);
      const unaware = keepingPause({ ...anySlot, orAbsent: true }, unknownHealth);
      const [longer, shorter] = [60_000, 30_000].map((ms) => pauseByHandWrite(restedBucket, at(ms), nowUs, 1));
      if (longer === undefined || shorter === undefined) throw new Error('There are two pauses.');
      expect(await buckets.write(key(), longer)).toMatchObject({ kind: 'written' });
      expect(await buckets.write(key(), shorter)).toMatchObject({ kind: 'refused' });
      expect(await buckets.write(key(), unaware)).toMatchObject({ kind: 'refused' });
      const health = { ...unknownHealth, pausedUntilUs: at(60_000) };
      expect(await buckets.read(key())).toEqual({ ...restedBucket, health });
      expect(await buckets.write(key(), keepingPause(anySlot, health))).toMatchObject({ kind: 'written' });
    });

    test('resuming a paused bucket removes its return times, raises its generation and keeps its slots', async () => {
      const bucket = { ...restedBucket, slotsUntilUs: at(300), returnsUntilUs: at(60_000) };
      await begin(bucket);
      const pause = pauseByHandWrite(bucket, forEverUs, nowUs, 1);
      const { bucket: paused } = await buckets.write(key(), pause);
      expect(paused).toEqual({ ...bucket, health: { ...unknownHealth, pausedUntilUs: forEverUs } });
      const resume = resumeByHandWrite(paused, nowUs);
      if (resume === undefined) throw new Error('The bucket is not paused.');
      await buckets.write(key(), resume);
      expect(await buckets.read(key())).toEqual({ ...bucket, returnsUntilUs: 0, generation: 2 });
      expect(await buckets.write(key(), resume)).toMatchObject({ kind: 'refused' });
    });

    test('a pause by hand creates the bucket of a destination that has had no request', async () => {
      await buckets.write(key(), pauseByHandWrite(undefined, forEverUs, nowUs, 3));
      const health = { ...unknownHealth, pausedUntilUs: forEverUs };
      expect(await buckets.read(key())).toEqual({ ...restedBucket, revision: 3, health });
    });

    test('a pause by hand that is shortened does not set back the revision that a worker writes at the same time', async () => {
      await begin(restedBucket);
      const { bucket: paused } = await buckets.write(key(), pauseByHandWrite(restedBucket, forEverUs, nowUs, 1));
      const shorter = pauseByHandWrite(paused, at(60_000), nowUs, 1);
      await buckets.write(key(), { ...anySlot, raiseTo: 2 });
      expect(await buckets.write(key(), shorter)).toMatchObject({ kind: 'refused' });
      expect(await buckets.read(key())).toMatchObject({ revision: 2, health: { pausedUntilUs: forEverUs } });
    });

    test('a later, shorter pause does not shorten a longer pause', async () => {
      const [longer, shorter] = [30_000, 10_000].map((ms) => pauseWrite(restedBucket, at(ms), nowUs, 1));
      if (longer !== undefined) await buckets.write(key(), longer);
      if (shorter !== undefined) expect(await buckets.write(key(), shorter)).toMatchObject({ kind: 'refused' });
      expect(await buckets.read(key())).toMatchObject({ slotsUntilUs: at(30_000) });
    });
  });
}
