import { expect, test } from 'vitest';
import { unknownView } from '../../../../lib/core/rate/view.ts';
import { at, viewOf } from '../../../contract/dynamodb/rate-requests.ts';
import type { DecisionRow, Where } from './rate-decisions.ts';
import { decisionOf, expectedDecision, startAgain } from './rate-decisions.ts';

const idle: Where = [
  ['slots', 'below', at(5)],
  ['returns', 'atMost', at(5)],
];

/** Slots of a bucket that nobody has used for a while. */
const ofIdleBucket: readonly DecisionRow[] = [
  {
    name: 'a worker treats a bucket that it has never seen as idle, and does not raise its generation',
    view: unknownView,
    request: { revision: 2 },
    assumes: 'idle',
    slots: 3,
    where: idle,
    write: { slots: { from: at(5), byUs: 300_000 }, orAbsent: true },
  },
  {
    name: 'requests without a slot before the horizon get return times, from a second before the given slots end',
    view: viewOf({}),
    request: { count: 30 },
    assumes: 'idle',
    slots: 20,
    returns: 10,
    where: idle,
    write: { slots: { from: at(5), byUs: 2_000_000 }, returns: { from: at(5), byUs: 2_000_000 }, orAbsent: true },
  },
  {
    name: 'return times behind less than a second of slots begin at the first slot',
    view: viewOf({}),
    request: { count: 5, endUs: at(250) },
    assumes: 'idle',
    slots: 3,
    returns: 2,
    where: idle,
    write: { slots: { from: at(5), byUs: 300_000 }, returns: { from: at(5), byUs: 200_000 }, orAbsent: true },
  },
  {
    name: 'requests that come back are given slots despite a backlog, and no return times',
    view: viewOf({ returnsUntilUs: at(5000) }),
    request: { count: 30, newcomer: false },
    assumes: 'idle',
    slots: 20,
    where: [['slots', 'below', at(5)]],
    write: { slots: { from: at(5), byUs: 2_000_000 }, orAbsent: true },
  },
  {
    name: 'a burst of 3 begins with two slots that have passed',
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
    name: 'return times behind a burst begin at the first slot, not in the past',
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
    name: 'a worker treats a bucket as idle when it was busy as often as idle',
    view: viewOf({ slotsUntilUs: at(-900) }, at(-1000)),
    assumes: 'idle',
    slots: 3,
    where: idle,
    write: { slots: { from: at(5), byUs: 300_000 }, orAbsent: true },
  },
  {
    name: 'a worker treats a bucket as idle when no other worker uses it, even if it was often busy',
    view: { ...viewOf({ slotsUntilUs: at(-900) }, at(-1000)), busyLikelihood: 0.9, timesAlone: 8 },
    assumes: 'idle',
    slots: 3,
    where: idle,
    write: { slots: { from: at(5), byUs: 300_000 }, orAbsent: true },
  },
  {
    name: 'a write does not skip a gap of more than 100 ms without slots',
    view: viewOf({ slotsUntilUs: at(-95) - 1 }),
    assumes: 'idle',
    slots: 3,
    where: idle,
    write: { slots: { from: at(5), byUs: 300_000 }, orAbsent: true },
  },
  {
    name: 'a worker with a newer revision raises the generation of an idle bucket, and return times start again',
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
    name: 'a request that comes back with a newer revision raises the generation, and return times start again',
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
    name: 'a worker with an older revision raises nothing',
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

/** Slots behind those that have already been given away. */
const ofBusyBucket: readonly DecisionRow[] = [
  {
    name: 'slots of a busy bucket follow those given before, if all of them begin before the horizon',
    view: viewOf({ slotsUntilUs: at(300) }),
    assumes: 'busy',
    slots: 3,
    where: busy,
    write: { slots: { from: 'slots', byUs: 300_000 } },
  },
  {
    name: 'a backlog whose last return time ends at the first slot holds no newcomer back',
    view: viewOf({ slotsUntilUs: at(300), returnsUntilUs: at(5) }),
    assumes: 'busy',
    slots: 3,
    where: busy,
    write: { slots: { from: 'slots', byUs: 300_000 } },
  },
  {
    name: 'return times behind the slots of a busy bucket begin at the end of the slots that the write finds',
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
    name: 'a bucket is busy when the burst does not reach back to its last slot',
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
    name: 'a worker treats a bucket as busy when it was busy more often than idle',
    view: { ...viewOf({ slotsUntilUs: at(-900) }, at(-1000)), busyLikelihood: 0.51 },
    assumes: 'busy',
    slots: 3,
    where: busy,
    write: { slots: { from: 'slots', byUs: 300_000 } },
  },
  {
    name: 'a write skips a gap of 100 ms without slots, and counts the gap as given away',
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
    name: 'return times skip a gap that the slots before them skip',
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
    name: 'a newcomer with a newer revision raises the generation of a busy bucket, and waits behind no backlog',
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
