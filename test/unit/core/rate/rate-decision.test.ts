import { expect, test } from 'vitest';
import { unknownView } from '../../../../lib/core/rate/view.ts';
import { at, viewOf } from '../../../contract/dynamodb/rate-requests.ts';
import type { DecisionRow, Where } from './rate-decisions.ts';
import { decisionOf, expectedDecision, startAgain } from './rate-decisions.ts';

const idle: Where = [
  ['slots', 'below', at(5)],
  ['returns', 'atMost', at(5)],
];

/** Requests whose worker assumes that the bucket is idle, so that their slots begin at once. */
const ofIdleBucket: readonly DecisionRow[] = [
  {
    name: 'a worker assumes that a bucket it has never read is idle, and does not raise its generation',
    view: unknownView,
    request: { revision: 2 },
    assumes: 'idle',
    slots: 3,
    where: idle,
    write: { slots: { from: at(5), byUs: 300_000 }, orAbsent: true },
  },
  {
    name: 'requests without a slot before the horizon get return times, which begin a second before the last slot ends',
    view: viewOf({}),
    request: { count: 30 },
    assumes: 'idle',
    slots: 20,
    returns: 10,
    where: idle,
    write: { slots: { from: at(5), byUs: 2_000_000 }, returns: { from: at(5), byUs: 2_000_000 }, orAbsent: true },
  },
  {
    name: 'return times begin at the first slot when the slots of a write last less than a second',
    view: viewOf({}),
    request: { count: 5, endUs: at(250) },
    assumes: 'idle',
    slots: 3,
    returns: 2,
    where: idle,
    write: { slots: { from: at(5), byUs: 300_000 }, returns: { from: at(5), byUs: 200_000 }, orAbsent: true },
  },
  {
    name: 'returning requests get slots despite a backlog, and no return times',
    view: viewOf({ returnsUntilUs: at(5000) }),
    request: { count: 30, newcomer: false },
    assumes: 'idle',
    slots: 20,
    where: [['slots', 'below', at(5)]],
    write: { slots: { from: at(5), byUs: 2_000_000 }, orAbsent: true },
  },
  {
    name: 'a burst of 3 lets a write take two slots that have already passed',
    view: viewOf({}),
    request: { count: 4, share: { ratePerSecond: 10, burst: 3 } },
    assumes: 'idle',
    slots: 4,
    where: [
      ['slots', 'below', at(-195)],
      ['returns', 'atMost', at(5)],
    ],
    write: { slots: { from: at(-195), byUs: 400_000 }, orAbsent: true },
  },
  {
    name: 'return times begin at the first slot when a burst leaves no slot before the horizon',
    view: viewOf({}),
    request: { count: 5, endUs: at(100), share: { ratePerSecond: 10, burst: 3 } },
    assumes: 'idle',
    slots: 3,
    returns: 2,
    where: [
      ['slots', 'below', at(-195)],
      ['returns', 'atMost', at(5)],
    ],
    write: { slots: { from: at(-195), byUs: 300_000 }, returns: { from: at(-195), byUs: 400_000 }, orAbsent: true },
  },
  {
    name: 'a worker assumes that a bucket is idle when it was busy as often as idle',
    view: viewOf({ slotsUntilUs: at(-900) }, at(-1000)),
    assumes: 'idle',
    slots: 3,
    where: idle,
    write: { slots: { from: at(5), byUs: 300_000 }, orAbsent: true },
  },
  {
    name: 'a worker assumes that a bucket is idle when no other worker uses it, even if it was often busy',
    view: { ...viewOf({ slotsUntilUs: at(-900) }, at(-1000)), busyLikelihood: 0.9, timesAlone: 8 },
    assumes: 'idle',
    slots: 3,
    where: idle,
    write: { slots: { from: at(5), byUs: 300_000 }, orAbsent: true },
  },
  {
    name: 'a worker assumes that a bucket is idle when its slots ended more than 100 ms ago',
    view: viewOf({ slotsUntilUs: at(-95) - 1 }),
    assumes: 'idle',
    slots: 3,
    where: idle,
    write: { slots: { from: at(5), byUs: 300_000 }, orAbsent: true },
  },
  {
    name: 'a newcomer with a newer revision raises the generation of an idle bucket, so that its return times start again',
    view: viewOf({}),
    request: { revision: 2 },
    assumes: 'idle',
    slots: 3,
    where: [
      ['slots', 'below', at(5)],
      ['revision', 'below', 2],
    ],
    write: { slots: { from: at(5), byUs: 300_000 }, returns: startAgain, raiseTo: 2, orAbsent: true },
  },
  {
    name: 'a returning request with a newer revision raises the generation, so that return times start again',
    view: viewOf({ returnsUntilUs: at(5000) }),
    request: { count: 5, newcomer: false, endUs: at(250), revision: 2 },
    assumes: 'idle',
    slots: 3,
    returns: 2,
    where: [
      ['slots', 'below', at(5)],
      ['revision', 'below', 2],
    ],
    write: {
      slots: { from: at(5), byUs: 300_000 },
      returns: { from: at(5), byUs: 200_000 },
      raiseTo: 2,
      orAbsent: true,
    },
  },
  {
    name: 'a worker with an older revision does not raise the generation of a bucket',
    view: viewOf({ revision: 3 }),
    assumes: 'idle',
    slots: 3,
    where: idle,
    write: { slots: { from: at(5), byUs: 300_000 }, orAbsent: true },
  },
];

const busy: Where = [
  ['slots', 'atLeast', at(5)],
  ['slots', 'atMost', at(1800) - 1],
  ['returns', 'atMost', at(5)],
];

/**
 * Requests whose worker assumes that the bucket is busy, so that they get slots after the ones that have already been given
 * away.
 */
const ofBusyBucket: readonly DecisionRow[] = [
  {
    name: 'requests get the next slots of a busy bucket if all of these slots begin before the horizon',
    view: viewOf({ slotsUntilUs: at(300) }),
    assumes: 'busy',
    slots: 3,
    where: busy,
    write: { slots: { from: 'slots', byUs: 300_000 } },
  },
  {
    name: 'a newcomer gets a slot when the last return time of a backlog ends at the first slot',
    view: viewOf({ slotsUntilUs: at(300), returnsUntilUs: at(5) }),
    assumes: 'busy',
    slots: 3,
    where: busy,
    write: { slots: { from: 'slots', byUs: 300_000 } },
  },
  {
    name: 'return times of a busy bucket are counted from the end of the slots that the write finds',
    view: viewOf({ slotsUntilUs: at(300) }),
    request: { count: 30 },
    assumes: 'busy',
    slots: 17,
    returns: 13,
    where: [
      ['slots', 'atLeast', at(5)],
      ['slots', 'atMost', at(400) - 1],
      ['returns', 'atMost', at(5)],
    ],
    write: { slots: { from: 'slots', byUs: 1_700_000 }, returns: { from: 'slots', byUs: 2_000_000 } },
  },
  {
    name: 'a worker assumes that a bucket is busy when its last slot is too recent for a whole burst',
    view: viewOf({ slotsUntilUs: at(-195) }),
    request: { share: { ratePerSecond: 10, burst: 3 } },
    assumes: 'busy',
    slots: 3,
    where: [
      ['slots', 'atLeast', at(-195)],
      ['slots', 'atMost', at(1800) - 1],
      ['returns', 'atMost', at(5)],
    ],
    write: { slots: { from: 'slots', byUs: 300_000 } },
  },
  {
    name: 'a worker assumes that a bucket is busy when it was busy more often than idle',
    view: { ...viewOf({ slotsUntilUs: at(-900) }, at(-1000)), busyLikelihood: 0.51 },
    assumes: 'busy',
    slots: 3,
    where: busy,
    write: { slots: { from: 'slots', byUs: 300_000 } },
  },
  {
    name: 'a write to a bucket whose slots ended 100 ms ago gives the slots of the gap away unused',
    view: viewOf({ slotsUntilUs: at(-95) }),
    assumes: 'busy',
    slots: 3,
    where: [
      ['slots', 'atLeast', at(-95)],
      ['slots', 'atMost', at(1800) - 1],
      ['returns', 'atMost', at(5)],
    ],
    write: { slots: { from: 'slots', byUs: 400_000 } },
  },
  {
    name: 'return times begin after a gap of unused slots that their write skips',
    view: viewOf({ slotsUntilUs: at(-45) }),
    request: { count: 5, endUs: at(250) },
    assumes: 'busy',
    slots: 3,
    returns: 2,
    where: [
      ['slots', 'atLeast', at(-45)],
      ['slots', 'atMost', at(50) - 1],
      ['returns', 'atMost', at(5)],
    ],
    write: { slots: { from: 'slots', byUs: 350_000 }, returns: { from: 'slots', byUs: 250_000 } },
  },
  {
    name: 'a newcomer with a newer revision raises the generation of a busy bucket, and does not wait behind its backlog',
    view: viewOf({ slotsUntilUs: at(300), returnsUntilUs: at(5000) }),
    request: { revision: 2 },
    assumes: 'busy',
    slots: 3,
    where: [
      ['slots', 'atLeast', at(5)],
      ['slots', 'atMost', at(1800) - 1],
      ['revision', 'below', 2],
    ],
    write: { slots: { from: 'slots', byUs: 300_000 }, returns: startAgain, raiseTo: 2 },
  },
];

test.each([...ofIdleBucket, ...ofBusyBucket].map((row) => [row.name, row] as const))('%s', (_name, row) => {
  expect(decisionOf(row)).toStrictEqual(expectedDecision(row));
});
