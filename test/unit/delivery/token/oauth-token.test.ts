import { describe, expect, test } from 'vitest';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { createTokenMemories } from '../../../../lib/delivery/token/worker-tokens.ts';
import type { OAuthTokens } from '../../../../lib/delivery/token/tokens.ts';
import type { TokenStore } from '../../../../lib/ports/token.ts';
import { counted, gate, unavailable, useFleet } from './oauth-subjects.ts';

const own = useFleet();

const tokenOf = (worker: OAuthTokens) =>
  worker.tokenFor(own.fleet.connection, own.fleet.credentials, { signal: own.fleet.signal });
const renewalOf = (worker: OAuthTokens, rejected: number) =>
  worker.renew(own.fleet.connection, own.fleet.credentials, rejected, { signal: own.fleet.signal });
const hour = 3_600_000;

describe('a worker', () => {
  test('a warm worker calls neither the table nor the token endpoint', async () => {
    const store = counted(own.fleet.store);
    const worker = own.fleet.worker({ store });
    const first = await tokenOf(worker);
    expect(first).toMatchObject({ accessToken: 'token-1', generation: 1 });
    const { calls } = store;
    for (let call = 0; call < 100; call += 1) expect(await tokenOf(worker)).toEqual(first);
    expect(store.calls).toBe(calls);
    expect(own.fleet.endpoint.requests).toHaveLength(1);
  });

  test('a token request sends client id and secret as a form', async () => {
    await tokenOf(own.fleet.worker());
    expect(own.fleet.endpoint.requests[0]).toMatchObject({
      method: 'POST',
      url: '/token',
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        'user-agent': 'lastmile/test',
      },
      body: 'grant_type=client_credentials&client_id=client&client_secret=canary-secret',
    });
  });

  test('a cold worker takes the token that another worker has obtained', async () => {
    await tokenOf(own.fleet.worker());
    expect(await tokenOf(own.fleet.worker())).toMatchObject({ accessToken: 'token-1', generation: 1 });
    expect(own.fleet.endpoint.requests).toHaveLength(1);
  });

  test('a worker never uses the token of another connection', async () => {
    const { connection, credentials, signal } = own.fleet;
    const worker = own.fleet.worker();
    await tokenOf(worker);
    const other = { ...connection, incarnation: 'other' };
    expect(await worker.tokenFor(other, credentials, { signal })).toMatchObject({ accessToken: 'token-2' });
  });

  test('a worker makes one token request for simultaneous calls', async () => {
    const worker = own.fleet.worker();
    const tokens = await Promise.all(Array.from({ length: 50 }, () => tokenOf(worker)));
    expect(new Set(tokens.map(({ accessToken }) => accessToken))).toEqual(new Set(['token-1']));
    expect(own.fleet.endpoint.requests).toHaveLength(1);
  });

  test('a worker renews a token only when it expires within 60 s', async () => {
    const { clock, endpoint } = own.fleet;
    const worker = own.fleet.worker();
    const startMs = clock.nowMs();
    await tokenOf(worker);
    clock.set(startMs + hour - 60_001);
    expect(await tokenOf(worker)).toMatchObject({ accessToken: 'token-1' });
    clock.set(startMs + hour - 60_000);
    expect(await tokenOf(worker)).toMatchObject({ accessToken: 'token-2', generation: 2 });
    expect(endpoint.requests).toHaveLength(2);
  });

  test.each([60, 30, 1])(
    'a token that is valid for %i s is renewed in the last third of its validity',
    async (life) => {
      own.fleet.answer((_, index) => ({ body: { access_token: `short-${index}`, expires_in: life } }));
      const { clock, endpoint } = own.fleet;
      const worker = own.fleet.worker();
      const startMs = clock.nowMs();
      const twoThirdsMs = Math.ceil((life * 1000 * 2) / 3);
      for (let call = 0; call < 100; call += 1) {
        clock.set(startMs + Math.floor(((twoThirdsMs - 1) * call) / 99));
        expect(await tokenOf(call % 2 === 0 ? worker : own.fleet.worker())).toMatchObject({ accessToken: 'short-0' });
      }
      expect(endpoint.requests).toHaveLength(1);
      clock.set(startMs + twoThirdsMs);
      expect(await tokenOf(worker)).toMatchObject({ accessToken: 'short-1' });
    },
  );

  test('a new token that has already expired is used only by the calls that waited for it', async () => {
    own.fleet.answer((_, index) => ({ body: { access_token: `short-${index}`, expires_in: 0 } }));
    const worker = own.fleet.worker();
    const tokens = await Promise.all([tokenOf(worker), tokenOf(worker)]);
    expect(tokens.map(({ accessToken }) => accessToken)).toEqual(['short-0', 'short-0']);
    expect(await tokenOf(worker)).toMatchObject({ accessToken: 'short-1' });
  });

  test('a worker keeps a token without an expiry until a 401', async () => {
    own.fleet.answer(() => ({ body: { access_token: 'endless' } }));
    const worker = own.fleet.worker();
    await tokenOf(worker);
    own.fleet.clock.set(own.fleet.clock.nowMs() + 1000 * hour);
    expect(await tokenOf(worker)).toMatchObject({ accessToken: 'endless' });
    expect(await tokenOf(own.fleet.worker())).toMatchObject({ accessToken: 'endless' });
    expect(own.fleet.endpoint.requests).toHaveLength(1);
  });

  test('a worker reads the root secret only once, and fails with SecretNotFound when it does not exist', async () => {
    let reads = 0;
    const secrets = {
      read: async () => {
        reads += 1;
        return reads === 1 ? undefined : { version: 'v', text: 'root' };
      },
    };
    const worker = own.fleet.worker({ secrets });
    await expect(tokenOf(worker)).rejects.toMatchObject({ code: 'SecretNotFound' });
    await tokenOf(worker);
    own.fleet.clock.set(own.fleet.clock.nowMs() + hour);
    await tokenOf(worker);
    expect(reads).toBe(2);
  });

  test('a worker obtains a new token when the saved one was sealed with another client secret', async () => {
    await tokenOf(own.fleet.worker());
    const { connection, signal } = own.fleet;
    const credentials = { ...own.fleet.credentials, clientSecret: 'another' };
    expect(await own.fleet.worker().tokenFor(connection, credentials, { signal })).toMatchObject({
      accessToken: 'token-2',
      generation: 2,
    });
  });

  test('a worker makes no token request and no change for a connection without a secret', async () => {
    const { secretVersion: _, ...connection } = own.fleet.connection;
    const { credentials, signal } = own.fleet;
    await expect(own.fleet.worker().tokenFor(connection, credentials, { signal })).rejects.toMatchObject({
      code: 'SecretNotFound',
    });
    expect(own.fleet.endpoint.requests).toHaveLength(0);
  });
});

describe('what a worker remembers', () => {
  test('a worker remembers a limited number of tokens and forgets the least recently used one first', () => {
    const memoryOf = createTokenMemories(2);
    const [a, b] = [memoryOf('a'), memoryOf('b')];
    expect(memoryOf('a')).toBe(a);
    memoryOf('c');
    expect(memoryOf('a')).toBe(a);
    expect(memoryOf('b')).not.toBe(b);
  });
});

describe('after a 401', () => {
  test('after many deliveries got a 401, their token is replaced only once', async () => {
    const store = counted(own.fleet.store);
    const worker = own.fleet.worker({ store });
    await tokenOf(worker);
    own.fleet.clock.set(own.fleet.clock.nowMs() + 60_000);
    const renewed = await Promise.all(Array.from({ length: 20 }, () => renewalOf(worker, 1)));
    expect(new Set(renewed.map((token) => token?.accessToken))).toEqual(new Set(['token-2']));
    expect(await renewalOf(worker, 1)).toMatchObject({ accessToken: 'token-2', generation: 2 });
    const { calls } = store;
    expect(await tokenOf(worker)).toMatchObject({ accessToken: 'token-2' });
    expect(store.calls).toBe(calls);
    expect(own.fleet.endpoint.requests).toHaveLength(2);
  });

  test('after a 401 a token younger than 60 s is kept', async () => {
    const store = counted(own.fleet.store);
    const worker = own.fleet.worker({ store });
    await tokenOf(worker);
    own.fleet.clock.set(own.fleet.clock.nowMs() + 59_999);
    const { calls } = store;
    expect(await renewalOf(worker, 1)).toBeUndefined();
    expect(await tokenOf(worker)).toMatchObject({ accessToken: 'token-1' });
    expect(store.calls).toBe(calls);
    expect(own.fleet.endpoint.requests).toHaveLength(1);
  });

  test('after a 401 a token that is valid for 60 s is replaced when it is older than 20 s', async () => {
    own.fleet.answer((_, index) => ({ body: { access_token: `short-${index}`, expires_in: 60 } }));
    const worker = own.fleet.worker();
    const startMs = own.fleet.clock.nowMs();
    await tokenOf(worker);
    own.fleet.clock.set(startMs + 19_999);
    expect(await renewalOf(worker, 1)).toBeUndefined();
    own.fleet.clock.set(startMs + 20_000);
    expect(await renewalOf(worker, 1)).toMatchObject({ accessToken: 'short-1' });
  });

  test('after a 401 an expired token is replaced even if it is younger than 60 s', async () => {
    own.fleet.answer((_, index) => ({ body: { access_token: `short-${index}`, expires_in: 10 } }));
    const worker = own.fleet.worker();
    await tokenOf(worker);
    own.fleet.clock.set(own.fleet.clock.nowMs() + 10_000);
    expect(await renewalOf(worker, 1)).toMatchObject({ accessToken: 'short-1' });
  });

  test('after a 401 a worker without the rejected token in memory reads the age of the token from the table', async () => {
    await tokenOf(own.fleet.worker());
    expect(await renewalOf(own.fleet.worker(), 1)).toBeUndefined();
    own.fleet.clock.set(own.fleet.clock.nowMs() + 60_000);
    expect(await renewalOf(own.fleet.worker(), 1)).toMatchObject({ accessToken: 'token-2' });
  });

  test('after a 401 a worker uses the newer token that another worker has saved', async () => {
    const [first, second] = [own.fleet.worker(), own.fleet.worker()];
    await tokenOf(first);
    await tokenOf(second);
    own.fleet.clock.set(own.fleet.clock.nowMs() + 60_000);
    await renewalOf(first, 1);
    expect(await renewalOf(second, 1)).toMatchObject({ accessToken: 'token-2', generation: 2 });
    expect(own.fleet.endpoint.requests).toHaveLength(2);
  });

  test('deliveries that begin while a rejected token is renewed wait for the new token', async () => {
    const worker = own.fleet.worker();
    await tokenOf(worker);
    own.fleet.clock.set(own.fleet.clock.nowMs() + 60_000);
    const answered = gate();
    own.fleet.answer(async () => {
      await answered.opened;
      return { body: { access_token: 'fresh', expires_in: 3600 } };
    });
    const renewed = renewalOf(worker, 1);
    const next = tokenOf(worker);
    await own.fleet.endpoint.received(2);
    answered.open();
    expect(await next).toMatchObject({ accessToken: 'fresh' });
    expect(await renewed).toMatchObject({ accessToken: 'fresh' });
    expect(own.fleet.endpoint.requests).toHaveLength(2);
  });
});

describe('while the table is out of reach', () => {
  const down = (store: TokenStore) => {
    const state = { isDown: false };
    const reach = <Result>(call: () => Promise<Result>) => (state.isDown ? unavailable() : call());
    const flaky: TokenStore = {
      read: (incarnation) => reach(() => store.read(incarnation)),
      takeLease: (lease) => reach(() => store.takeLease(lease)),
      save: (incarnation, holder, token) => reach(() => store.save(incarnation, holder, token)),
      endLease: (incarnation, holder, pause) => reach(() => store.endLease(incarnation, holder, pause)),
    };
    return { state, flaky };
  };

  test('while the table cannot be reached, a worker uses the token in memory until it expires', async () => {
    const { state, flaky } = down(own.fleet.store);
    const worker = own.fleet.worker({ store: flaky });
    const startMs = own.fleet.clock.nowMs();
    await tokenOf(worker);
    state.isDown = true;
    own.fleet.clock.set(startMs + hour - 1);
    expect(await tokenOf(worker)).toMatchObject({ accessToken: 'token-1' });
    own.fleet.clock.set(startMs + hour);
    await expect(tokenOf(worker)).rejects.toMatchObject({ code: 'StoreUnavailable', kind: 'retryable' });
    expect(own.fleet.endpoint.requests).toHaveLength(1);
  });

  test('while the table cannot be reached, a cold worker makes no token request', async () => {
    const { state, flaky } = down(own.fleet.store);
    state.isDown = true;
    await expect(tokenOf(own.fleet.worker({ store: flaky }))).rejects.toMatchObject({ code: 'StoreUnavailable' });
    expect(own.fleet.endpoint.requests).toHaveLength(0);
  });

  test('a worker uses a token that it could not save, until another worker saves one', async () => {
    const { store, clock } = own.fleet;
    const alone = own.fleet.worker({ store: { ...store, save: unavailable } });
    expect(await tokenOf(alone)).toMatchObject({ accessToken: 'token-1', generation: 0 });
    clock.set(clock.nowMs() + 60_000);
    expect(await tokenOf(own.fleet.worker())).toMatchObject({ accessToken: 'token-2', generation: 1 });
    expect(await tokenOf(alone)).toMatchObject({ accessToken: 'token-1' });
    expect(await renewalOf(alone, 0)).toMatchObject({ accessToken: 'token-2', generation: 1 });
  });

  test('a delivery fails at once when the table denies access, even if a token is in memory', async () => {
    const { store, clock } = own.fleet;
    const refusal = new Failure('StoreRefused', 'Not allowed to read the token: AccessDeniedException.');
    let isRefused = false;
    const read: TokenStore['read'] = (id) => (isRefused ? Promise.reject(refusal) : store.read(id));
    const worker = own.fleet.worker({ store: { ...store, read } });
    await tokenOf(worker);
    isRefused = true;
    clock.set(clock.nowMs() + hour - 1);
    await expect(tokenOf(worker)).rejects.toBe(refusal);
  });
});
