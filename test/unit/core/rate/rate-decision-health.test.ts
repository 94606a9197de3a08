import { expect, test } from 'vitest';
import { forgottenHealth, unknownHealth } from '../../../../lib/core/health/health.ts';
import { decide } from '../../../../lib/core/rate/decision.ts';
import { at, viewOf } from '../../../contract/dynamodb/rate-requests.ts';
import type { DecisionRow } from './rate-decisions.ts';
import { decisionOf, expectedDecision, request5MsAhead, startAgain } from './rate-decisions.ts';

const ofNow = { slots: { from: at(5), byUs: 300_000 }, returns: startAgain };

/** A worker with a wrong clock has written a time that is more than 2,000 s ahead. */
const ofImpossibleTimes: readonly DecisionRow[] = [
  {
    name: 'slots and return times start again from now when slots are given away for more than the next 2,000 s',
    view: viewOf({ slotsUntilUs: at(2_000_000) + 1 }),
    assumes: 'impossible',
    slots: 3,
    where: [['slots', 'atLeast', at(2_000_000)]],
    write: { ...ofNow, raiseTo: 1 },
  },
  {
    name: 'slots and return times start again from now when return times are given away for more than the next 2,000 s',
    view: viewOf({ slotsUntilUs: at(300), returnsUntilUs: at(2_000_000) + 1 }),
    assumes: 'impossible',
    slots: 3,
    where: [['returns', 'atLeast', at(2_000_000)]],
    write: { ...ofNow, raiseTo: 1 },
  },
  {
    name: 'a worker with an older revision does not lower the revision of a bucket whose times it starts again',
    view: viewOf({ slotsUntilUs: at(9_000_000), revision: 3 }),
    assumes: 'impossible',
    slots: 3,
    where: [['slots', 'atLeast', at(2_000_000)]],
    write: { ...ofNow, raiseTo: 3 },
  },
  {
    name: 'a worker with a newer revision forgets the old health when it starts the times of a bucket again',
    view: viewOf({ slotsUntilUs: at(9_000_000) }),
    request: { revision: 2 },
    assumes: 'impossible',
    slots: 3,
    where: [['slots', 'atLeast', at(2_000_000)]],
    write: { ...ofNow, raiseTo: 2, health: forgottenHealth },
  },
];

const openedAtUs = at(-60_000);

/** Each write also stores what the worker has learned about the endpoint since its last write. */
const ofHealth: readonly DecisionRow[] = [
  {
    name: 'a write for slots also stores the mean duration of the requests since the last write',
    view: viewOf({}),
    request: { answerUs: 42_000 },
    assumes: 'idle',
    slots: 3,
    where: [
      ['slots', 'below', at(5)],
      ['returns', 'atMost', at(5)],
    ],
    write: { slots: ofNow.slots, health: { set: { answerUs: 42_000 } }, orAbsent: true },
  },
  {
    name: 'the first write of a newer revision forgets the health of the former endpoint instead of storing a duration',
    view: viewOf({}),
    request: { revision: 2, answerUs: 42_000 },
    assumes: 'idle',
    slots: 3,
    where: [
      ['slots', 'below', at(5)],
      ['revision', 'below', 2],
    ],
    write: { ...ofNow, raiseTo: 2, health: forgottenHealth, orAbsent: true },
  },
  {
    name: 'a probe after the end of a backlog takes no slot when the circuit has closed since',
    view: viewOf({
      slotsUntilUs: at(-5000),
      returnsUntilUs: at(5000),
      health: { ...unknownHealth, openedAtUs },
    }),
    request: { onlyProbes: true, mostSlots: 1 },
    assumes: 'empty',
    slots: 1,
    where: [
      ['slots', 'below', at(-4995)],
      ['generation', 'equalTo', 1],
      ['openedAtUs', 'equalTo', openedAtUs],
    ],
    write: { slots: { from: at(5), byUs: 100_000 }, returns: startAgain, raiseTo: 1 },
  },
];

test.each([...ofImpossibleTimes, ...ofHealth].map((row) => [row.name, row] as const))('%s', (_name, row) => {
  expect(decisionOf(row)).toStrictEqual(expectedDecision(row));
});

test.each([
  ['slots', viewOf({ slotsUntilUs: at(2_000_000) })],
  ['return times', viewOf({ slotsUntilUs: at(300), returnsUntilUs: at(2_000_000) })],
] as const)(
  'a bucket whose %s are given away for exactly the next 2,000 s gives nothing and is left as it is',
  (_, view) => {
    expect(decide(view, request5MsAhead)).toBeUndefined();
  },
);
