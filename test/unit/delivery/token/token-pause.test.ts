import { describe, expect, test } from 'vitest';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import type { OAuthTokens, TokenOptions } from '../../../../lib/delivery/token/tokens.ts';
import type { HttpClient } from '../../../../lib/ports/delivery.ts';
import type { TokenEndpointAnswer } from '../../../servers/oauth/oauth-token-endpoint.ts';
import { counted, gate, useFleet } from './oauth-subjects.ts';

const own = useFleet();

const tokenOf = (worker: OAuthTokens, options: Partial<TokenOptions> = {}) =>
  worker.tokenFor(own.fleet.connection, own.fleet.credentials, { signal: own.fleet.signal, ...options });
const pass = (passedMs: number) => own.fleet.clock.set(own.fleet.clock.nowMs() + passedMs);
const stored = () => own.fleet.store.read(own.fleet.connection.incarnation);
const granted = (accessToken: string, expiresIn = 3600) => ({
  body: { access_token: accessToken, expires_in: expiresIn },
});
const hour = 3_600_000;

/** The token endpoint does not answer until the test opens the gate. */
function holdEndpoint(answer: TokenEndpointAnswer) {
  const answered = gate();
  own.fleet.answer(async () => {
    await answered.opened;
    return answer;
  });
  return answered;
}

/** A token endpoint that takes every request and never answers, in the time of the test. */
function hanging(): { readonly http: HttpClient; readonly begunAtMs: number[]; underWay: number; most: number } {
  const { clock } = own.fleet;
  const endpoint = {
    begunAtMs: [] as number[],
    underWay: 0,
    most: 0,
    http: {
      async send(_request, { timeoutMs }) {
        endpoint.begunAtMs.push(clock.nowMs());
        endpoint.underWay += 1;
        endpoint.most = Math.max(endpoint.most, endpoint.underWay);
        await clock.delay(timeoutMs);
        endpoint.underWay -= 1;
        throw new Failure('TimedOut', `No answer within ${timeoutMs} ms.`);
      },
    } satisfies HttpClient,
  };
  return endpoint;
}

describe('a token endpoint that never answers', () => {
  test('fifty workers that always have deliveries for a hanging token endpoint make one request at a time, with growing pauses, and wait less than a tenth of the time', async () => {
    const { clock } = own.fleet;
    const endpoint = hanging();
    const [beganMs, durationMs] = [clock.nowMs(), 300_000];
    let waitedMs = 0;
    const calls = Array.from({ length: 50 }, async () => {
      const worker = own.fleet.worker({ http: endpoint.http });
      while (clock.nowMs() < beganMs + durationMs) {
        const atMs = clock.nowMs();
        await tokenOf(worker).catch(() => undefined);
        waitedMs += clock.nowMs() - atMs;
        await clock.delay(100);
      }
    });
    await own.fleet.settle(calls);
    expect(endpoint.most).toBe(1);
    const pausesMs = endpoint.begunAtMs.slice(1).map((atMs, index) => atMs - (endpoint.begunAtMs[index] ?? 0) - 5000);
    for (const [index, pauseMs] of pausesMs.entries()) {
      // The clock of this test moves in steps.
      expect(pauseMs).toBeGreaterThanOrEqual(0.75 * Math.min(60_000, 1000 * 2 ** index));
      expect(pauseMs).toBeLessThan(Math.min(60_000, 1000 * 2 ** index) + 300);
    }
    expect(pausesMs.length).toBeGreaterThan(6);
    expect(waitedMs / (50 * durationMs)).toBeLessThan(0.1);
  });

  test('only the delivery that asks waits for a hanging token endpoint; deliveries of this and other workers return to the queue within half a second', async () => {
    const { clock } = own.fleet;
    const answered = holdEndpoint('reset');
    const worker = own.fleet.worker();
    const asking = tokenOf(worker);
    await own.fleet.endpoint.received(1);
    const beganMs = clock.nowMs();
    const others = [tokenOf(worker), tokenOf(worker), tokenOf(own.fleet.worker())];
    const wait = { reason: { code: 'TokenUnavailable', kind: 'retryable', returnAfterMs: 2000 } };
    expect(await own.fleet.settle(others)).toMatchObject([wait, wait, wait]);
    expect(clock.nowMs() - beganMs).toBe(500);
    // The request has been under way for half a second, so nobody waits any more.
    const late = await Promise.allSettled([tokenOf(worker), tokenOf(own.fleet.worker())]);
    expect(late).toMatchObject([wait, wait]);
    answered.open();
    await expect(asking).rejects.toMatchObject({ code: 'TokenUnavailable' });
    expect(own.fleet.endpoint.requests).toHaveLength(1);
  });

  test('while a token endpoint is known to fail, deliveries do not wait for the next request to it at all', async () => {
    own.fleet.answer(() => ({ status: 503 }));
    const worker = own.fleet.worker();
    await expect(tokenOf(worker)).rejects.toMatchObject({ code: 'TokenUnavailable' });
    pass(1000);
    const answered = holdEndpoint(granted('healed'));
    const asking = tokenOf(worker);
    await own.fleet.endpoint.received(2);
    const reason = { message: 'The token endpoint answered with HTTP status 503.', returnAfterMs: 2000 };
    const others = await Promise.allSettled([tokenOf(worker), tokenOf(own.fleet.worker())]);
    expect(others).toMatchObject([{ reason }, { reason }]);
    answered.open();
    expect(await asking).toMatchObject({ accessToken: 'healed' });
  });

  test('waiting deliveries get the token as soon as it is there', async () => {
    own.fleet.answer((_, index) => (index === 0 ? { status: 503 } : granted('healed')));
    const [first, second] = [own.fleet.worker(), own.fleet.worker()];
    await expect(tokenOf(first)).rejects.toMatchObject({ returnAfterMs: 875 + 1000 });
    await expect(tokenOf(second)).rejects.toMatchObject({ returnAfterMs: 875 + 1000 });
    pass(875);
    expect(await tokenOf(first)).toMatchObject({ accessToken: 'healed' });
    expect(await tokenOf(second)).toMatchObject({ accessToken: 'healed' });
    expect(own.fleet.endpoint.requests).toHaveLength(2);
  });
});

describe('the pause of a token endpoint', () => {
  test('during the pause no other worker asks the endpoint, and each names the failure', async () => {
    own.fleet.answer(() => ({ status: 500 }));
    await expect(tokenOf(own.fleet.worker())).rejects.toMatchObject({ code: 'TokenUnavailable' });
    const store = counted(own.fleet.store);
    const other = own.fleet.worker({ store });
    for (let call = 0; call < 3; call += 1) {
      await expect(tokenOf(other)).rejects.toMatchObject({
        code: 'TokenUnavailable',
        message: 'The token endpoint answered with HTTP status 500.',
        kind: 'retryable',
        returnAfterMs: 875 + 1000,
      });
    }
    expect(store.calls).toBe(1);
    expect(own.fleet.endpoint.requests).toHaveLength(1);
  });

  test('twenty workers that find the pause over make one request, even if it fails at once', async () => {
    own.fleet.answer(() => ({ status: 500 }));
    const workers = Array.from({ length: 20 }, () => own.fleet.worker());
    for (const requests of [1, 2, 3]) {
      await own.fleet.settle(workers.map((worker) => tokenOf(worker)));
      expect(own.fleet.endpoint.requests).toHaveLength(requests);
      pass(10_000);
    }
    expect((await stored())?.pause).toMatchObject({ failures: 3 });
  });

  test('each failed request leaves one line with its reason and the next try, whoever asks meanwhile', async () => {
    own.fleet.answer(() => ({ status: 503 }));
    const beganMs = own.fleet.clock.nowMs();
    await expect(tokenOf(own.fleet.worker())).rejects.toMatchObject({ code: 'TokenUnavailable' });
    await expect(tokenOf(own.fleet.worker())).rejects.toMatchObject({ code: 'TokenUnavailable' });
    const reason = 'The token endpoint answered with HTTP status 503.';
    const line = { connection: 'orders', code: 'TokenUnavailable', reason };
    expect(own.fleet.failed).toEqual([{ ...line, nextTryAtMs: beganMs + 875 }]);
  });

  test('a token ends the run of failures, so the next failure begins with the shortest pause', async () => {
    own.fleet.answer((_, index) => (index === 2 ? granted('short', 60) : { status: 500 }));
    const worker = own.fleet.worker();
    for (const failures of [1, 2]) {
      await expect(tokenOf(worker)).rejects.toMatchObject({ code: 'TokenUnavailable' });
      expect((await stored())?.pause?.failures).toBe(failures);
      pass(10_000);
    }
    expect(await tokenOf(worker)).toMatchObject({ accessToken: 'short' });
    expect((await stored())?.pause).toBeUndefined();
    pass(60_000);
    await expect(tokenOf(worker)).rejects.toMatchObject({ returnAfterMs: 875 + 1000 });
    expect((await stored())?.pause?.failures).toBe(1);
  });

  test('a worker that has just read other credentials asks during the pause, and one with older credentials reads them again', async () => {
    own.fleet.answer((_, index) => (index === 0 ? { status: 500 } : granted('other')));
    await expect(tokenOf(own.fleet.worker())).rejects.toMatchObject({ code: 'TokenUnavailable' });
    const { credentials, signal } = own.fleet;
    const connection = { ...own.fleet.connection, secretVersion: 'version-2' };
    const worker = own.fleet.worker();
    await expect(worker.tokenFor(connection, credentials, { signal })).rejects.toMatchObject({
      code: 'CredentialsChanged',
    });
    expect(await worker.tokenFor(connection, credentials, { signal, justRead: true })).toMatchObject({
      accessToken: 'other',
    });
  });

  test('authorize-connection asks during the pause, and its failure makes the pause of the fleet longer', async () => {
    own.fleet.answer((_, index) => (index < 2 ? { status: 500 } : granted('first')));
    await expect(tokenOf(own.fleet.worker())).rejects.toMatchObject({ code: 'TokenUnavailable' });
    const authorization = { isAuthorization: true, justRead: true };
    await expect(tokenOf(own.fleet.worker(), authorization)).rejects.toMatchObject({ code: 'TokenUnavailable' });
    expect((await stored())?.pause?.failures).toBe(2);
    expect(await tokenOf(own.fleet.worker(), authorization)).toMatchObject({ accessToken: 'first' });
    expect(own.fleet.failed).toHaveLength(1);
  });

  test('authorize-connection waits for the request of another worker until it ends, and takes its result', async () => {
    const answered = holdEndpoint({ status: 503 });
    const asking = tokenOf(own.fleet.worker());
    await own.fleet.endpoint.received(1);
    const waiting = tokenOf(own.fleet.worker(), { isAuthorization: true, justRead: true });
    await own.fleet.waited(1);
    for (let passedMs = 0; passedMs < 4000; passedMs += 50) await own.fleet.clock.advance(50);
    answered.open();
    await expect(asking).rejects.toMatchObject({ code: 'TokenUnavailable' });
    expect(await own.fleet.settle([waiting])).toMatchObject([
      { reason: { message: 'The token endpoint answered with HTTP status 503.' } },
    ]);
    expect(own.fleet.endpoint.requests).toHaveLength(1);
  });

  test('a request that is cut off by the end of its invocation causes no pause', async () => {
    const { clock } = own.fleet;
    const invocation = new AbortController();
    const cut = new Failure('OutOfTime', 'The invocation is about to end.');
    const http: HttpClient = {
      send: (_, { signal }) => new Promise((__, reject) => signal.addEventListener('abort', () => reject(cut))),
    };
    const call = tokenOf(own.fleet.worker({ http }), { signal: invocation.signal });
    while ((await stored())?.leaseHolder === undefined) await clock.advance(0);
    invocation.abort();
    await expect(call).rejects.toMatchObject({ code: 'OutOfTime' });
    while ((await stored())?.leaseHolder !== undefined) await clock.advance(0);
    expect((await stored())?.pause).toBeUndefined();
    expect(await tokenOf(own.fleet.worker())).toMatchObject({ accessToken: 'token-1' });
  });

  test('a pause in the table that ends later than any pause may is ignored', async () => {
    const { clock, store, connection } = own.fleet;
    const connectionIncarnation = connection.incarnation;
    const nowMs = clock.nowMs();
    const pause = {
      failures: 1,
      code: 'TokenInvalid',
      reason: '',
      secretVersion: connection.secretVersion ?? '',
    } as const;
    await store.takeLease({ connectionIncarnation, generation: 0, holder: 'a', nowMs, untilMs: nowMs + 1 });
    await store.endLease(connectionIncarnation, 'a', { ...pause, untilMs: nowMs + hour });
    expect(await tokenOf(own.fleet.worker())).toMatchObject({ accessToken: 'token-1' });
  });
});

describe('while the token of the fleet is still valid', () => {
  test('a cold worker uses the valid token while the endpoint that should renew it is paused', async () => {
    own.fleet.answer((_, index) => (index === 0 ? granted('valid') : { status: 503 }));
    const worker = own.fleet.worker();
    await tokenOf(worker);
    pass(hour - 30_000);
    expect(await tokenOf(worker)).toMatchObject({ accessToken: 'valid' });
    expect(await tokenOf(own.fleet.worker())).toMatchObject({ accessToken: 'valid' });
    expect(own.fleet.endpoint.requests).toHaveLength(2);
    pass(30_000);
    await expect(tokenOf(own.fleet.worker())).rejects.toMatchObject({ kind: 'retryable' });
  });

  test('a token that got a 401 is not used by the worker that was asked to replace it, and the endpoint is asked once in a pause', async () => {
    own.fleet.answer((_, index) => (index === 1 ? { status: 503 } : granted(`token-${index + 1}`)));
    const worker = own.fleet.worker();
    await tokenOf(worker);
    pass(60_000);
    const renewal = () => {
      const { connection, credentials, signal } = own.fleet;
      return worker.renew(connection, credentials, 1, { signal, justRead: true });
    };
    await expect(renewal()).rejects.toMatchObject({ code: 'TokenUnavailable', returnAfterMs: 875 + 1000 });
    await expect(renewal()).rejects.toMatchObject({ code: 'TokenUnavailable', returnAfterMs: 875 + 1000 });
    expect(own.fleet.endpoint.requests).toHaveLength(2);
    pass(875);
    expect(await renewal()).toMatchObject({ accessToken: 'token-3', generation: 2 });
  });
});

describe('a worker that was frozen for an hour', () => {
  test('a worker that was frozen during its token request neither pauses the fleet nor fails when another worker has a token', async () => {
    const answered = holdEndpoint('reset');
    const frozen = tokenOf(own.fleet.worker());
    await own.fleet.endpoint.received(1);
    pass(hour);
    own.fleet.answer(() => granted('newer'));
    expect(await tokenOf(own.fleet.worker())).toMatchObject({ accessToken: 'newer' });
    answered.open();
    expect(await own.fleet.settle([frozen])).toMatchObject([{ value: { accessToken: 'newer' } }]);
    expect((await stored())?.pause).toBeUndefined();
  });

  test('a worker that was frozen after it had found the pause over makes no request in the pause of another worker', async () => {
    own.fleet.answer(() => ({ status: 500 }));
    const { store, clock } = own.fleet;
    const thawed = gate();
    const read: typeof store.read = async (id) => {
      const found = await store.read(id);
      await thawed.opened;
      return found;
    };
    const frozen = tokenOf(own.fleet.worker({ store: { ...store, read } }));
    await clock.advance(0);
    pass(hour);
    await expect(tokenOf(own.fleet.worker())).rejects.toMatchObject({ code: 'TokenUnavailable' });
    thawed.open();
    expect(await own.fleet.settle([frozen])).toMatchObject([{ reason: { code: 'TokenUnavailable' } }]);
    expect(own.fleet.endpoint.requests).toHaveLength(1);
  });

  test('a worker that was frozen with a pause in memory asks again', async () => {
    own.fleet.answer((_, index) => (index === 0 ? { status: 429, headers: { 'retry-after': '600' } } : granted('new')));
    const worker = own.fleet.worker();
    await expect(tokenOf(worker)).rejects.toMatchObject({ returnAfterMs: 601_000 });
    pass(hour);
    expect(await tokenOf(worker)).toMatchObject({ accessToken: 'new' });
  });
});
