import { expect, test } from 'vitest';
import { unknownHealth } from '../../../../lib/core/health/health.ts';
import type { BucketView } from '../../../../lib/core/rate/view.ts';
import {
  viewAfterGuess,
  busySinceUs,
  countTimesAlone,
  isAlone,
  isDoubtful,
  isOlderThan,
  patienceUs,
  viewWithBucket,
  unknownView,
} from '../../../../lib/core/rate/view.ts';

const secondUs = 1_000_000;
const bucket = { slotsUntilUs: 0, returnsUntilUs: 0, generation: 1, revision: 1, health: unknownHealth };

/**
 * The view of a worker that looked at the bucket every second, a last time one second ago, and found it busy (true) or idle
 * (false).
 */
function viewAfter(findings: readonly boolean[]) {
  let view = unknownView;
  for (const [index, wasBusy] of findings.entries()) {
    const nowUs = (index + 1) * secondUs;
    view = viewWithBucket(
      viewAfterGuess(view, nowUs, nowUs, wasBusy),
      { ...bucket, slotsUntilUs: nowUs + 1000 },
      nowUs,
    );
  }
  return { view, nowUs: (findings.length + 1) * secondUs };
}

test.each([
  ['five times in a row busy', 'relies on', [true, true, true, true, true]],
  ['five times in a row idle', 'relies on', [false, false, false, false, false]],
  ['only twice, both times busy', 'doubts', [true, true]],
  ['busy and idle by turns', 'doubts', [true, false, true, false, true, false]],
  ['nine times busy and then idle', 'doubts', [...Array.from({ length: 9 }, () => true), false]],
] as const)(
  'a worker that has found a bucket %s %s its guess whether the bucket is busy',
  (_found, verdict, findings) => {
    const doubtful = verdict === 'doubts';
    const { view, nowUs } = viewAfter(findings);
    expect(isDoubtful(view, true, nowUs, nowUs)).toBe(doubtful);
  },
);

const seenAtUs = 10 * secondUs;
const nowUs = seenAtUs + secondUs;
/** A view that is a second old, of a bucket that other workers use too and that is as likely busy as idle. */
const uncertain: BucketView = { ...unknownView, ...bucket, seenAtUs, slotsUntilUs: seenAtUs, timesAlone: 0 };
const justSeen: BucketView = { ...uncertain, seenAtUs: nowUs };

test.each([
  ['of exactly the given age', 'does not count', {}, secondUs],
  ['that was read longer ago', 'counts', {}, secondUs - 1],
  ['that was read before the clock stepped back', 'counts', { seenAtUs: nowUs + secondUs }, secondUs - 1],
  ['that was never read', 'counts', { seenAtUs: 0 }, nowUs],
])('a view %s %s as older than the given age', (_view, verdict, change, ageUs) => {
  expect(isOlderThan({ ...uncertain, ...change }, ageUs, nowUs)).toBe(verdict === 'counts');
});

test.each([
  [7, 'does not yet count'],
  [8, 'counts'],
])('after %i writes without another writer, a worker %s as the only user of a bucket', (timesAlone, verdict) => {
  expect(isAlone({ ...uncertain, timesAlone })).toBe(verdict === 'counts');
});

test.each([
  ['whose slots are given away up to now', 'busy', { slotsUntilUs: nowUs }],
  ['whose slots are given away beyond now', 'busy', { slotsUntilUs: nowUs + 1 }],
  ['that is more likely busy than idle', 'busy', { busyLikelihood: 0.51 }],
  ['that is as likely busy as idle', 'idle', { busyLikelihood: 0.5 }],
  ['that only this worker uses', 'idle', { busyLikelihood: 1, timesAlone: 8 }],
])('a worker with an old view of a bucket %s treats the bucket as %s', (_bucket, verdict, change) => {
  expect(busySinceUs({ ...uncertain, ...change }, nowUs, nowUs)).toBe(verdict === 'busy' ? nowUs : undefined);
});

test('a worker that has just read a bucket treats it as busy when its slots ended at most 100 ms ago', () => {
  const gapOf = (us: number): BucketView => ({ ...justSeen, slotsUntilUs: nowUs - us });
  expect(busySinceUs(gapOf(100_000), nowUs, nowUs)).toBe(nowUs - 100_000);
  expect(busySinceUs(gapOf(100_001), nowUs, nowUs)).toBeUndefined();
  expect(busySinceUs({ ...gapOf(100_000), timesAlone: 8 }, nowUs, nowUs + 20_001)).toBeUndefined();
});

test.each([
  ['whose slots are given away up to now', { slotsUntilUs: nowUs }],
  ['that it has just read', { seenAtUs: nowUs }],
  ['that only this worker uses', { timesAlone: 8 }],
])('a worker does not guess whether a bucket %s is busy, so it has no doubt and learns nothing', (_bucket, change) => {
  const view = { ...uncertain, ...change };
  expect(isDoubtful(view, true, nowUs, nowUs)).toBe(false);
  expect(viewAfterGuess(view, nowUs, nowUs, true)).toBe(view);
});

test.each([
  ['a newcomer', 'trusts', 'there are return times after now', true, nowUs + 1],
  ['a newcomer', 'doubts', 'the return times end now', true, nowUs],
  ['a returning delivery', 'doubts', 'there are return times after now', false, nowUs + 1],
])('for %s, a worker %s an uncertain view of a bucket when %s', (_who, verdict, _when, newcomer, returnsUntilUs) => {
  expect(isDoubtful({ ...uncertain, returnsUntilUs }, newcomer, nowUs, nowUs)).toBe(verdict === 'doubts');
});

test.each([
  ['a newcomer', 'doubts', 'there were return times at the last read of the bucket', true, seenAtUs + 1],
  ['a newcomer', 'trusts', 'there were no return times at the last read of the bucket', true, seenAtUs],
  ['a returning delivery', 'trusts', 'there were return times at the last read of the bucket', false, seenAtUs + 1],
])(
  'for %s, a worker %s a view that is probably still right when %s',
  (_who, verdict, _when, newcomer, returnsUntilUs) => {
    const sure = { ...uncertain, busyLikelihood: 0.9, returnsUntilUs };
    expect(isDoubtful(sure, newcomer, nowUs, nowUs)).toBe(verdict === 'doubts');
  },
);

test('a worker always doubts its view of a bucket that it has never read', () => {
  const unseen = { ...uncertain, seenAtUs: 0, slotsUntilUs: nowUs, returnsUntilUs: nowUs + 1 };
  expect(isDoubtful(unseen, true, nowUs, nowUs)).toBe(true);
});

test('a worker counts how many times in a row no other worker has changed the bucket', () => {
  const view = { ...uncertain, timesAlone: 3 };
  expect(countTimesAlone(view, seenAtUs - 1)).toEqual({ ...view, timesAlone: 4 });
  expect(countTimesAlone(view, seenAtUs)).toEqual({ ...view, timesAlone: 4 });
  expect(countTimesAlone(view, seenAtUs + 1)).toEqual({ ...view, timesAlone: 0 });
});

test('the first read of a bucket is no evidence that this worker is its only writer', () => {
  const unseen = { ...uncertain, seenAtUs: 0, timesAlone: 3 };
  expect(countTimesAlone(unseen, nowUs)).toBe(unseen);
});

test.each([
  [200, '300 ms from now and no other worker writes', { slotsUntilUs: nowUs + 300_000, timesAlone: 1 }],
  [200, '300 ms from the last read and others write too', { slotsUntilUs: seenAtUs + 300_000 }],
  [0, 'the past', { slotsUntilUs: nowUs - 1, timesAlone: 1 }],
  [500, 'a minute from now', { slotsUntilUs: nowUs + 60 * secondUs }],
  [0, 'one second from now in a view that is too old', { slotsUntilUs: nowUs + secondUs, seenAtUs: seenAtUs - 1 }],
])(
  'a returning delivery waits %i ms to share a write with others when slots are given away up to %s',
  (waitMs, _until, change) => {
    expect(patienceUs({ ...uncertain, ...change }, nowUs)).toBe(waitMs * 1000);
  },
);
