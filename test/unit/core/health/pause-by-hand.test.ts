import { describe, expect, test } from 'vitest';
import { forEverUs, unknownHealth } from '../../../../lib/core/health/health.ts';
import { keepingPause, pauseByHandWrite, resumeByHandWrite } from '../../../../lib/core/health/pause-by-hand.ts';
import type { Bucket, BucketWrite } from '../../../../lib/core/rate/bucket.ts';
import { at, nowUs, restedBucket } from '../../../contract/dynamodb/rate-requests.ts';

const pausedUntil = (pausedUntilUs: number): Bucket => ({
  ...restedBucket,
  revision: 7,
  health: { ...unknownHealth, pausedUntilUs },
});

/** Epoch seconds: a day and 15 minutes after the given time, which is in ms of these tests' clock. */
const aDayAfter = (ms: number) => Date.UTC(2026, 0, 2, 0, 15) / 1000 + ms / 1000;

describe('a pause by hand', () => {
  test('setting a pause changes nothing else in a bucket, and is refused when the pause has changed since the last read', () => {
    expect(pauseByHandWrite(pausedUntil(at(1000)), at(60_000), nowUs, 9)).toEqual({
      health: { set: { pausedUntilUs: at(60_000) } },
      where: [{ of: 'pausedUntilUs', is: 'equalTo', than: at(1000) }],
      orAbsent: false,
      revision: 9,
      expiresAtSeconds: aDayAfter(60_000),
    });
  });

  test('pausing a destination without a bucket creates one with the revision of the destination', () => {
    expect(pauseByHandWrite(undefined, at(60_000), nowUs, 9)).toMatchObject({
      where: [{ of: 'pausedUntilUs', is: 'equalTo', than: 0 }],
      orAbsent: true,
      revision: 9,
    });
  });

  test('a bucket is kept for a day after its pause, and beyond the year 2250 when the pause has no end', () => {
    expect(pauseByHandWrite(undefined, at(-1), nowUs, 1).expiresAtSeconds).toBe(aDayAfter(0));
    const { expiresAtSeconds } = pauseByHandWrite(undefined, forEverUs, nowUs, 1);
    expect(new Date(expiresAtSeconds * 1000).getUTCFullYear()).toBe(2255);
  });

  test('replacing a pause by a shorter one starts the return times again, but replacing it by an equally long one does not', () => {
    const again = { returns: { from: 0, byUs: 0 }, raiseTo: 7 };
    const where = [
      { of: 'pausedUntilUs', is: 'equalTo', than: forEverUs },
      { of: 'revision', is: 'equalTo', than: 7 },
    ];
    expect(pauseByHandWrite(pausedUntil(forEverUs), at(60_000), nowUs, 9)).toMatchObject({ ...again, where });
    expect(pauseByHandWrite(pausedUntil(at(60_000)), at(60_000), nowUs, 9)).not.toHaveProperty('raiseTo');
  });
});

describe('resuming', () => {
  test('resuming a destination ends the pause and starts the return times again', () => {
    expect(resumeByHandWrite(pausedUntil(forEverUs), nowUs)).toEqual({
      health: { set: { pausedUntilUs: 0 } },
      returns: { from: 0, byUs: 0 },
      raiseTo: 7,
      where: [
        { of: 'pausedUntilUs', is: 'equalTo', than: forEverUs },
        { of: 'revision', is: 'equalTo', than: 7 },
      ],
      orAbsent: false,
      revision: 7,
      expiresAtSeconds: aDayAfter(0),
    });
  });

  test.each([
    ['a destination that nobody has used', undefined],
    ['a destination that is not paused', restedBucket],
    ['a destination whose pause has ended', pausedUntil(nowUs)],
  ])('resuming %s writes nothing', (_, bucket) => {
    expect(resumeByHandWrite(bucket, nowUs)).toBeUndefined();
  });
});

describe('a write of a worker', () => {
  const write: BucketWrite = {
    slots: { from: 'slots', byUs: 1 },
    where: [{ of: 'slots', is: 'below', than: nowUs }],
    orAbsent: false,
    revision: 1,
    expiresAtSeconds: aDayAfter(0),
  };

  test('the write of a worker is refused when the pause has changed since the worker read the bucket', () => {
    const where = [...write.where, { of: 'pausedUntilUs', is: 'equalTo', than: 0 }];
    expect(keepingPause(write, unknownHealth)).toEqual({ ...write, where });
  });

  test('a paused bucket does not expire earlier because of the write of a worker', () => {
    const expiry = (pausedUntilUs: number) => keepingPause(write, { ...unknownHealth, pausedUntilUs }).expiresAtSeconds;
    expect(expiry(at(60_000))).toBe(aDayAfter(60_000));
    expect(expiry(at(-60_000))).toBe(aDayAfter(0));
  });
});
