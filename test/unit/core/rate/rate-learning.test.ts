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
/** Ten requests a second with a burst of three: a slot 200 ms ago is still good. */
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
/** Seen a second ago by a worker that is not its only writer, so whether it is busy is a guess. */
const view: BucketView = { ...unknownView, ...bucket, seenAtUs, timesAlone: 0 };

function decisionOf(slots: Decision['write']['slots'], members: Partial<Decision> = {}): Decision {
  const write = { where: [], orAbsent: false, revision: 1, expiresAtSeconds: 60, ...(slots && { slots }) };
  return { assumes: 'busy', write, slots: 2, returns: 0, ...members };
}

const added = decisionOf({ from: 'slots', byUs: 200_000 });

describe('a read of a bucket', () => {
  test.each([
    { slotsUntilUs: oldestUs, busyLikelihood: 0.75 },
    { slotsUntilUs: oldestUs - 1, busyLikelihood: 0.25 },
  ])(
    'a read that finds slots given away up to $slotsUntilUs makes the bucket busy with a likelihood of $busyLikelihood',
    (found) => {
      const shown = { ...bucket, slotsUntilUs: found.slotsUntilUs };
      expect(viewAfterRead(view, request, shown)).toMatchObject({
        ...shown,
        seenAtUs: nowUs,
        busyLikelihood: found.busyLikelihood,
      });
    },
  );

  test('a read of a bucket counts whether another worker has written since the last read', () => {
    expect(viewAfterRead(view, request, bucket).timesAlone).toBe(1);
    expect(
      viewAfterRead({ ...view, timesAlone: 5 }, request, { ...bucket, slotsUntilUs: seenAtUs + 1 }).timesAlone,
    ).toBe(0);
  });

  test('a read that finds no bucket makes the view idle and empty', () => {
    const shown = viewAfterRead(view, request, undefined);
    expect(shown).toMatchObject({ slotsUntilUs: 0, generation: 0, busyLikelihood: 0.25, timesAlone: 1 });
  });
});

describe('a write that was refused', () => {
  test('a refused write that does not show the bucket makes the worker read the bucket', () => {
    expect(viewAfterWrite(view, request, added, { kind: 'refused' })).toEqual(markOutdated(view));
  });

  test('a refused write that shows the bucket counts as a read of it', () => {
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
    'a successful write that assumes a bucket to be $assumes makes the bucket busy with a likelihood of $busyLikelihood',
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
  ])('a successful write that $write shows that $who else had written', ({ decision, until, timesAlone }) => {
    expect(viewAfterWrite({ ...view, timesAlone: 3 }, request, decision, written(until)).timesAlone).toBe(timesAlone);
  });

  test('a successful write that sets its own time for the slots shows nothing about other writers', () => {
    const set = decisionOf({ from: oldestUs, byUs: 200_000 }, { slots: 0 });
    const before = { ...view, timesAlone: 3 };
    const result = written(nowUs);
    expect(viewAfterWrite(before, request, set, result)).toEqual(viewWithBucket(before, result.bucket, nowUs));
  });
});

describe('the grant of a write', () => {
  test('the slots of a write begin after the slots that were given away before it', () => {
    const grant = grantOf(request, added, { ...bucket, slotsUntilUs: nowUs + 500_000 });
    expect(grant).toEqual({ slotTimesUs: [nowUs + 300_000, nowUs + 400_000], returnTimesUs: [], generation: 4 });
  });

  test('the slots of a write begin at the oldest valid slot after a gap', () => {
    const grant = grantOf({ ...request, count: 4 }, { ...added, slots: 4 }, { ...bucket, slotsUntilUs: seenAtUs });
    expect(grant.slotTimesUs).toEqual([nowUs, nowUs, nowUs, nowUs + 100_000]);
  });

  test('the return times of a write end at the time up to which the bucket has given them away', () => {
    const returns = decisionOf(undefined, { slots: 0, returns: 3 });
    const grant = grantOf(request, returns, { ...bucket, returnsUntilUs: nowUs + secondUs });
    expect(grant.slotTimesUs).toEqual([]);
    expect(grant.returnTimesUs).toEqual([nowUs + 700_000, nowUs + 800_000, nowUs + 900_000]);
  });
});
