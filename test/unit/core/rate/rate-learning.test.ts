import { describe, expect, test } from 'vitest';
import type { Bucket } from '../../../../lib/core/rate/bucket.ts';
import type { SlotRequest, Decision } from '../../../../lib/core/rate/decision.ts';
import { unknownHealth } from '../../../../lib/core/health/health.ts';
import { grantOf, viewAfterWrite, viewAfterRead } from '../../../../lib/core/rate/result.ts';
import { wholeAllowance } from '../../../fakes/healthy.ts';
import type { BucketView } from '../../../../lib/core/rate/view.ts';
import { markOutdated, viewWithBucket, unknownView } from '../../../../lib/core/rate/view.ts';

const secondUs = 1_000_000;
const seenAtUs = 10 * secondUs;
const nowUs = seenAtUs + secondUs;
/** A burst of three at ten requests a second makes slots usable that began up to 200 ms ago. */
const share = { ratePerSecond: 10, burst: 3 };
const oldestUs = nowUs - 200_000;
const request: SlotRequest = {
  count: 2,
  newcomer: true,
  nowUs,
  startUs: nowUs,
  endUs: nowUs + secondUs,
  ...wholeAllowance(share),
  revision: 1,
  blockCount: 2,
};
const bucket: Bucket = { slotsUntilUs: seenAtUs, returnsUntilUs: 0, generation: 4, revision: 1, health: unknownHealth };
/** A view that is a second old. Other workers write the bucket too, so this worker can only guess whether the bucket is busy. */
const view: BucketView = { ...unknownView, ...bucket, seenAtUs, timesAlone: 0 };

function decisionOf(slots: Decision['write']['slots'], members: Partial<Decision> = {}): Decision {
  const write = { where: [], orAbsent: false, revision: 1, expiresAtSeconds: 60, ...(slots && { slots }) };
  return { assumes: 'busy', write, slots: 2, returns: 0, ...members };
}

const added = decisionOf({ from: 'slots', byUs: 200_000 });

describe('a read of a bucket', () => {
  test.each([
    ['still usable', 0.75, oldestUs],
    ['already unusable', 0.25, oldestUs - 1],
  ])(
    'a read that finds the last slot %s sets the likelihood of a busy bucket to %d',
    (_already, busyLikelihood, slotsUntilUs) => {
      const shown = { ...bucket, slotsUntilUs };
      expect(viewAfterRead(view, request, shown)).toMatchObject({ ...shown, seenAtUs: nowUs, busyLikelihood });
    },
  );

  test('a read of a bucket records whether another worker has written it since the last read', () => {
    expect(viewAfterRead(view, request, bucket).timesAlone).toBe(1);
    expect(
      viewAfterRead({ ...view, timesAlone: 5 }, request, { ...bucket, slotsUntilUs: seenAtUs + 1 }).timesAlone,
    ).toBe(0);
  });

  test('a read that finds no bucket gives an empty view, in which the bucket is probably idle', () => {
    const shown = viewAfterRead(view, request, undefined);
    expect(shown).toMatchObject({ slotsUntilUs: 0, generation: 0, busyLikelihood: 0.25, timesAlone: 1 });
  });
});

describe('a write that was refused', () => {
  test('when the answer to a refused write does not contain the bucket, the worker reads the bucket', () => {
    expect(viewAfterWrite(view, request, added, { kind: 'refused' })).toEqual(markOutdated(view));
  });

  test('when the answer to a refused write contains the bucket, the write counts as a read', () => {
    const refuser = { ...bucket, slotsUntilUs: oldestUs - 1 };
    expect(viewAfterWrite(view, request, added, { kind: 'refused', bucket: refuser })).toEqual(
      viewAfterRead(view, request, refuser),
    );
  });
});

describe('a write that was done', () => {
  const written = (slotsUntilUs: number) => ({ kind: 'written', bucket: { ...bucket, slotsUntilUs } }) as const;

  test.each([
    { assumes: 'busy', busyLikelihood: 0.75 },
    { assumes: 'idle', busyLikelihood: 0.25 },
  ] as const)(
    'a successful write that assumes a bucket to be $assumes sets the likelihood of a busy bucket to $busyLikelihood',
    (guess) => {
      const learned = viewAfterWrite(view, request, { ...added, assumes: guess.assumes }, written(nowUs));
      expect(learned.busyLikelihood).toBe(guess.busyLikelihood);
      expect(learned).toMatchObject({ slotsUntilUs: nowUs, seenAtUs: nowUs });
    },
  );

  test('a successful write that takes only return times does not change the likelihood of a busy bucket', () => {
    const returns = decisionOf(undefined, { slots: 0, returns: 2 });
    expect(viewAfterWrite(view, request, returns, written(seenAtUs))).toMatchObject({
      busyLikelihood: 0.5,
      guesses: 0,
    });
  });

  test.each([
    { who: 'nobody', write: 'adds to the slots', decision: added, until: seenAtUs + 200_000, timesAlone: 4 },
    { who: 'somebody', write: 'adds to the slots', decision: added, until: seenAtUs + 200_001, timesAlone: 0 },
    { who: 'nobody', write: 'leaves the slots', decision: decisionOf(undefined), until: seenAtUs, timesAlone: 4 },
    { who: 'somebody', write: 'leaves the slots', decision: decisionOf(undefined), until: seenAtUs + 1, timesAlone: 0 },
  ])(
    'a write that $write succeeds, and the worker concludes that $who else has written',
    ({ decision, until, timesAlone }) => {
      expect(viewAfterWrite({ ...view, timesAlone: 3 }, request, decision, written(until)).timesAlone).toBe(timesAlone);
    },
  );

  test('a successful write that sets the time of its slots itself does not show whether another worker has written', () => {
    const set = decisionOf({ from: oldestUs, byUs: 200_000 }, { slots: 0 });
    const before = { ...view, timesAlone: 3 };
    const result = written(nowUs);
    expect(viewAfterWrite(before, request, set, result)).toEqual(viewWithBucket(before, result.bucket, nowUs));
  });
});

describe('the grant of a write', () => {
  test('a write to a busy bucket gets the slots after those that were given away before', () => {
    const grant = grantOf(request, added, { ...bucket, slotsUntilUs: nowUs + 500_000 });
    expect(grant).toEqual({ slotTimesUs: [nowUs + 300_000, nowUs + 400_000], returnTimesUs: [], generation: 4 });
  });

  test('a write to an idle bucket gets the oldest usable slots of the burst first', () => {
    const grant = grantOf({ ...request, count: 4 }, { ...added, slots: 4 }, { ...bucket, slotsUntilUs: seenAtUs });
    expect(grant.slotTimesUs).toEqual([nowUs, nowUs, nowUs, nowUs + 100_000]);
  });

  test('a write that reserves return times gets the latest ones that the bucket has given away', () => {
    const returns = decisionOf(undefined, { slots: 0, returns: 3 });
    const grant = grantOf(request, returns, { ...bucket, returnsUntilUs: nowUs + secondUs });
    expect(grant.slotTimesUs).toEqual([]);
    expect(grant.returnTimesUs).toEqual([nowUs + 700_000, nowUs + 800_000, nowUs + 900_000]);
  });
});
