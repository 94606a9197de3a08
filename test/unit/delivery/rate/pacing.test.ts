import { expect, test } from 'vitest';
import type { WaitsFor } from '../../../../lib/core/delivery/delivery.ts';
import { defaultTransport } from '../../../../lib/core/destination/delivery-policy.ts';
import type { RatedDestination, Reservation, Turn } from '../../../../lib/core/rate/shards.ts';
import { inTurn, newcomer } from '../../../../lib/core/rate/shards.ts';
import { longestRequestTimeoutMs } from '../../../../lib/core/delivery/retry.ts';
import { withDeadline } from '../../../../lib/delivery/deadline.ts';
import { createPacing } from '../../../../lib/delivery/rate/pacing.ts';
import type { ReserveOptions } from '../../../../lib/delivery/rate/limiter.ts';
import type { ResolvedDestination } from '../../../../lib/core/destination/resolved-destination.ts';
import { apiDestinationOf, connectionOf } from '../../../contract/dynamodb/subjects.ts';
import { blindMonitor } from '../../../fakes/healthy.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { policyOf } from '../../../fakes/delivery-policies.ts';
import { createSlotHorizon } from '../../../../lib/delivery/rate/slot-horizon.ts';

function destinationOf(ratePerSecond: number): ResolvedDestination {
  return {
    connection: connectionOf('billing'),
    apiDestination: apiDestinationOf('orders', { invocationRateLimitPerSecond: ratePerSecond, revision: 7 }),
    secret: { credentials: { authorizationType: 'BASIC', username: 'someone', password: 'something' } },
    policy: policyOf(),
    transport: defaultTransport,
    versions: '',
  };
}

/** A limiter that returns the given answers and records its calls. */
function setUp(answers: readonly (Partial<Reservation> | 'now')[] = ['now']) {
  const clock = createManualClock();
  const asked: { destination: RatedDestination; options: ReserveOptions }[] = [];
  const pauses: number[] = [];
  const remaining = [...answers];
  const limiter = {
    reserve: async (destination: RatedDestination, count: number, options: ReserveOptions): Promise<Reservation> => {
      expect(count).toBe(1);
      asked.push({ destination, options });
      const answer = remaining.shift() ?? 'now';
      if (answer === 'now') return { slotTimesMs: [clock.nowMs()], returns: [] };
      return { slotTimesMs: [], returns: [], ...answer };
    },
    pause: async (_destination: RatedDestination, untilMs: number) => {
      pauses.push(untilMs);
    },
    monitorOf: () => blindMonitor,
  };
  const pacing = createPacing({ limiter, clock, horizon: createSlotHorizon(2000, clock) });
  /** The slot or return time, and the time at which the wait ended. */
  const waitForSlot = (destination: ResolvedDestination, turn: Turn = newcomer, remainingMs = 60_000) =>
    withDeadline(clock, remainingMs, async (deadline) => {
      const given = await pacing.waitForSlot(destination, deadline, turn);
      return { ...given, atMs: clock.nowMs() };
    });
  return { clock, asked, pauses, pacing, waitForSlot };
}

const start = Date.UTC(2026, 0, 1);

test('a request asks for a slot with the rate, burst and revision of its destination', async () => {
  const { clock, asked, waitForSlot } = setUp([{ slotTimesMs: [start + 700] }]);
  const waiting = waitForSlot(destinationOf(300));
  await clock.advance(699);
  expect(asked).toEqual([
    {
      destination: {
        name: 'orders',
        incarnation: 'orders-1',
        revision: 7,
        ratePerSecond: 300,
        burst: 1,
        timeoutMs: 5000,
      },
      options: { horizonMs: 2000, turn: newcomer, invocation: expect.any(Object) },
    },
  ]);
  await clock.advance(1);
  expect(await waiting).toEqual({ kind: 'now', untilMs: start + 720, isProbe: false, atMs: start + 700 });
});

test('a request that finds no slot before the horizon gets a return time', async () => {
  const turn: Turn = { kind: 'return', generation: 3, shard: 0, atMs: start + 30_000 };
  const { waitForSlot } = setUp([{ returns: [turn] }]);
  expect(await waitForSlot(destinationOf(300))).toMatchObject({ kind: 'later', turn });
});

test.each<[Turn, WaitsFor]>([
  [{ kind: 'return', generation: 3, shard: 0, atMs: start + 30_000 }, 'rate'],
  [{ kind: 'newcomer', atMs: start + 30_000 }, 'rate'],
  [{ kind: 'newcomer', isOutage: true, atMs: start + 30_000 }, 'store'],
])('a request that finds no slot and gets the turn %j waits for %s', async (turn, waitsFor) => {
  const { waitForSlot } = setUp([{ returns: [turn] }]);
  expect(await waitForSlot(destinationOf(300))).toMatchObject({ kind: 'later', waitsFor });
});

test('a returning delivery passes on its place in the backlog when it asks for a slot', async () => {
  const turn: Turn = { kind: 'return', generation: 3, shard: 0, atMs: 1 };
  const { asked, waitForSlot } = setUp();
  await waitForSlot(destinationOf(300), turn);
  expect(asked[0]?.options).toMatchObject({ horizonMs: 2000, turn });
});

test.each([
  { ratePerSecond: 2, toleranceMs: 490 },
  { ratePerSecond: 25, toleranceMs: 30 },
  { ratePerSecond: 40, toleranceMs: 20 },
  { ratePerSecond: 300, toleranceMs: 20 },
])(
  'at $ratePerSecond a second, a slot that is missed by more than $toleranceMs ms is replaced by another slot',
  async ({ ratePerSecond, toleranceMs }) => {
    const goesAfter = async (lateMs: number) => {
      const { clock, asked, waitForSlot } = setUp([{ slotTimesMs: [start + 500] }, { slotTimesMs: [start + 1700] }]);
      const waiting = waitForSlot(destinationOf(ratePerSecond));
      await clock.advance(0);
      await clock.advance(500 + lateMs);
      await clock.advance(1200 - lateMs);
      return { slot: await waiting, turns: asked.map(({ options }) => options.turn) };
    };
    expect(await goesAfter(toleranceMs)).toMatchObject({
      slot: { untilMs: start + 500 + toleranceMs },
      turns: [newcomer],
    });
    expect(await goesAfter(toleranceMs + 1)).toMatchObject({
      slot: { untilMs: start + 1700 + toleranceMs },
      turns: [newcomer, inTurn],
    });
  },
);

test('a request without a rate limit may be sent half a second late, so that a busy worker does not ask again and again', async () => {
  const destination = destinationOf(300);
  const policy = policyOf({ invocationRateLimit: 'NONE' });
  const { asked, waitForSlot } = setUp([{ slotTimesMs: [start - 500] }]);
  expect(await waitForSlot({ ...destination, policy })).toMatchObject({ kind: 'now', untilMs: start });
  expect(asked).toMatchObject([{ destination: { ratePerSecond: 2000, isUnlimited: true } }]);
});

test('a returning delivery that misses its slot keeps its place in the backlog', async () => {
  const turn: Turn = { kind: 'return', generation: 3, shard: 0, atMs: 1 };
  const { asked, waitForSlot } = setUp([{ slotTimesMs: [start - 100] }]);
  await waitForSlot(destinationOf(300), turn);
  expect(asked.map(({ options }) => options.turn)).toEqual([turn, turn]);
});

test('a delivery asks for no slot when too little time is left to send and to settle it', async () => {
  const { asked, waitForSlot } = setUp();
  await expect(waitForSlot(destinationOf(300), newcomer, 9999)).rejects.toMatchObject({ code: 'OutOfTime' });
  expect(asked).toEqual([]);
});

test('a slot whose wait has left too little time for the request is not used', async () => {
  const { clock, waitForSlot } = setUp([{ slotTimesMs: [start + 1900] }]);
  const waiting = waitForSlot(destinationOf(300), newcomer, 12_000);
  const failed = waiting.catch((error: unknown) => error);
  await clock.advance(0);
  await clock.advance(2001);
  expect(await failed).toMatchObject({ code: 'OutOfTime' });
});

test('when there is no time to wait, a delivery asks only for a slot that begins at once', async () => {
  const { asked, waitForSlot } = setUp();
  await waitForSlot(destinationOf(300), newcomer, 11_999);
  expect(asked[0]?.options.horizonMs).toBe(0);
  await waitForSlot(destinationOf(300), newcomer, 12_000);
  expect(asked[1]?.options.horizonMs).toBe(2000);
});

test('the longest request timeout still leaves a cold worker the time to wait for a slot', async () => {
  const { asked, waitForSlot } = setUp();
  const destination = destinationOf(300);
  const longest = { ...destination, policy: { ...destination.policy, timeoutMs: longestRequestTimeoutMs(60) } };
  await waitForSlot(longest, newcomer, 60_000 - 1000);
  expect(asked[0]?.options.horizonMs).toBe(2000);
});

test('a rate limiter that gives neither a slot nor a return time causes an error that says so', async () => {
  const { waitForSlot } = setUp([{}]);
  await expect(waitForSlot(destinationOf(300))).rejects.toThrow('neither a slot nor a turn');
});

test('a pause that is given as a number of milliseconds begins at the present time', async () => {
  const { clock, pacing, pauses } = setUp();
  await pacing.pause(destinationOf(300), 30_000);
  expect(pauses).toEqual([clock.nowMs() + 30_000]);
});
