import { describe, expect, test } from 'vitest';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { createFreshCache } from '../../../../lib/delivery/route/fresh-cache.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';

const options = { freshMs: 15_000, staleMs: 900_000, capacity: 2 };

function setUp() {
  const clock = createManualClock();
  const store = new Map<string, string>([['a', 'first']]);
  const loads: string[] = [];
  let failure: Failure | undefined;
  const cache = createFreshCache(
    async (key: string) => {
      loads.push(key);
      if (failure !== undefined) throw failure;
      return store.get(key);
    },
    clock,
    options,
  );
  return {
    clock,
    store,
    loads,
    cache,
    failWith: (code?: 'StoreUnavailable' | 'StoreRefused') => {
      failure = code === undefined ? undefined : new Failure(code, 'injected');
    },
  };
}

describe('a fresh cache', () => {
  test('a fresh cache serves its value during the fresh time without a read', async () => {
    const { cache, clock, loads } = setUp();
    await cache.current('a');
    clock.set(clock.nowMs() + 14_999);
    expect(await cache.current('a')).toBe('first');
    expect(loads).toEqual(['a']);
  });

  test('a fresh cache reads again at the end of the fresh time, even if its process was suspended', async () => {
    const { cache, clock, store, loads } = setUp();
    await cache.current('a');
    store.set('a', 'second');
    clock.set(clock.nowMs() + 3_600_000);
    expect(await cache.current('a')).toBe('second');
    expect(loads).toHaveLength(2);
  });

  test('a fresh cache reads again when the clock has stepped back', async () => {
    const { cache, clock, loads } = setUp();
    await cache.current('a');
    clock.set(clock.nowMs() - 1);
    await cache.current('a');
    expect(loads).toHaveLength(2);
  });

  test('a fresh cache makes one read for all simultaneous callers', async () => {
    const { cache, loads } = setUp();
    await Promise.all([cache.current('a'), cache.current('a'), cache.current('a')]);
    expect(loads).toEqual(['a']);
  });

  test('a fresh cache serves its value for two seconds without a read when the store cannot be reached', async () => {
    const { cache, clock, loads, failWith } = setUp();
    await cache.current('a');
    failWith('StoreUnavailable');
    clock.set(clock.nowMs() + 20_000);
    expect(await cache.current('a')).toBe('first');
    expect(await cache.current('a')).toBe('first');
    expect(loads).toHaveLength(2);
    clock.set(clock.nowMs() + 2000);
    await cache.current('a');
    expect(loads).toHaveLength(3);
  });

  test('a fresh cache serves nothing older than the stale time', async () => {
    const { cache, clock, failWith } = setUp();
    await cache.current('a');
    failWith('StoreUnavailable');
    clock.set(clock.nowMs() + 900_000);
    await expect(cache.current('a')).rejects.toMatchObject({ code: 'StoreUnavailable' });
  });

  test('a fresh cache forgets its value when the store denies access', async () => {
    const { cache, clock, failWith } = setUp();
    await cache.current('a');
    failWith('StoreRefused');
    clock.set(clock.nowMs() + 20_000);
    await expect(cache.current('a')).rejects.toMatchObject({ code: 'StoreRefused' });
    failWith('StoreUnavailable');
    await expect(cache.current('a')).rejects.toMatchObject({ code: 'StoreUnavailable' });
  });

  test('a fresh cache does not remember that a value is absent, so the next read finds a new value', async () => {
    const { cache, store } = setUp();
    expect(await cache.current('b')).toBeUndefined();
    store.set('b', 'new');
    expect(await cache.current('b')).toBe('new');
  });

  test('a fresh cache serves its value when the store does not answer within a second', async () => {
    const clock = createManualClock();
    let answer: Promise<string> = Promise.resolve('first');
    const cache = createFreshCache(() => answer, clock, options);
    await cache.current('a');
    clock.set(clock.nowMs() + 20_000);
    answer = new Promise<string>(() => undefined);
    const asked = cache.current('a');
    await clock.advance(1000);
    expect(await asked).toBe('first');
  });

  test('a direct read of a fresh cache does not use the result of an earlier read', async () => {
    const clock = createManualClock();
    const answers: ((value: string) => void)[] = [];
    const cache = createFreshCache(() => new Promise<string>((resolve) => answers.push(resolve)), clock, options);
    const early = cache.current('a');
    const direct = cache.fresh('a');
    answers[0]?.('before');
    await early;
    await clock.advance(0);
    answers[1]?.('after');
    expect(await direct).toBe('after');
  });

  test('a fresh cache keeps no more values than its capacity', async () => {
    const { cache, store, loads } = setUp();
    for (const key of ['a', 'b', 'c']) {
      store.set(key, key);
      await cache.current(key);
    }
    await cache.current('c');
    await cache.current('a');
    expect(loads).toEqual(['a', 'b', 'c', 'a']);
  });
});
