import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../../lib/core/delivery/delivery.ts';
import type { FailureCode } from '../../../lib/core/failure/failure.ts';
import type { QueuedDelivery } from '../../../lib/core/message/queued-delivery.ts';
import type { Turn } from '../../../lib/core/rate/shards.ts';
import type { AttemptResult } from '../../../lib/delivery/attempt.ts';
import { withDeadline } from '../../../lib/delivery/deadline.ts';
import { createRetrying } from '../../../lib/delivery/retrying.ts';
import type { Random } from '../../../lib/ports/clock.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { delivered, deliveryOf, failedForNow, putOff, rejected, retryPolicy, routeOf } from './outcomes.ts';
import { createSlotHorizon } from '../../../lib/delivery/rate/slot-horizon.ts';

const backoff = { baseMs: 1000, maximumMs: 900_000 };

/** @param results the results of the attempts, in order; further attempts get the last one */
function setUp(results: readonly AttemptResult[], random: Random = () => 0, attemptMs = 0, horizonMs = 2000) {
  const clock = createManualClock();
  const attempted: Delivery[] = [];
  const turns: (Turn | undefined)[] = [];
  const retrying = createRetrying({
    async attempt(delivery, _deadline, turn) {
      attempted.push(delivery);
      turns.push(turn);
      clock.set(clock.nowMs() + attemptMs);
      const result = results[Math.min(attempted.length, results.length) - 1];
      return result ?? expect.fail('No attempt is expected.');
    },
    clock,
    random,
    backoff,
    horizon: createSlotHorizon(horizonMs, clock),
    retryPolicy,
  });
  const run = (queued: QueuedDelivery, remainingMs = 60_000) =>
    withDeadline(clock, remainingMs, (deadline) => retrying(queued, deadline));
  /** Starts like `run`, but returns as soon as the delivery waits for the clock. */
  async function begin(...args: Parameters<typeof run>) {
    const running = run(...args);
    await clock.advance(0);
    return { running };
  }
  return { clock, attempted, turns, retrying, run, begin };
}

/** A random number that leads to nearly the longest wait of the backoff. */
const longest = () => 0.999;

describe('a wait after a failed request', () => {
  test.each([0, 1, 1000, 900_001])(
    'a wait of %d ms after a failed request is spent in the queue, not in the invocation',
    async (waitMs) => {
      const { clock, attempted, run } = setUp([failedForNow(waitMs)]);
      expect(await run({ delivery: deliveryOf() })).toMatchObject({
        kind: 'waiting',
        notBeforeMs: clock.nowMs() + waitMs,
        delivery: { attempts: 1 },
      });
      expect(attempted).toHaveLength(1);
    },
  );

  test('a wait after a failed request is counted from the end of the attempt', async () => {
    const { clock, run } = setUp([failedForNow(5000)], () => 0, 300);
    const beganAtMs = clock.nowMs();
    expect(await run({ delivery: deliveryOf() })).toMatchObject({ notBeforeMs: beganAtMs + 300 + 5000 });
  });

  test('a wait after a failed request grows with every failure in a row', async () => {
    const { clock, run } = setUp([failedForNow()], longest);
    const first = await run({ delivery: deliveryOf() });
    expect(first).toMatchObject({ kind: 'waiting', notBeforeMs: clock.nowMs() + 999 });
    const second = await run({ delivery: first.delivery });
    expect(second).toMatchObject({ kind: 'waiting', notBeforeMs: clock.nowMs() + 1998 });
  });
});

describe('what a delivery waits for', () => {
  test.each([
    ['its backoff', failedForNow(), 'backoff'],
    ['a Retry-After', failedForNow(5000), 'retry-after'],
    ['a store', putOff, 'store'],
  ])('a delivery that waits for %s says so', async (_what, result, waitsFor) => {
    const { run } = setUp([result], longest);
    expect(await run({ delivery: deliveryOf() })).toMatchObject({ kind: 'waiting', waitsFor });
  });

  test('a delivery that came before its time does not say what it waits for', async () => {
    const { clock, run } = setUp([]);
    const early = await run({ delivery: deliveryOf(), notBeforeMs: clock.nowMs() + 1 });
    expect(early.kind).toBe('waiting');
    expect(early).not.toHaveProperty('waitsFor');
  });
});

describe('a delivery that made no request', () => {
  test('a delivery that made no request goes straight to the queue, even when it need not wait', async () => {
    const { clock, attempted, run } = setUp([putOff]);
    expect(await run({ delivery: deliveryOf() })).toMatchObject({ kind: 'waiting', notBeforeMs: clock.nowMs() });
    expect(attempted).toHaveLength(1);
  });

  test('a delivery that made no request keeps its count of attempts and their times', async () => {
    const { run } = setUp([putOff]);
    const attemptTimes = { firstMs: 1, lastMs: 2 };
    const standing = await run({ delivery: deliveryOf({ attempts: 3, postponements: 4, attemptTimes }) });
    expect(standing.delivery).toMatchObject({ attempts: 3, postponements: 5, attemptTimes });
  });

  test('a delivery that made no request keeps all its retries', async () => {
    const { run } = setUp([putOff]);
    const delivery = deliveryOf({ target: { RetryPolicy: { MaximumRetryAttempts: 0 } }, postponements: 500 });
    expect((await run({ delivery })).kind).toBe('waiting');
  });
});

describe('a delivery that waits for the token of the fleet', () => {
  const outcome = { kind: 'retryable', code: 'TokenUnavailable', reason: 'No answer.', returnAfterMs: 1500 } as const;
  const waiting: AttemptResult = { kind: 'tried', rateWaitMs: 0, latenciesMs: [], requested: false, outcome };

  test('a delivery that waits for a token comes back after the wait, with the reason, however often it has waited', async () => {
    const { clock, run } = setUp([waiting], longest);
    const delivery = deliveryOf({ attempts: 3, postponements: 20 });
    expect(await run({ delivery })).toMatchObject({ kind: 'waiting', outcome, notBeforeMs: clock.nowMs() + 1500 });
  });

  test('a wait for a token is no attempt and makes no later backoff longer', async () => {
    const { run } = setUp([waiting]);
    const delivery = deliveryOf({ attempts: 3, postponements: 4 });
    expect((await run({ delivery })).delivery).toEqual(delivery);
  });

  test('a wait for a token ends in the dead letters when the event would be too old after it', async () => {
    const { clock, run } = setUp([waiting]);
    const delivery = deliveryOf({
      target: { RetryPolicy: { MaximumEventAgeInSeconds: 60 } },
      firstReceivedAtMs: clock.nowMs() - 59_000,
    });
    expect(await run({ delivery })).toMatchObject({ kind: 'failed', condition: 'MaximumEventAgeInSeconds' });
  });

  test('a request that was refused counts as an attempt even if its new token has to be waited for', async () => {
    const { clock, run } = setUp([{ ...waiting, requested: true }]);
    expect(await run({ delivery: deliveryOf() })).toMatchObject({
      notBeforeMs: clock.nowMs() + 1500,
      delivery: { attempts: 1 },
    });
  });
});

describe('an attempt', () => {
  test('an attempt raises the count of attempts, records its time and resets the count of postponements', async () => {
    const { clock, run } = setUp([failedForNow(30_000)], () => 0, 7);
    const first = await run({ delivery: deliveryOf({ postponements: 9 }) });
    const firstMs = clock.nowMs();
    expect(first.delivery).toMatchObject({
      attempts: 1,
      postponements: 0,
      attemptTimes: { firstMs, lastMs: firstMs },
    });
    await clock.advance(50_000);
    const second = await run({ delivery: first.delivery });
    expect(second.delivery.attemptTimes).toEqual({ firstMs, lastMs: firstMs + 50_007 });
  });

  test('an attempt that fails for good ends the delivery even when retries are left', async () => {
    const { attempted, run } = setUp([rejected]);
    const standing = await run({ delivery: deliveryOf() });
    expect(standing).toMatchObject({
      kind: 'failed',
      outcome: { code: 'EndpointRejected' },
      delivery: { attempts: 1 },
    });
    expect(standing).not.toHaveProperty('condition');
    expect(attempted).toHaveLength(1);
  });

  test.each([0, 1, 2, 185])('a delivery ends after %d retries when that many are allowed', async (allowed) => {
    const { run } = setUp([failedForNow()]);
    const target = { RetryPolicy: { MaximumRetryAttempts: allowed } };
    if (allowed > 0) {
      expect(await run({ delivery: deliveryOf({ target, attempts: allowed - 1 }) })).toMatchObject({ kind: 'waiting' });
    }
    expect(await run({ delivery: deliveryOf({ target, attempts: allowed }) })).toMatchObject({
      kind: 'failed',
      condition: 'MaximumRetryAttempts',
      delivery: { attempts: allowed + 1 },
    });
  });

  test('an error that a bug in an attempt causes is thrown unchanged', async () => {
    const bug = new TypeError('x is not a function');
    const clock = createManualClock();
    const attempt = () => Promise.reject(bug);
    const retrying = createRetrying({
      attempt,
      clock,
      random: () => 0,
      backoff,
      horizon: createSlotHorizon(2000, clock),
      retryPolicy,
    });
    const running = withDeadline(clock, 60_000, (deadline) => retrying({ delivery: deliveryOf() }, deadline));
    await expect(running).rejects.toBe(bug);
  });
});

describe('the retry policy', () => {
  const own = { maximumRetryAttempts: 1, maximumEventAgeMs: 60_000 };

  test('the retry policy of the destination replaces that of the function', async () => {
    const { run } = setUp([failedForNow(undefined, { retryPolicy: own })]);
    expect((await run({ delivery: deliveryOf() })).kind).toBe('waiting');
    expect((await run({ delivery: deliveryOf({ attempts: 1 }) })).kind).toBe('failed');
  });

  test('the retry policy of the target replaces those of the destination and the function', async () => {
    const { run } = setUp([failedForNow(undefined, { retryPolicy: own })]);
    const target = { RetryPolicy: { MaximumRetryAttempts: 3 } };
    expect((await run({ delivery: deliveryOf({ target, attempts: 2 }) })).kind).toBe('waiting');
    expect((await run({ delivery: deliveryOf({ target, attempts: 3 }) })).kind).toBe('failed');
  });

  test('the retry policy of the function applies when no destination was found', async () => {
    const { clock, run } = setUp([putOff]);
    const firstReceivedAtMs = clock.nowMs() - retryPolicy.maximumEventAgeMs;
    expect((await run({ delivery: deliveryOf({ firstReceivedAtMs }) })).kind).toBe('waiting');
    expect(await run({ delivery: deliveryOf({ firstReceivedAtMs: firstReceivedAtMs - 1 }) })).toMatchObject({
      kind: 'failed',
      condition: 'MaximumEventAgeInSeconds',
    });
  });
});

describe('a destination whose rate leaves no slot', () => {
  const later = (atMs: number): AttemptResult => ({
    kind: 'later',
    waitsFor: 'circuit',
    turn: { kind: 'return', generation: 4, shard: 2, atMs },
    destination: routeOf(),
  });
  const start = createManualClock().nowMs();

  test('a delivery without a slot goes to the queue until its return time, without an attempt', async () => {
    const { run } = setUp([later(start + 29_999.001)]);
    expect(await run({ delivery: deliveryOf({ attempts: 1 }) })).toEqual({
      kind: 'waiting',
      delivery: deliveryOf({ attempts: 1 }),
      notBeforeMs: start + 30_000,
      turnGeneration: 4002,
      waitsFor: 'circuit',
      wait: { longestMs: 1000, exchangeMs: 7000 },
      rateWaitMs: 0,
    });
  });

  test.each<[FailureCode, string, string, boolean, boolean]>([
    ['OutOfTime', 'before', 'keeps', false, true],
    ['OutOfTime', 'after', 'loses', true, false],
    ['StoreUnavailable', 'before', 'loses', false, false],
  ])(
    'a delivery that fails with %s %s it sends its request %s its place in the backlog',
    async (code, _when, _verb, requested, isKept) => {
      const outcome = { kind: 'retryable', code, reason: 'No time is left.' } as const;
      const { run } = setUp(
        [{ kind: 'tried', outcome, requested, rateWaitMs: 0, latenciesMs: [], destination: routeOf() }],
        () => 0.5,
      );
      const standing = await run({ delivery: deliveryOf({ attempts: 8 }), notBeforeMs: start, turnGeneration: 4002 });
      expect(standing).toMatchObject({ kind: 'waiting', notBeforeMs: expect.any(Number) });
      expect('turnGeneration' in standing).toBe(isKept);
    },
  );

  test('a delivery whose return time is near goes to the queue when no time is left for another request', async () => {
    const { attempted, run } = setUp([later(start)]);
    expect(await run({ delivery: deliveryOf() }, 11_999)).toMatchObject({ kind: 'waiting', turnGeneration: 4002 });
    expect(attempted).toHaveLength(1);
  });

  test('a delivery waits in the invocation for a return time that is at most one second away', async () => {
    const { clock, turns, begin } = setUp([later(start + 800), delivered]);
    const { running } = await begin({ delivery: deliveryOf() });
    await clock.advance(800);
    expect(await running).toMatchObject({ kind: 'delivered', delivery: { attempts: 1 } });
    expect(turns).toEqual([undefined, { kind: 'return', generation: 4, shard: 2, atMs: start + 800 }]);
  });

  test.each([
    [250, 'waits in the invocation', 2],
    [251, 'goes to the queue', 1],
  ])('a single event with a return time %i ms ahead %s', async (turnInMs, _what, attempts) => {
    const { clock, attempted, begin } = setUp([later(start + turnInMs), delivered], () => 0, 0, 250);
    const { running } = await begin({ delivery: deliveryOf() });
    await clock.advance(turnInMs);
    expect(await running).toMatchObject({ kind: attempts === 1 ? 'waiting' : 'delivered' });
    expect(attempted).toHaveLength(attempts);
  });

  test('a delivery that comes back at its return time keeps its place in the backlog', async () => {
    const { turns, run } = setUp([delivered]);
    await run({ delivery: deliveryOf(), notBeforeMs: start - 5, turnGeneration: 9000 });
    await run({ delivery: deliveryOf(), notBeforeMs: start - 5 });
    expect(turns).toEqual([{ kind: 'return', generation: 9, shard: 0, atMs: start - 5 }, undefined]);
  });

  test('a delivery that is received before its return time asks for a slot, because return times may have been reset', async () => {
    const { turns, run } = setUp([later(start + 500_000)]);
    const queued = { delivery: deliveryOf(), notBeforeMs: start + 500_000, turnGeneration: 4002 };
    expect(await run(queued)).toMatchObject({ kind: 'waiting', notBeforeMs: start + 500_000, turnGeneration: 4002 });
    expect(turns).toEqual([{ kind: 'return', generation: 4, shard: 2, atMs: start + 500_000 }]);
  });

  test('a delivery ends at once when its return time is later than its age limit', async () => {
    const { run } = setUp([later(start + 60_001)]);
    const target = { RetryPolicy: { MaximumEventAgeInSeconds: 60 } };
    expect(await run({ delivery: deliveryOf({ target, firstReceivedAtMs: start }) })).toMatchObject({
      kind: 'failed',
      outcome: { code: 'EventExpired', reason: 'By the time it may be sent, the event will be older than 60 s.' },
      condition: 'MaximumEventAgeInSeconds',
    });
  });
});

describe('an event that has outlived its age limit', () => {
  test('an event is attempted at exactly its age limit but not later', async () => {
    const { clock, attempted, run } = setUp([delivered]);
    const target = { RetryPolicy: { MaximumEventAgeInSeconds: 60 } };
    const aged = (ageMs: number) => deliveryOf({ target, firstReceivedAtMs: clock.nowMs() - ageMs, attempts: 2 });
    expect(await run({ delivery: aged(60_001) })).toMatchObject({
      kind: 'failed',
      outcome: { code: 'EventExpired', reason: 'The event is older than 60 s.' },
      condition: 'MaximumEventAgeInSeconds',
      delivery: { attempts: 2 },
    });
    expect(attempted).toEqual([]);
    expect((await run({ delivery: aged(60_000) })).kind).toBe('delivered');
  });

  test('an event that exceeds its age limit while it waits in the invocation is not attempted', async () => {
    const turn = { kind: 'return', generation: 1, shard: 0, atMs: createManualClock().nowMs() + 800 } as const;
    const destination = routeOf();
    const { clock, attempted, begin } = setUp([{ kind: 'later', waitsFor: 'rate', turn, destination }]);
    const target = { RetryPolicy: { MaximumEventAgeInSeconds: 60 } };
    const { running } = await begin({ delivery: deliveryOf({ target, firstReceivedAtMs: clock.nowMs() - 59_200 }) });
    await clock.advance(801);
    expect(await running).toMatchObject({ kind: 'failed', outcome: { code: 'EventExpired' } });
    expect(attempted).toHaveLength(1);
  });
});

describe('a delivery that comes before its time', () => {
  test.each([1, 900_000, 900_001, 86_000_000])(
    'a delivery that is received %d ms before its time goes back to the queue unchanged',
    async (earlyMs) => {
      const { clock, attempted, run } = setUp([delivered]);
      const delivery = deliveryOf({ attempts: 5, postponements: 2, attemptTimes: { firstMs: 1, lastMs: 2 } });
      const notBeforeMs = clock.nowMs() + earlyMs;
      expect(await run({ delivery, notBeforeMs })).toEqual({ kind: 'waiting', delivery, notBeforeMs, rateWaitMs: 0 });
      expect(attempted).toEqual([]);
    },
  );

  test('a delivery is attempted at once when its time has come or has passed', async () => {
    for (const lateMs of [0, 1, 1_000_000]) {
      const { clock, run } = setUp([delivered]);
      expect((await run({ delivery: deliveryOf(), notBeforeMs: clock.nowMs() - lateMs })).kind).toBe('delivered');
    }
  });
});
