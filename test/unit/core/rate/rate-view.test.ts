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

/** A view that is a second old. The worker found the bucket busy or idle as given, once a second. */
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
  { findings: [true, true, true, true, true], doubtful: false },
  { findings: [false, false, false, false, false], doubtful: false },
  { findings: [true, true], doubtful: true },
  { findings: [true, false, true, false, true, false], doubtful: true },
  { findings: [...Array.from({ length: 9 }, () => true), false], doubtful: true },
])('after finding a bucket busy as in $findings, a worker doubts its guess: $doubtful', ({ findings, doubtful }) => {
  const { view, nowUs } = viewAfter(findings);
  expect(isDoubtful(view, true, nowUs, nowUs)).toBe(doubtful);
});

const seenAtUs = 10 * secondUs;
const nowUs = seenAtUs + secondUs;
/** A view of a second ago. Others use the bucket too, and it is as likely busy as idle. */
const uncertain: BucketView = { ...unknownView, ...bucket, seenAtUs, slotsUntilUs: seenAtUs, timesAlone: 0 };
const justSeen: BucketView = { ...uncertain, seenAtUs: nowUs };

test.each([
  { view: 'seen exactly as long ago', change: {}, ageUs: secondUs, older: false },
  { view: 'seen longer ago', change: {}, ageUs: secondUs - 1, older: true },
  {
    view: 'seen before the clock stepped back',
    change: { seenAtUs: nowUs + secondUs },
    ageUs: secondUs - 1,
    older: true,
  },
  { view: 'never seen', change: { seenAtUs: 0 }, ageUs: nowUs, older: true },
])('a view $view is older than the given age: $older', ({ change, ageUs, older }) => {
  expect(isOlderThan({ ...uncertain, ...change }, ageUs, nowUs)).toBe(older);
});

test.each([
  { timesAlone: 7, alone: false },
  { timesAlone: 8, alone: true },
])('a worker is alone after $timesAlone writes in a row without another writer: $alone', ({ timesAlone, alone }) => {
  expect(isAlone({ ...uncertain, timesAlone })).toBe(alone);
});

test.each([
  { bucket: 'whose slots end at the start', change: { slotsUntilUs: nowUs }, since: nowUs },
  { bucket: 'whose slots end after the start', change: { slotsUntilUs: nowUs + 1 }, since: nowUs },
  { bucket: 'that is more likely busy than not', change: { busyLikelihood: 0.51 }, since: nowUs },
  { bucket: 'that is as likely busy as not', change: { busyLikelihood: 0.5 }, since: undefined },
  { bucket: 'of one worker, last seen long ago', change: { busyLikelihood: 1, timesAlone: 8 }, since: undefined },
])('an old view of a bucket $bucket says that the bucket is busy since $since', ({ change, since }) => {
  expect(busySinceUs({ ...uncertain, ...change }, nowUs, nowUs)).toBe(since);
});

test('a write skips a gap of at most 100 ms without slots, and only if the bucket was just seen', () => {
  const gapOf = (us: number): BucketView => ({ ...justSeen, slotsUntilUs: nowUs - us });
  expect(busySinceUs(gapOf(100_000), nowUs, nowUs)).toBe(nowUs - 100_000);
  expect(busySinceUs(gapOf(100_001), nowUs, nowUs)).toBeUndefined();
  expect(busySinceUs({ ...gapOf(100_000), timesAlone: 8 }, nowUs, nowUs + 20_001)).toBeUndefined();
});

test.each([
  { view: 'that shows slots up to the start', change: { slotsUntilUs: nowUs } },
  { view: 'that is fresh', change: { seenAtUs: nowUs } },
  { view: 'of a worker that is alone', change: { timesAlone: 8 } },
])('a view $view is not a guess, so it is not in doubt and does not change the likelihood', ({ change }) => {
  const view = { ...uncertain, ...change };
  expect(isDoubtful(view, true, nowUs, nowUs)).toBe(false);
  expect(viewAfterGuess(view, nowUs, nowUs, true)).toBe(view);
});

test.each([
  {
    who: 'a newcomer',
    newcomer: true,
    change: { returnsUntilUs: nowUs + 1 },
    doubtful: false,
    why: 'deliveries return later',
  },
  {
    who: 'a newcomer',
    newcomer: true,
    change: { returnsUntilUs: nowUs },
    doubtful: true,
    why: 'deliveries return by now',
  },
  {
    who: 'a delivery that returns',
    newcomer: false,
    change: { returnsUntilUs: nowUs + 1 },
    doubtful: true,
    why: 'others do too',
  },
])('an uncertain view is in doubt for $who when $why: $doubtful', ({ newcomer, change, doubtful }) => {
  expect(isDoubtful({ ...uncertain, ...change }, newcomer, nowUs, nowUs)).toBe(doubtful);
});

test.each([
  { who: 'a newcomer', newcomer: true, returnsUntilUs: seenAtUs + 1, doubtful: true },
  { who: 'a newcomer', newcomer: true, returnsUntilUs: seenAtUs, doubtful: false },
  { who: 'a delivery that returns', newcomer: false, returnsUntilUs: seenAtUs + 1, doubtful: false },
])('a likely guess about a bucket with return times up to $returnsUntilUs is in doubt for $who: $doubtful', (guess) => {
  const sure = { ...uncertain, busyLikelihood: 0.9, returnsUntilUs: guess.returnsUntilUs };
  expect(isDoubtful(sure, guess.newcomer, nowUs, nowUs)).toBe(guess.doubtful);
});

test('a view of a bucket that was never seen is always in doubt', () => {
  const unseen = { ...uncertain, seenAtUs: 0, slotsUntilUs: nowUs, returnsUntilUs: nowUs + 1 };
  expect(isDoubtful(unseen, true, nowUs, nowUs)).toBe(true);
});

test('a worker counts how many times in a row it found the bucket unchanged', () => {
  const view = { ...uncertain, timesAlone: 3 };
  expect(countTimesAlone(view, seenAtUs - 1)).toEqual({ ...view, timesAlone: 4 });
  expect(countTimesAlone(view, seenAtUs)).toEqual({ ...view, timesAlone: 4 });
  expect(countTimesAlone(view, seenAtUs + 1)).toEqual({ ...view, timesAlone: 0 });
});

test('the first sight of a bucket says nothing about other writers', () => {
  const unseen = { ...uncertain, seenAtUs: 0, timesAlone: 3 };
  expect(countTimesAlone(unseen, nowUs)).toBe(unseen);
});

test.each([
  { lead: 'from now for the only writer', change: { slotsUntilUs: nowUs + 300_000, timesAlone: 1 }, waitUs: 200_000 },
  { lead: 'from the last read for one of several', change: { slotsUntilUs: seenAtUs + 300_000 }, waitUs: 200_000 },
  { lead: 'none', change: { slotsUntilUs: nowUs - 1, timesAlone: 1 }, waitUs: 0 },
  { lead: 'of many seconds', change: { slotsUntilUs: nowUs + 60 * secondUs }, waitUs: 500_000 },
  { lead: 'none, as it is too old', change: { slotsUntilUs: nowUs + secondUs, seenAtUs: seenAtUs - 1 }, waitUs: 0 },
])('a returning delivery waits for two thirds of the lead ($lead), at most 500 ms', ({ change, waitUs }) => {
  expect(patienceUs({ ...uncertain, ...change }, nowUs)).toBe(waitUs);
});
