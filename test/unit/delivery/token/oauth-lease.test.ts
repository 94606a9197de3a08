import { describe, expect, test } from 'vitest';
import type { OAuthTokens, TokenOptions } from '../../../../lib/delivery/token/tokens.ts';
import type { TokenStore } from '../../../../lib/ports/token.ts';
import { counted, gate, unavailable, useFleet } from './oauth-subjects.ts';

const own = useFleet();

const tokenOf = (worker: OAuthTokens, options: Partial<TokenOptions> = {}) =>
  worker.tokenFor(own.fleet.connection, own.fleet.credentials, { signal: own.fleet.signal, ...options });
const renewalOf = (worker: OAuthTokens, rejected: number) =>
  worker.renew(own.fleet.connection, own.fleet.credentials, rejected, { signal: own.fleet.signal });
const workers = (count: number, overrides = {}) => Array.from({ length: count }, () => own.fleet.worker(overrides));
const granted = (accessToken: string) => ({ body: { access_token: accessToken, expires_in: 3600 } });
/** Lets all pending promises run, except those that wait for the clock or the network. */
const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('twenty cold workers', () => {
  test('twenty cold workers get their token from one token request', async () => {
    const answered = gate();
    own.fleet.answer(async () => {
      await answered.opened;
      return granted('only');
    });
    const calls = workers(20).map((worker) => tokenOf(worker));
    await own.fleet.endpoint.received(1);
    await own.fleet.waited(19);
    await own.fleet.clock.advance(400);
    answered.open();
    await Promise.any(calls);
    const settled = await own.fleet.settle(calls);
    expect(settled.map((call) => (call.status === 'fulfilled' ? call.value.accessToken : call.reason))).toEqual(
      Array.from({ length: 20 }, () => 'only'),
    );
    expect(own.fleet.endpoint.requests).toHaveLength(1);
  });

  test('twenty cold workers make one token request even when the table answers slowly and out of order', async () => {
    const { store } = own.fleet;
    let calls = 0;
    const slowly = async <Result>(result: Promise<Result>): Promise<Result> => {
      calls += 1;
      await turns((calls * 7) % 11);
      const value = await result;
      await turns((calls * 5) % 13);
      return value;
    };
    const slow: TokenStore = {
      read: (incarnation) => slowly(store.read(incarnation)),
      takeLease: (lease) => slowly(store.takeLease(lease)),
      save: (incarnation, holder, token) => slowly(store.save(incarnation, holder, token)),
      endLease: (incarnation, holder, pause) => slowly(store.endLease(incarnation, holder, pause)),
    };
    const answered = gate();
    own.fleet.answer(async () => {
      await answered.opened;
      return granted('only');
    });
    const tokens = workers(20, { store: slow }).map((worker) => tokenOf(worker));
    await own.fleet.endpoint.received(1);
    await own.fleet.waited(19);
    answered.open();
    await Promise.any(tokens);
    const settled = await own.fleet.settle(tokens);
    expect(settled.filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(own.fleet.endpoint.requests).toHaveLength(1);
  });

  test('twenty cold workers make one token request even when the token expires at once', async () => {
    const answered = gate();
    own.fleet.answer(async () => {
      await answered.opened;
      return { body: { access_token: 'short', expires_in: 1 } };
    });
    const calls = workers(20).map((worker) => tokenOf(worker));
    await own.fleet.endpoint.received(1);
    await own.fleet.waited(19);
    answered.open();
    await Promise.any(calls);
    const settled = await own.fleet.settle(calls);
    expect(settled.filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(own.fleet.endpoint.requests).toHaveLength(1);
  });

  test('twenty workers whose token gets a 401 share one new token request', async () => {
    const fleet = workers(20);
    for (const worker of fleet) await tokenOf(worker);
    own.fleet.clock.set(own.fleet.clock.nowMs() + 60_000);
    const answered = gate();
    own.fleet.answer(async () => {
      await answered.opened;
      return granted('renewed');
    });
    const calls = fleet.map((worker) => renewalOf(worker, 1));
    await own.fleet.endpoint.received(2);
    await own.fleet.waited(19);
    answered.open();
    await Promise.any(calls);
    const settled = await own.fleet.settle(calls);
    expect(settled.map((call) => (call.status === 'fulfilled' ? call.value : call.reason))).toEqual(
      Array.from({ length: 20 }, () => expect.objectContaining({ accessToken: 'renewed', generation: 2 })),
    );
    expect(own.fleet.endpoint.requests).toHaveLength(2);
  });

  test('twenty cold workers share the retryable failure of one token request', async () => {
    const answered = gate();
    own.fleet.answer(async () => {
      await answered.opened;
      return { status: 500 };
    });
    const calls = workers(20).map((worker) => tokenOf(worker));
    await own.fleet.endpoint.received(1);
    await own.fleet.waited(19);
    answered.open();
    await Promise.race(calls).catch(() => undefined);
    const settled = await own.fleet.settle(calls);
    expect(settled.map((call) => (call.status === 'rejected' ? call.reason.code : call.value))).toEqual(
      Array.from({ length: 20 }, () => 'TokenUnavailable'),
    );
    expect(own.fleet.endpoint.requests).toHaveLength(1);
    own.fleet.answer(() => granted('later'));
    own.fleet.clock.set(own.fleet.clock.nowMs() + 1000);
    expect(await tokenOf(own.fleet.worker())).toMatchObject({ accessToken: 'later', generation: 1 });
  });
});

describe('a lease', () => {
  const leaseOf = (untilMs: number) => ({
    connectionIncarnation: own.fleet.connection.incarnation,
    generation: 0,
    holder: 'dead',
    nowMs: own.fleet.clock.nowMs(),
    untilMs,
  });

  test('no delivery waits longer than half a second for the lease of a dead worker, and another worker takes over when the lease ends', async () => {
    const { clock, endpoint } = own.fleet;
    const store = counted(own.fleet.store);
    await store.takeLease(leaseOf(clock.nowMs() + 10_000));
    const beganMs = clock.nowMs();
    const [first] = await own.fleet.settle([tokenOf(own.fleet.worker({ store }))]);
    expect(first).toMatchObject({ reason: { code: 'TokenUnavailable', kind: 'retryable', returnAfterMs: 2000 } });
    expect(clock.nowMs() - beganMs).toBe(500);
    expect(store.calls).toBeLessThan(8);
    await expect(tokenOf(own.fleet.worker())).rejects.toMatchObject({ returnAfterMs: 2000 });
    expect(endpoint.requests).toHaveLength(0);
    clock.set(beganMs + 10_000);
    expect(await tokenOf(own.fleet.worker())).toMatchObject({ accessToken: 'token-1', generation: 1 });
  });

  test('exactly one of several workers takes over the lease of a dead worker', async () => {
    const { clock, store, endpoint } = own.fleet;
    await store.takeLease(leaseOf(clock.nowMs() + 10_000));
    clock.set(clock.nowMs() + 10_000);
    const answered = gate();
    own.fleet.answer(async () => {
      await answered.opened;
      return granted('taken over');
    });
    const calls = workers(5).map((worker) => tokenOf(worker));
    await endpoint.received(1);
    await own.fleet.waited(4);
    answered.open();
    await Promise.any(calls);
    const settled = await own.fleet.settle(calls);
    expect(settled.map((call) => (call.status === 'fulfilled' ? call.value.accessToken : call.reason))).toEqual(
      Array.from({ length: 5 }, () => 'taken over'),
    );
    expect(endpoint.requests).toHaveLength(1);
  });

  test('a lease lasts longer than the longest token request and its writes to the table', async () => {
    const { clock, store, connection } = own.fleet;
    const answered = gate();
    own.fleet.answer(async () => {
      await answered.opened;
      return granted('t');
    });
    const call = tokenOf(own.fleet.worker({ requestTimeoutMs: 30_000 }));
    await own.fleet.endpoint.received(1);
    expect((await store.read(connection.incarnation))?.leaseUntilMs).toBe(clock.nowMs() + 35_000);
    answered.open();
    await call;
    expect((await store.read(connection.incarnation))?.leaseUntilMs).toBeUndefined();
  });

  test('a worker whose lease was taken over while it was suspended neither saves nor uses its token', async () => {
    const answered = gate();
    own.fleet.answer(async (_, index) => {
      if (index === 0) await answered.opened;
      return granted(index === 0 ? 'frozen' : 'newer');
    });
    const frozen = tokenOf(own.fleet.worker());
    await own.fleet.endpoint.received(1);
    own.fleet.clock.set(own.fleet.clock.nowMs() + 3_600_000);
    expect(await tokenOf(own.fleet.worker())).toMatchObject({ accessToken: 'newer', generation: 1 });
    answered.open();
    expect(await own.fleet.settle([frozen])).toMatchObject([{ value: { accessToken: 'newer', generation: 1 } }]);
    expect(await tokenOf(own.fleet.worker())).toMatchObject({ accessToken: 'newer' });
  });

  test('a worker makes no token request when its lease has already ended', async () => {
    const { store, clock, endpoint } = own.fleet;
    const takeLease: TokenStore['takeLease'] = async (lease) => {
      const taken = await store.takeLease(lease);
      clock.set(clock.nowMs() + 9_000);
      return taken;
    };
    await expect(tokenOf(own.fleet.worker({ store: { ...store, takeLease } }))).rejects.toMatchObject({
      code: 'TokenUnavailable',
    });
    expect(endpoint.requests).toHaveLength(0);
    expect(await tokenOf(own.fleet.worker())).toMatchObject({ accessToken: 'token-1' });
  });

  test.each([
    ['makes its own request when it has just read other credentials', 'version-2', true, 2],
    ['fails too when its own credentials may be older', 'version-2', false, 1],
    ['fails too when it has the same credentials', 'version-1', true, 1],
  ])('when the holder of a lease fails, a waiting worker %s', async (_, secretVersion, justRead, requests) => {
    const failed = gate();
    own.fleet.answer(async (__, index) => {
      if (index > 0) return granted('second');
      await failed.opened;
      return { status: 503 };
    });
    const first = tokenOf(own.fleet.worker());
    await own.fleet.endpoint.received(1);
    const { credentials, signal } = own.fleet;
    const connection = { ...own.fleet.connection, secretVersion };
    const second = own.fleet.worker().tokenFor(connection, credentials, { signal, justRead });
    await own.fleet.waited(1);
    failed.open();
    await expect(first).rejects.toMatchObject({ code: 'TokenUnavailable' });
    const [settled] = await own.fleet.settle([second]);
    expect(settled?.status).toBe(requests === 2 ? 'fulfilled' : 'rejected');
    expect(own.fleet.endpoint.requests).toHaveLength(requests);
  });

  test('when the holder of a lease fails, the waiting workers fail without a request of their own', async () => {
    const answered = gate();
    own.fleet.answer(async () => {
      await answered.opened;
      return { status: 500 };
    });
    const holder = tokenOf(own.fleet.worker());
    await own.fleet.endpoint.received(1);
    const waiter = tokenOf(own.fleet.worker());
    await own.fleet.waited(1);
    answered.open();
    await expect(holder).rejects.toMatchObject({ code: 'TokenUnavailable' });
    expect(await own.fleet.settle([waiter])).toMatchObject([
      { reason: { code: 'TokenUnavailable', kind: 'retryable' } },
    ]);
    expect(own.fleet.endpoint.requests).toHaveLength(1);
  });

  test('a worker does not wait forever for a lease that other workers keep taking', async () => {
    const { clock, store } = own.fleet;
    const read: TokenStore['read'] = async () => ({
      generation: 0,
      secretVersion: '',
      obtainedAtMs: 0,
      leaseHolder: 'other',
      leaseUntilMs: clock.nowMs() + 10_000,
    });
    const [call] = await own.fleet.settle([tokenOf(own.fleet.worker({ store: { ...store, read } }))]);
    expect(call).toMatchObject({ status: 'rejected', reason: { code: 'TokenUnavailable', kind: 'retryable' } });
  });

  test('a failed token request is reported even if its lease cannot be ended', async () => {
    own.fleet.answer(() => ({ status: 503, headers: { 'retry-after': '7' } }));
    const worker = own.fleet.worker({ store: { ...own.fleet.store, endLease: unavailable } });
    await expect(tokenOf(worker)).rejects.toMatchObject({ code: 'TokenUnavailable', returnAfterMs: 8000 });
  });

  test('a lease is released when the last caller that waits for the token has stopped waiting', async () => {
    const { store, connection, endpoint } = own.fleet;
    const [first, second] = [new AbortController(), new AbortController()];
    own.fleet.answer(() => new Promise(() => undefined));
    const worker = own.fleet.worker();
    const calls = [tokenOf(worker, { signal: first.signal }), tokenOf(worker, { signal: second.signal })];
    await endpoint.received(1);
    first.abort();
    await expect(calls[0]).rejects.toMatchObject({ code: 'OutOfTime' });
    expect((await store.read(connection.incarnation))?.leaseHolder).toBeDefined();
    second.abort();
    await expect(calls[1]).rejects.toMatchObject({ code: 'OutOfTime' });
    await turns(5);
    expect((await store.read(connection.incarnation))?.leaseHolder).toBeUndefined();
    own.fleet.answer(() => granted('after'));
    expect(await tokenOf(worker)).toMatchObject({ accessToken: 'after' });
  });

  test('a call without time left takes no lease', async () => {
    const store = counted(own.fleet.store);
    const signal = AbortSignal.abort();
    await expect(tokenOf(own.fleet.worker({ store }), { signal })).rejects.toMatchObject({ code: 'OutOfTime' });
    expect(store.calls).toBe(0);
  });
});

describe('a token of another secret version', () => {
  const withVersion = (worker: OAuthTokens, secretVersion: string, justRead = false) => {
    const { connection, credentials, signal } = own.fleet;
    return worker.tokenFor({ ...connection, secretVersion }, credentials, { signal, justRead });
  };

  test('a worker that finds a token of another secret version reports changed credentials', async () => {
    await withVersion(own.fleet.worker(), 'version-2');
    await expect(withVersion(own.fleet.worker(), 'version-1')).rejects.toMatchObject({
      code: 'CredentialsChanged',
      kind: 'retryable',
    });
    expect(own.fleet.endpoint.requests).toHaveLength(1);
    expect(await withVersion(own.fleet.worker(), 'version-2')).toMatchObject({ accessToken: 'token-1' });
  });

  test('a worker that has just read the connection replaces a token of another secret version', async () => {
    await withVersion(own.fleet.worker(), 'version-1');
    expect(await withVersion(own.fleet.worker(), 'version-2', true)).toMatchObject({
      accessToken: 'token-2',
      generation: 2,
    });
  });

  test('a token of another secret version that appears while a worker waits counts as newer', async () => {
    const answered = gate();
    own.fleet.answer(async () => {
      await answered.opened;
      return granted('of version 2');
    });
    const newer = withVersion(own.fleet.worker(), 'version-2', true);
    await own.fleet.endpoint.received(1);
    const older = withVersion(own.fleet.worker(), 'version-1', true);
    answered.open();
    await newer;
    const [call] = await own.fleet.settle([older]);
    expect(call).toMatchObject({ status: 'rejected', reason: { code: 'CredentialsChanged' } });
    expect(own.fleet.endpoint.requests).toHaveLength(1);
  });
});
