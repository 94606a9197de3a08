import { describe, expect, test } from 'vitest';
import { createBottleneckConcurrencyLimit } from '../../../lib/adapters/bottleneck-concurrency-limit.ts';
import { defaultTransport } from '../../../lib/core/delivery-policy.ts';
import type { RatedDestination, Reservation, Turn } from '../../../lib/core/rate-reservation.ts';
import { alreadyInTurn } from '../../../lib/core/rate-shards.ts';
import { longestRequestTimeoutMs } from '../../../lib/core/time-limits.ts';
import { SlotMissed } from '../../../lib/core/slot-missed.ts';
import { withDeadline } from '../../../lib/delivery/deadline.ts';
import { createPacing } from '../../../lib/delivery/pacing.ts';
import type { ReserveOptions } from '../../../lib/delivery/rate-limiter.ts';
import type { Route } from '../../../lib/delivery/resolve.ts';
import { apiDestinationOf, connectionOf } from '../../contract/subjects.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { policyOf } from '../../fakes/delivery-policies.ts';

function routeOf(ratePerSecond: number, maximumConcurrencyPerWorker?: number): Route {
  return {
    connection: connectionOf('billing'),
    apiDestination: apiDestinationOf('orders', { invocationRateLimitPerSecond: ratePerSecond, revision: 7 }),
    secret: { credentials: { authorizationType: 'BASIC', username: 'someone', password: 'something' } },
    policy: policyOf({ maximumConcurrencyPerWorker }),
    transport: defaultTransport,
    versions: '',
  };
}

/** A limiter that says what it is told to, and remembers what it was asked. */
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
  };
  const concurrency = createBottleneckConcurrencyLimit();
  const pacing = createPacing({ limiter, concurrency, clock, horizonMs: 2000 });
  const atSlot = (route: Route, turn?: Turn, remainingMs = 60_000) =>
    withDeadline(clock, remainingMs, (deadline) =>
      pacing.atSlot(route, deadline, turn, async ({ nowMs: atMs, waitedMs }) => ({ atMs, waitedMs })),
    );
  return { clock, asked, pauses, pacing, atSlot };
}

describe('pacing', () => {
  test('asks with the rate, burst and revision of the destination, and sends at its slot', async () => {
    const { clock, asked, atSlot } = setUp([{ slotTimesMs: [Date.UTC(2026, 0, 1) + 700] }]);
    const sending = atSlot(routeOf(300));
    await clock.advance(699);
    expect(asked).toEqual([
      {
        destination: { incarnation: 'orders-1', revision: 7, ratePerSecond: 300, burst: 1 },
        options: { horizonMs: 2000 },
      },
    ]);
    await clock.advance(1);
    expect(await sending).toEqual({ kind: 'sent', result: { atMs: Date.UTC(2026, 0, 1) + 700, waitedMs: 700 } });
  });

  test('hands back the turn when no slot lies before the horizon, and sends nothing', async () => {
    const turn = { atMs: Date.UTC(2026, 0, 1) + 30_000, generation: 3 };
    const { atSlot } = setUp([{ returns: [turn] }]);
    expect(await atSlot(routeOf(300))).toEqual({ kind: 'later', turn });
  });

  test('a delivery that comes back says which turn it had', async () => {
    const turn = { atMs: 1, generation: 3 };
    const { asked, atSlot } = setUp();
    await atSlot(routeOf(300), turn);
    expect(asked[0]?.options).toEqual({ horizonMs: 2000, turn });
  });

  test.each([
    { ratePerSecond: 2, toleranceMs: 490 },
    { ratePerSecond: 25, toleranceMs: 30 },
    { ratePerSecond: 40, toleranceMs: 20 },
    { ratePerSecond: 300, toleranceMs: 20 },
  ])(
    'at $ratePerSecond a second a slot missed by $toleranceMs ms is used; missed by more, it is given up and another one reserved',
    async ({ ratePerSecond, toleranceMs }) => {
      const start = Date.UTC(2026, 0, 1);
      const sentAfter = async (lateMs: number) => {
        const { clock, asked, atSlot } = setUp([{ slotTimesMs: [start + 500] }, { slotTimesMs: [start + 1700] }]);
        const sending = atSlot(routeOf(ratePerSecond));
        await clock.advance(0);
        await clock.advance(500 + lateMs);
        await clock.advance(1200 - lateMs);
        return { sent: await sending, turns: asked.map(({ options }) => options.turn) };
      };
      expect(await sentAfter(toleranceMs)).toMatchObject({
        sent: { result: { atMs: start + 500 + toleranceMs } },
        turns: [undefined],
      });
      expect(await sentAfter(toleranceMs + 1)).toMatchObject({
        sent: { result: { atMs: start + 1700 } },
        turns: [undefined, alreadyInTurn],
      });
    },
  );

  test('a request that was held up beyond its slot after the wait for it takes another one', async () => {
    const start = Date.UTC(2026, 0, 1);
    const { clock, asked, pacing } = setUp([{ slotTimesMs: [start] }, { slotTimesMs: [start + 150] }]);
    const usable: boolean[] = [];
    const held = Promise.withResolvers<void>();
    const sending = withDeadline(clock, 60_000, (deadline) =>
      pacing.atSlot(routeOf(300), deadline, undefined, async ({ isUsable, waitedMs }) => {
        if (usable.length === 0) await held.promise;
        usable.push(isUsable());
        if (!isUsable()) throw new SlotMissed();
        return waitedMs;
      }),
    );
    await clock.advance(0);
    await clock.advance(21);
    held.resolve();
    await clock.advance(0);
    await clock.advance(129);
    expect(await sending).toEqual({ kind: 'sent', result: 150 });
    expect(usable).toEqual([false, true]);
    expect(asked.map(({ options }) => options.turn)).toEqual([undefined, alreadyInTurn]);
  });

  test('does not ask for a slot that would leave too little time to send and to settle', async () => {
    const { asked, atSlot } = setUp();
    await expect(atSlot(routeOf(300), undefined, 9999)).rejects.toMatchObject({ code: 'OutOfTime' });
    expect(asked).toEqual([]);
  });

  test('waits for no slot when there is time for the request but not for the wait', async () => {
    const { asked, atSlot } = setUp();
    await atSlot(routeOf(300), undefined, 11_999);
    expect(asked[0]?.options.horizonMs).toBe(0);
    await atSlot(routeOf(300), undefined, 12_000);
    expect(asked[1]?.options.horizonMs).toBe(2000);
  });

  test('the longest request that a function may be configured for leaves a cold worker its whole wait for a slot', async () => {
    const { asked, atSlot } = setUp();
    const route = routeOf(300);
    const longest = { ...route, policy: { ...route.policy, timeoutMs: longestRequestTimeoutMs(60) } };
    await atSlot(longest, undefined, 60_000 - 1000);
    expect(asked[0]?.options.horizonMs).toBe(2000);
  });

  test('a second request that finds no slot ends as what made it necessary', async () => {
    const { clock, asked, pacing } = setUp([{ returns: [{ atMs: 1, generation: 1 }] }]);
    const second = withDeadline(clock, 60_000, (deadline) => pacing.slotNow(routeOf(300), deadline));
    await expect(second).rejects.toMatchObject({ code: 'ConnectionReset' });
    expect(asked[0]?.options.turn).toEqual(alreadyInTurn);
  });

  test('a pause counts from now', async () => {
    const { clock, pacing, pauses } = setUp();
    await pacing.pause(routeOf(300), 30_000);
    expect(pauses).toEqual([clock.nowMs() + 30_000]);
  });

  test('a destination with a maximum concurrency asks for a slot only when there is room', async () => {
    const { clock, asked, pacing } = setUp();
    const ends: (() => void)[] = [];
    const route = routeOf(300, 2);
    const inFlight = () =>
      withDeadline(clock, 60_000, (deadline) =>
        pacing.atSlot(route, deadline, undefined, () => new Promise<void>((resolve) => ends.push(resolve))),
      );
    const all = Promise.all([inFlight(), inFlight(), inFlight()]);
    await expect.poll(() => ends.length).toBe(2);
    expect(asked).toHaveLength(2);
    ends[0]?.();
    await expect.poll(() => ends.length).toBe(3);
    for (const end of ends) end();
    expect(await all).toHaveLength(3);
  });
});
