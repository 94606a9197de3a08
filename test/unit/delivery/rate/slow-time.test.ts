import { describe, expect, test } from 'vitest';
import { createRateLimiter } from '../../../../lib/delivery/rate/limiter.ts';
import { SlowTime } from '../../../../lib/delivery/rate/slow-time.ts';
import { healthy } from '../../../fakes/healthy.ts';
import { createFleet, orders, queueBatch } from './rate-limiters.ts';

const fromStart = () => 0;
const answerMs = 4900;

/** Asks for a third slow destination, so that the limit holds. */
function isUsedUp(slowTime: SlowTime, nowMs: number): boolean {
  for (const other of ['one', 'other']) slowTime.isUsedUp(other, nowMs);
  return slowTime.isUsedUp('third', nowMs);
}

/** Counts the requests that a worker begins in ten minutes, if it begins one whenever it may and waits for its answer. */
function beginsIn10Minutes(slowTime: SlowTime, requestsPerInvocation: number): number {
  let begun = 0;
  for (let nowMs = 0; nowMs < 600_000; ) {
    const mayBegin = !isUsedUp(slowTime, nowMs);
    const invocation = {};
    if (mayBegin)
      for (let each = 0; each < requestsPerInvocation; each += 1) slowTime.spend('third', invocation, nowMs, answerMs);
    begun += mayBegin ? 1 : 0;
    nowMs += mayBegin ? answerMs : 10;
  }
  return begun;
}

describe('the time of a worker for slow endpoints', () => {
  test('a worker spends at most a quarter of its time on slow endpoints, and nearly a quarter if they have enough events', () => {
    const begun = beginsIn10Minutes(new SlowTime(1, 0, fromStart), 1);
    expect((begun * answerMs) / 600_000).toBeGreaterThan(0.24);
    expect(((begun - 1) * answerMs) / 600_000).toBeLessThanOrEqual(0.25);
  });

  test('requests of one invocation that wait for their answers at the same time count as one', () => {
    const one = beginsIn10Minutes(new SlowTime(1, 0, fromStart), 1);
    expect(beginsIn10Minutes(new SlowTime(1, 0, fromStart), 10)).toBe(one);
  });

  test('slow requests of different invocations are counted separately', () => {
    const slowTime = new SlowTime(2, 0, fromStart);
    slowTime.spend('third', {}, 0, 1000);
    slowTime.spend('third', {}, 0, 1000);
    expect(isUsedUp(slowTime, 3990)).toBe(true);
    expect(isUsedUp(slowTime, 4000)).toBe(false);
  });

  test('when two requests of an invocation overlap, the later one counts only for the time after the end of the earlier one', () => {
    const slowTime = new SlowTime(1, 0, fromStart);
    const invocation = {};
    slowTime.spend('third', invocation, 0, 1000);
    slowTime.spend('third', invocation, 500, 1500);
    slowTime.spend('third', invocation, 600, 100);
    expect(isUsedUp(slowTime, 7990)).toBe(true);
    expect(isUsedUp(slowTime, 8000)).toBe(false);
  });

  test('a worker that was idle or frozen for an hour may begin two slow requests of 4.9 s, and no third one', () => {
    const slowTime = new SlowTime(1, 0, fromStart);
    const nowMs = 3_600_000;
    for (const expected of [false, false, true]) {
      expect(isUsedUp(slowTime, nowMs)).toBe(expected);
      slowTime.spend('third', {}, nowMs, answerMs);
    }
  });

  test('a clock that steps back by an hour does not change how much time a worker has left for slow requests', () => {
    const slowTime = new SlowTime(1, 3_600_000, fromStart);
    slowTime.spend('third', {}, 3_600_000, 1000);
    expect(isUsedUp(slowTime, 0)).toBe(true);
    expect(isUsedUp(slowTime, 4000)).toBe(false);
  });

  test('new workers begin with different amounts of time for slow requests', () => {
    const part = (random: number) => {
      const slowTime = new SlowTime(1, 0, () => random);
      slowTime.spend('third', {}, 0, 2500);
      return isUsedUp(slowTime, 0);
    };
    expect([part(0.4), part(0.6)]).toEqual([true, false]);
  });

  test('a worker that has used only two slow destinations in the last minute has no limit', () => {
    const slowTime = new SlowTime(1, 0, fromStart);
    expect(isUsedUp(slowTime, 0)).toBe(false);
    slowTime.spend('third', {}, 0, 3_600_000);
    expect(isUsedUp(slowTime, 1000)).toBe(true);
    for (let nowMs = 2000; nowMs <= 61_000; nowMs += 1000) {
      for (const destination of ['one', 'other']) expect(slowTime.isUsedUp(destination, nowMs)).toBe(true);
    }
    for (const destination of ['one', 'other']) expect(slowTime.isUsedUp(destination, 61_001)).toBe(false);
  });
});

test('the first request of a new worker to a slow destination counts against the time of the worker for slow endpoints', async () => {
  const { buckets, clock } = createFleet();
  const destinations = ['one', 'other', 'third'].map((incarnation) => ({ ...orders, incarnation }));
  for (const { incarnation } of destinations) {
    const health = { set: { answerUs: 4_900_000 } };
    const write = { health, where: [], orAbsent: true, revision: 1, expiresAtSeconds: 1_800_000_000 };
    await buckets.write({ destinationIncarnation: incarnation, shard: 0 }, write);
  }
  const limiter = createRateLimiter({
    ...healthy,
    buckets,
    clock,
    random: fromStart,
    batchSize: 10,
    ownInvocations: 1,
  });
  const slotsOfEach = async () => {
    const given = await Promise.all(destinations.map((each) => limiter.reserve(each, 1, queueBatch)));
    return given.map(({ slotTimesMs }) => slotTimesMs.length);
  };
  expect(await slotsOfEach()).toEqual([1, 1, 1]);
  clock.set(clock.nowMs() + 4900);
  expect(await slotsOfEach()).toEqual([0, 0, 0]);
});
