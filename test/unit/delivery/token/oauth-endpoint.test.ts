import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { OAuthTokens } from '../../../../lib/delivery/token/tokens.ts';
import type { TokenEndpointAnswer } from '../../../servers/oauth/oauth-token-endpoint.ts';
import { unavailable, useFleet } from './oauth-subjects.ts';

const own = useFleet();

const tokenOf = (worker: OAuthTokens, connection = own.fleet.connection) =>
  worker.tokenFor(connection, own.fleet.credentials, { signal: own.fleet.signal });
const stored = () => own.fleet.connections.read(own.fleet.connection.name);
const hour = 3_600_000;
const granted = (body: object) => ({ status: 200, body: { access_token: 'canary-token', ...body } });

describe('a token endpoint that misbehaves', () => {
  const answers: readonly (readonly [string, TokenEndpointAnswer, string])[] = [
    ['resets the connection', 'reset', 'TokenUnavailable'],
    ['fails', { status: 500, body: 'canary-token' }, 'TokenUnavailable'],
    ['is busy', { status: 503, body: 'canary-token' }, 'TokenUnavailable'],
    ['throttles', { status: 429, headers: { 'retry-after': '30' }, body: 'canary-token' }, 'TokenUnavailable'],
    ['answers with 425', { status: 425 }, 'TokenUnavailable'],
    ['answers with text', { body: 'canary-token is your token' }, 'TokenInvalid'],
    ['answers with broken JSON', { body: '{"access_token":"canary-token' }, 'TokenInvalid'],
    ['answers with an empty body', { body: '' }, 'TokenInvalid'],
    ['answers with 204', { status: 204 }, 'TokenInvalid'],
    ['leaves the token out', { body: { token: 'canary-token' } }, 'TokenInvalid'],
    ['puts a line break into the token', granted({ access_token: 'canary-token\r\nX-Evil: 1' }), 'TokenInvalid'],
    [
      'answers with a body that is too long',
      { body: `{"access_token":"canary-token","padding":"${'x'.repeat(300_000)}"}` },
      'TokenInvalid',
    ],
    ['redirects temporarily', { status: 302, headers: { location: '/canary-token' } }, 'TokenInvalid'],
    ['redirects permanently', { status: 308, headers: { location: '/canary-token' } }, 'TokenInvalid'],
  ];

  test.each(answers)(
    'a token endpoint that %s is asked once and does not change the state of the connection',
    async (_, answer, code) => {
      own.fleet.answer(() => answer);
      const failure: unknown = await tokenOf(own.fleet.worker()).catch((error: unknown) => error);
      expect(failure).toMatchObject({ name: 'Failure', code, kind: 'retryable' });
      expect(inspect(failure, { depth: 20 })).not.toContain('canary');
      expect((await stored())?.state).toBe('AUTHORIZED');
      expect(own.fleet.endpoint.requests).toHaveLength(1);
      own.fleet.answer(() => granted({ token_type: 'bearer' }));
      own.fleet.clock.set(own.fleet.clock.nowMs() + 30_000);
      expect(await tokenOf(own.fleet.worker())).toMatchObject({ accessToken: 'canary-token' });
    },
  );

  test('a token endpoint that does not answer in time causes TokenUnavailable', async () => {
    own.fleet.answer(() => new Promise(() => undefined));
    const call = tokenOf(own.fleet.worker({ requestTimeoutMs: 100 }));
    await expect(call).rejects.toMatchObject({ code: 'TokenUnavailable', cause: { code: 'TimedOut' } });
  });

  test('a token endpoint that cannot be reached causes TokenUnavailable', async () => {
    await own.fleet.endpoint.close();
    await expect(tokenOf(own.fleet.worker())).rejects.toMatchObject({ code: 'TokenUnavailable', kind: 'retryable' });
  });

  test('a token endpoint that asks for a pause gets no request from any worker until the pause is over', async () => {
    own.fleet.answer((_, index) => (index === 0 ? { status: 429, headers: { 'retry-after': '30' } } : granted({})));
    const worker = own.fleet.worker();
    await expect(tokenOf(worker)).rejects.toMatchObject({ returnAfterMs: 31_000 });
    own.fleet.clock.set(own.fleet.clock.nowMs() + 29_000);
    await expect(tokenOf(worker)).rejects.toMatchObject({ code: 'TokenUnavailable', returnAfterMs: 2000 });
    await expect(tokenOf(own.fleet.worker())).rejects.toMatchObject({ code: 'TokenUnavailable', returnAfterMs: 2000 });
    expect(own.fleet.endpoint.requests).toHaveLength(1);
    own.fleet.clock.set(own.fleet.clock.nowMs() + 1000);
    expect(await tokenOf(worker)).toMatchObject({ accessToken: 'canary-token' });
  });

  test('a token endpoint that fails without asking for a pause is asked again within a second', async () => {
    own.fleet.answer((_, index) => (index === 0 ? { status: 500 } : granted({})));
    const worker = own.fleet.worker();
    await expect(tokenOf(worker)).rejects.toMatchObject({ code: 'TokenUnavailable' });
    own.fleet.clock.set(own.fleet.clock.nowMs() + 1000);
    expect(await tokenOf(worker)).toMatchObject({ accessToken: 'canary-token' });
  });

  test.each([
    ['fails', { status: 500 }],
    ['answers with text', { body: 'canary-token' }],
  ])(
    'while a cached token is valid, a token endpoint that %s stops no delivery, is asked only after a pause, and leaves a line each time',
    async (_, answer) => {
      const { clock, endpoint } = own.fleet;
      own.fleet.answer((__, index) => (index === 0 ? granted({ expires_in: 3600 }) : answer));
      const worker = own.fleet.worker();
      const startMs = clock.nowMs();
      await tokenOf(worker);
      clock.set(startMs + hour - 30_000);
      for (let call = 0; call < 10; call += 1) {
        expect(await tokenOf(worker)).toMatchObject({ accessToken: 'canary-token' });
      }
      expect(endpoint.requests).toHaveLength(2);
      const code = expect.stringMatching(/^Token(Unavailable|Invalid)$/);
      const nextTryAtMs = startMs + hour - 30_000 + 875;
      expect(own.fleet.failed).toEqual([{ connection: 'orders', code, reason: expect.any(String), nextTryAtMs }]);
      clock.set(nextTryAtMs);
      await tokenOf(worker);
      expect(endpoint.requests).toHaveLength(3);
      clock.set(startMs + hour);
      await expect(tokenOf(worker)).rejects.toMatchObject({ kind: 'retryable' });
    },
  );
});

describe('a token request that is refused', () => {
  test.each([400, 401, 403])(
    'a token request that is refused with %i deauthorizes the connection and stores the reason',
    async (status) => {
      own.fleet.answer(() => ({ status, body: { error: 'invalid_client', access_token: 'canary-token' } }));
      const failure: unknown = await tokenOf(own.fleet.worker()).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'ConnectionDeauthorized', kind: 'permanent' });
      expect(inspect(failure, { depth: 20 })).not.toContain('canary');
      expect(await stored()).toMatchObject({
        state: 'DEAUTHORIZED',
        stateReason: `The token request was refused with HTTP status ${status}: invalid_client.`,
      });
    },
  );

  test('a refused token request is a retryable failure when the credentials were changed meanwhile', async () => {
    own.fleet.answer(() => ({ status: 401 }));
    const connection = { ...own.fleet.connection, secretVersion: 'version-0' };
    await expect(tokenOf(own.fleet.worker(), connection)).rejects.toMatchObject({
      code: 'TokenRefused',
      kind: 'retryable',
    });
    expect((await stored())?.state).toBe('AUTHORIZED');
  });

  test('a refused token request does not undo a change of credentials that is in progress', async () => {
    const rotated = { ...own.fleet.connection, secretVersion: 'version-2' };
    own.fleet.answer(async () => {
      await own.fleet.connections.update(own.fleet.connection, rotated);
      return { status: 401 };
    });
    await expect(tokenOf(own.fleet.worker())).rejects.toMatchObject({ code: 'TokenRefused', kind: 'retryable' });
    expect(await stored()).toEqual({ ...rotated, revision: 2 });
  });

  test("a refused token request is a retryable failure when the connection's state cannot be written", async () => {
    own.fleet.answer(() => ({ status: 401 }));
    const worker = own.fleet.worker({ states: { change: unavailable } });
    await expect(tokenOf(worker)).rejects.toMatchObject({ code: 'StoreUnavailable', kind: 'retryable' });
  });

  test('a refused token request deauthorizes the connection although an older token is still valid', async () => {
    own.fleet.answer((_, index) => (index === 0 ? granted({ expires_in: 3600 }) : { status: 401 }));
    const worker = own.fleet.worker();
    await tokenOf(worker);
    own.fleet.clock.set(own.fleet.clock.nowMs() + hour - 30_000);
    await expect(tokenOf(worker)).rejects.toMatchObject({ code: 'ConnectionDeauthorized' });
  });
});
