import { expect, test } from 'vitest';
import { decide } from '../../../../lib/core/rate/decision.ts';
import { at, viewOf } from '../../../contract/dynamodb/rate-requests.ts';
import type { DecisionRow, Where } from './rate-decisions.ts';
import { request5MsAhead, decisionOf, expectedDecision, startAgain } from './rate-decisions.ts';

/** Requests whose worker assumes that the deliveries of the backlog are gone, so that newcomers get slots again. */
const ofEmptyBucket: readonly DecisionRow[] = [
  {
    name: 'a backlog ends when no request has come back for 5 s, and return times start again in a new generation',
    view: viewOf({ slotsUntilUs: at(-5000), returnsUntilUs: at(5000), generation: 4 }),
    assumes: 'empty',
    slots: 3,
    where: [
      ['slots', 'below', at(-4995)],
      ['generation', 'equalTo', 4],
    ],
    write: { slots: { from: at(5), byUs: 300_000 }, returns: startAgain, raiseTo: 1 },
  },
  {
    name: 'a write that ends a backlog gives no return times to requests that find no slot',
    view: viewOf({ slotsUntilUs: at(-5000), returnsUntilUs: at(5000) }),
    request: { count: 30 },
    assumes: 'empty',
    slots: 20,
    where: [
      ['slots', 'below', at(-4995)],
      ['generation', 'equalTo', 1],
    ],
    write: { slots: { from: at(5), byUs: 2_000_000 }, returns: startAgain, raiseTo: 1 },
  },
  {
    name: 'a write that ends a backlog may use a whole burst at once',
    view: viewOf({ slotsUntilUs: at(-5000), returnsUntilUs: at(5000) }),
    request: { share: { ratePerSecond: 10, burst: 3 } },
    assumes: 'empty',
    slots: 3,
    where: [
      ['slots', 'below', at(-4995)],
      ['generation', 'equalTo', 1],
    ],
    write: { slots: { from: at(-195), byUs: 300_000 }, returns: startAgain, raiseTo: 1 },
  },
  {
    name: 'a write that ends a backlog uses no slots of a burst that are more than 5 s old',
    view: viewOf({ slotsUntilUs: at(-5000), returnsUntilUs: at(5000) }),
    request: { share: { ratePerSecond: 10, burst: 100 } },
    assumes: 'empty',
    slots: 3,
    where: [
      ['slots', 'below', at(-4995)],
      ['generation', 'equalTo', 1],
    ],
    write: { slots: { from: at(-4995), byUs: 300_000 }, returns: startAgain, raiseTo: 1 },
  },
  {
    name: 'a worker with an older revision does not lower the revision of a bucket when it ends a backlog',
    view: viewOf({ slotsUntilUs: at(-5000), returnsUntilUs: at(5000), revision: 3 }),
    assumes: 'empty',
    slots: 3,
    where: [
      ['slots', 'below', at(-4995)],
      ['generation', 'equalTo', 1],
    ],
    write: { slots: { from: at(5), byUs: 300_000 }, returns: startAgain, raiseTo: 3 },
  },
];

const behindBacklog: Where = [
  ['returns', 'atLeast', at(5)],
  ['returns', 'atMost', at(899_800)],
  ['slots', 'atMost', at(6000)],
];

/** Requests that get return times after the ones that have already been given away. */
const ofBacklog: readonly DecisionRow[] = [
  {
    name: 'a newcomer gets a return time behind a backlog, even if there are slots',
    view: viewOf({ slotsUntilUs: at(300), returnsUntilUs: at(5000) }),
    assumes: 'ahead',
    returns: 3,
    where: behindBacklog,
    write: { returns: { from: 'returns', byUs: 300_000 } },
  },
  {
    name: 'a backlog goes on when a request has come back from it less than 5 s ago',
    view: viewOf({ slotsUntilUs: at(-5000) + 1, returnsUntilUs: at(5000) }),
    assumes: 'ahead',
    returns: 3,
    where: behindBacklog,
    write: { returns: { from: 'returns', byUs: 300_000 } },
  },
  {
    name: 'a worker ends a backlog only when it has just read the bucket',
    view: viewOf({ slotsUntilUs: at(-5000), returnsUntilUs: at(5000) }, at(-1)),
    assumes: 'ahead',
    returns: 3,
    where: behindBacklog,
    write: { returns: { from: 'returns', byUs: 300_000 } },
  },
  {
    name: 'a worker takes a block of return times for later events in the same write',
    view: viewOf({ slotsUntilUs: at(300), returnsUntilUs: at(5000) }),
    request: { blockCount: 50 },
    assumes: 'ahead',
    returns: 50,
    where: [
      ['returns', 'atLeast', at(5)],
      ['returns', 'atMost', at(895_100)],
      ['slots', 'atMost', at(6000)],
    ],
    write: { returns: { from: 'returns', byUs: 5_000_000 } },
  },
  {
    name: 'a backlog gives only the return times of the next 900 s',
    view: viewOf({ slotsUntilUs: at(300), returnsUntilUs: at(899_850) }),
    assumes: 'ahead',
    returns: 2,
    where: [
      ['returns', 'atLeast', at(5)],
      ['returns', 'atMost', at(899_900)],
      ['slots', 'atMost', at(900_850)],
    ],
    write: { returns: { from: 'returns', byUs: 200_000 } },
  },
  {
    name: 'a returning request that finds no slot gets another return time behind the backlog',
    view: viewOf({ slotsUntilUs: at(3000), returnsUntilUs: at(5000) }),
    request: { newcomer: false },
    assumes: 'ahead',
    returns: 3,
    where: behindBacklog,
    write: { returns: { from: 'returns', byUs: 300_000 } },
  },
  {
    name: 'a newcomer gets a return time behind a backlog that ends one second before the slots end',
    view: viewOf({ slotsUntilUs: at(60_000), returnsUntilUs: at(59_000) }),
    assumes: 'ahead',
    returns: 3,
    where: [
      ['returns', 'atLeast', at(5)],
      ['returns', 'atMost', at(899_800)],
      ['slots', 'atMost', at(60_000)],
    ],
    write: { returns: { from: 'returns', byUs: 300_000 } },
  },
];

/** Requests that get the first return times of a new backlog. */
const ofNewBacklog: readonly DecisionRow[] = [
  {
    name: 'a new backlog begins a second before the end of the slots that have been given away',
    view: viewOf({ slotsUntilUs: at(2000) }),
    assumes: 'behind',
    returns: 3,
    where: [
      ['returns', 'equalTo', 0],
      ['slots', 'atMost', at(899_800)],
    ],
    write: { returns: { from: at(1000), byUs: 300_000 } },
  },
  {
    name: 'a new backlog never begins before the first usable slot',
    view: viewOf({ slotsUntilUs: at(300) }),
    request: { endUs: at(250) },
    assumes: 'behind',
    returns: 3,
    where: [
      ['returns', 'equalTo', 0],
      ['slots', 'atMost', at(899_800)],
    ],
    write: { returns: { from: at(5), byUs: 300_000 } },
  },
  {
    name: 'requests that find neither a slot nor a return time within 900 s get nothing',
    view: viewOf({}),
    request: { count: 9100 },
    assumes: 'idle',
    slots: 20,
    returns: 8980,
    where: [
      ['slots', 'below', at(5)],
      ['returns', 'atMost', at(5)],
    ],
    write: { slots: { from: at(5), byUs: 2_000_000 }, returns: { from: at(5), byUs: 899_000_000 }, orAbsent: true },
  },
  {
    name: 'a new backlog begins a second before a pause ends',
    view: viewOf({ slotsUntilUs: at(60_000), returnsUntilUs: at(59_000) - 1 }),
    request: { blockCount: 50 },
    assumes: 'behind',
    returns: 50,
    where: [
      ['returns', 'equalTo', at(59_000) - 1],
      ['slots', 'atMost', at(895_100)],
    ],
    write: { returns: { from: at(59_000), byUs: 5_000_000 } },
  },
  {
    name: 'a worker with a newer revision that finds no slot starts a new backlog in a new generation',
    view: viewOf({ slotsUntilUs: at(3000), returnsUntilUs: at(5000) }),
    request: { revision: 2 },
    assumes: 'behind',
    returns: 3,
    where: [
      ['returns', 'equalTo', at(5000)],
      ['slots', 'atMost', at(899_800)],
      ['revision', 'below', 2],
    ],
    write: { returns: { from: at(2000), byUs: 300_000 }, raiseTo: 2 },
  },
];

test.each([...ofEmptyBucket, ...ofBacklog, ...ofNewBacklog].map((row) => [row.name, row] as const))(
  '%s',
  (_name, row) => {
    expect(decisionOf(row)).toStrictEqual(expectedDecision(row));
  },
);

test.each(
  [
    {
      name: 'a backlog of 900 s gives no more return times',
      view: viewOf({ slotsUntilUs: at(300), returnsUntilUs: at(900_000) }),
    },
    { name: 'no backlog begins during a pause of 900 s', view: viewOf({ slotsUntilUs: at(901_000) }) },
  ].map(({ name, view }) => [name, view] as const),
)('%s', (_name, view) => {
  expect(decide(view, request5MsAhead)).toBeUndefined();
});

test('a bucket is kept until a day after the last possible return time, in whole seconds', () => {
  const [one, next] = [at(0), at(0) + 1].map((nowUs) => decide(viewOf({}), { ...request5MsAhead, nowUs }));
  expect(one?.write.expiresAtSeconds).toBe(Date.UTC(2026, 0, 2, 0, 15) / 1000);
  expect(next?.write.expiresAtSeconds).toBe(Date.UTC(2026, 0, 2, 0, 15) / 1000 + 1);
});
