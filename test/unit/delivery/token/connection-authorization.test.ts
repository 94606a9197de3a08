import type { Context } from 'aws-lambda';
import { inspect } from 'node:util';
import { beforeEach, describe, expect, test } from 'vitest';
import { createHandler } from '../../../../functions/authorize-connection.ts';
import type { Connection } from '../../../../lib/core/destination/connection.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { formatConnectionSecret } from '../../../../lib/core/destination/connection-secret.ts';
import type { ConnectionAuthorizationDependencies } from '../../../../lib/delivery/token/connection-authorization.ts';
import { createConnectionAuthorization } from '../../../../lib/delivery/token/connection-authorization.ts';
import type { FailedTokenRequest } from '../../../../lib/ports/metrics.ts';
import { connectionOf } from '../../../contract/dynamodb/subjects.ts';
import { grantTokens } from '../../../servers/oauth/oauth-token-endpoint.ts';
import { unavailable, useFleet } from './oauth-subjects.ts';

const own = useFleet();

/** What authorize-connection has logged in the current test. */
let failed: FailedTokenRequest[] = [];
beforeEach(() => {
  failed = [];
});

/** A connection with a stored secret that waits for its first token. */
async function authorizing(members: Partial<Connection> = {}): Promise<Connection> {
  const { clock, connections, secrets, credentials } = own.fleet;
  const { secretArn, version } = await secrets.create('secret', formatConnectionSecret({ credentials }));
  const connection = connectionOf('new', {
    state: 'AUTHORIZING',
    authorizationType: 'OAUTH_CLIENT_CREDENTIALS',
    secretArn,
    secretVersion: version,
    lastModifiedTimeMs: clock.nowMs(),
    ...members,
  });
  await connections.create(connection);
  return connection;
}

function authorize(input: unknown, overrides: Partial<ConnectionAuthorizationDependencies> = {}) {
  const { connections, secrets, clock, signal } = own.fleet;
  return createConnectionAuthorization({
    configuration: { readConnection: connections.read },
    secrets,
    tokens: own.fleet.worker(),
    states: connections,
    connectionLog: { tokenFailed: (each) => void failed.push(each) },
    clock,
    ...overrides,
  })(input, signal);
}

const stored = () => own.fleet.connections.read('new');
const after = (passedMs: number) => own.fleet.clock.set(own.fleet.clock.nowMs() + passedMs);

describe('authorize-connection', () => {
  test('authorize-connection makes a connection AUTHORIZED when it gets the first token', async () => {
    const connection = await authorizing();
    expect(await authorize(connection)).toEqual({ connection: 'new', outcome: 'authorized' });
    expect(await stored()).toMatchObject({ state: 'AUTHORIZED', lastAuthorizedTimeMs: own.fleet.clock.nowMs() });
    const { credentials, signal } = own.fleet;
    const token = await own.fleet.worker().tokenFor(connection, credentials, { signal });
    expect(token).toMatchObject({ accessToken: 'token-1' });
    expect(own.fleet.endpoint.requests).toHaveLength(1);
  });

  test('authorize-connection makes a connection DEAUTHORIZED when the token endpoint refuses', async () => {
    own.fleet.answer(() => ({ status: 401, body: 'canary' }));
    expect(await authorize(await authorizing())).toEqual({ connection: 'new', outcome: 'deauthorized' });
    expect(await stored()).toMatchObject({
      state: 'DEAUTHORIZED',
      stateReason: 'The token request was refused with HTTP status 401.',
    });
  });

  test.each([
    ['is already authorized', { state: 'AUTHORIZED' }],
    ['is deauthorized', { state: 'DEAUTHORIZED' }],
    ['is being deleted', { state: 'DELETING' }],
    ['was deleted and created again', { incarnation: 'new-2' }],
  ] as const)('authorize-connection does not change a connection that %s', async (_, members) => {
    await authorizing(members);
    expect(await authorize({ name: 'new', incarnation: 'new-1' })).toEqual({ connection: 'new', outcome: 'unchanged' });
    expect(await stored()).toMatchObject(members);
    expect(own.fleet.endpoint.requests).toHaveLength(0);
  });

  test('authorize-connection does nothing for a connection that was deleted', async () => {
    expect(await authorize({ name: 'gone', incarnation: 'x' })).toEqual({ connection: 'gone', outcome: 'unchanged' });
  });

  test('the third attempt of authorize-connection deauthorizes the connection when the token endpoint cannot be reached', async () => {
    own.fleet.answer(() => ({ status: 503, body: 'canary' }));
    const connection = await authorizing();
    await expect(authorize(connection)).rejects.toMatchObject({ code: 'TokenUnavailable' });
    after(60_000);
    await expect(authorize(connection)).rejects.toMatchObject({ code: 'TokenUnavailable' });
    expect((await stored())?.state).toBe('AUTHORIZING');
    after(120_000);
    expect(await authorize(connection)).toEqual({ connection: 'new', outcome: 'deauthorized' });
    expect(await stored()).toMatchObject({
      state: 'DEAUTHORIZED',
      stateReason: 'No token could be obtained. The token endpoint answered with HTTP status 503.',
    });
  });

  test('each failed attempt of authorize-connection is logged with its reason and the time of the next one', async () => {
    own.fleet.answer(() => ({ status: 503, body: { error: 'temporarily_unavailable' } }));
    const connection = await authorizing();
    const beganMs = own.fleet.clock.nowMs();
    for (const passedMs of [0, 60_000, 120_000]) {
      after(passedMs);
      await authorize(connection).catch(() => undefined);
    }
    const reason = 'The token endpoint answered with HTTP status 503: temporarily_unavailable.';
    const line = { connection: 'new', code: 'TokenUnavailable', reason };
    expect(failed).toEqual([
      { ...line, nextTryAtMs: beganMs + 60_000 },
      { ...line, nextTryAtMs: beganMs + 180_000 },
      line,
    ]);
  });

  test('the first failed token request writes its reason and the time of the next one to StateReason, and a success removes both', async () => {
    own.fleet.answer(() => ({ status: 200, body: '<html>canary</html>' }));
    const connection = await authorizing();
    const { lastModifiedTimeMs } = connection;
    await authorize(connection).catch(() => undefined);
    const next = `${new Date(own.fleet.clock.nowMs() + 60_000).toISOString().slice(0, 19)}Z`;
    expect(await stored()).toMatchObject({
      state: 'AUTHORIZING',
      stateReason: `The token endpoint's answer is not a JSON object. The next try is at ${next}.`,
      lastModifiedTimeMs,
    });
    own.fleet.answer(grantTokens);
    after(60_000);
    await authorize(connection);
    expect(await stored()).toMatchObject({ state: 'AUTHORIZED' });
    expect(await stored()).not.toHaveProperty('stateReason');
  });

  test('a refused token request is logged with the words of the token endpoint, but without a secret that these words repeat', async () => {
    const description = 'Client authentication failed for canary-secret.';
    own.fleet.answer(() => ({ status: 401, body: { error: 'invalid_client', error_description: description } }));
    await authorize(await authorizing());
    const reason =
      'The token request was refused with HTTP status 401: invalid_client (Client authentication failed for ***).';
    expect(failed).toEqual([{ connection: 'new', code: 'TokenRefused', reason }]);
    expect((await stored())?.stateReason).toBe(reason);
  });

  test('authorize-connection fails with the reason why there is no token even if that reason cannot be stored', async () => {
    own.fleet.answer(() => ({ status: 503 }));
    const states = { ...own.fleet.connections, noteReason: unavailable };
    await expect(authorize(await authorizing(), { states })).rejects.toMatchObject({ code: 'TokenUnavailable' });
  });

  test('the third attempt of authorize-connection deauthorizes the connection when the token endpoint may not be called', async () => {
    const refused = new Failure('AddressRefused', 'The address of login.example.com may not be called: private.');
    const tokens = { tokenFor: () => Promise.reject(refused), renew: () => Promise.reject(refused) };
    const connection = await authorizing();
    await expect(authorize(connection, { tokens })).rejects.toBe(refused);
    expect((await stored())?.state).toBe('AUTHORIZING');
    after(180_000);
    expect(await authorize(connection, { tokens })).toEqual({ connection: 'new', outcome: 'deauthorized' });
    expect((await stored())?.stateReason).toBe(`No token could be obtained. ${refused.message}`);
  });

  test('the third attempt of authorize-connection deauthorizes the connection even if other settings were changed meanwhile', async () => {
    own.fleet.answer(() => ({ status: 503 }));
    const began = own.fleet.clock.nowMs();
    const connection = await authorizing({ authorizingSinceMs: began, lastModifiedTimeMs: began + 100_000 });
    after(180_000);
    expect(await authorize(connection)).toEqual({ connection: 'new', outcome: 'deauthorized' });
    expect(await stored()).not.toHaveProperty('authorizingSinceMs');
  });

  test('the third attempt of authorize-connection does not deauthorize the connection while the table cannot be reached', async () => {
    const connection = await authorizing();
    after(180_000);
    const tokens = own.fleet.worker({ store: { ...own.fleet.store, read: unavailable } });
    await expect(authorize(connection, { tokens })).rejects.toMatchObject({ code: 'StoreUnavailable' });
    expect((await stored())?.state).toBe('AUTHORIZING');
  });

  test('the third attempt of authorize-connection does not deauthorize a connection whose credentials were changed meanwhile', async () => {
    const connection = await authorizing();
    after(180_000);
    own.fleet.answer(async () => {
      const before = await stored();
      if (before !== undefined) await own.fleet.connections.update(before, { ...before, secretVersion: 'version-9' });
      return { status: 503 };
    });
    expect(await authorize(connection)).toEqual({ connection: 'new', outcome: 'unchanged' });
    expect(await stored()).toMatchObject({ state: 'AUTHORIZING', secretVersion: 'version-9' });
  });

  test('authorize-connection fails, so that Lambda repeats it, when the credentials change during the token request', async () => {
    const connection = await authorizing();
    own.fleet.answer(async () => {
      const before = await stored();
      if (before !== undefined) await own.fleet.connections.update(before, { ...before, secretVersion: 'version-9' });
      return { body: { access_token: 'former' } };
    });
    await expect(authorize(connection)).rejects.toMatchObject({ code: 'CredentialsChanged', kind: 'retryable' });
    expect((await stored())?.state).toBe('AUTHORIZING');
  });

  test('authorize-connection shortens a reason to the length that DescribeConnection may show', async () => {
    const connection = await authorizing();
    after(180_000);
    const tokens = own.fleet.worker();
    const failing = { ...tokens, tokenFor: () => Promise.reject(new Failure('TokenUnavailable', 'x'.repeat(2000))) };
    await authorize(connection, { tokens: failing });
    expect((await stored())?.stateReason).toHaveLength(512);
  });

  test.each([
    [undefined, 'The input is not a JSON object.'],
    ['canary', 'The input is not a JSON object.'],
    [[], 'The input is not a JSON object.'],
    [{}, 'name is missing.'],
    [{ name: 7 }, 'name is not a string.'],
    [{ name: 'new' }, 'incarnation is missing.'],
    [{ name: 'new', incarnation: '' }, 'incarnation is empty.'],
  ])('authorize-connection refuses the input %j: %s', async (input, message) => {
    await expect(authorize(input)).rejects.toMatchObject({ code: 'InvalidInvocation', message });
  });

  test.each([
    ['{"username":"canary","password":"canary"}', 'InvalidSecret'],
    ['canary', 'InvalidSecret'],
  ])('authorize-connection fails because of the secret %s, and the error does not show it', async (text, code) => {
    const { secretArn, version } = await own.fleet.secrets.create('bad', text);
    const connection = await authorizing({ secretArn, secretVersion: version });
    const failure: unknown = await authorize(connection).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code });
    expect(inspect(failure, { depth: 20 })).not.toContain('canary');
  });

  describe('with a secret that the policy names', () => {
    async function named(text: string): Promise<Connection> {
      const { secretArn, version } = await own.fleet.secrets.create('team', text);
      return authorizing({ secretArn, secretVersion: version, policy: { secretArn } });
    }

    async function rotate(secretArn = '', text = ''): Promise<string> {
      const { version } = await own.fleet.secrets.addVersion(secretArn, text);
      await own.fleet.secrets.makeCurrent(secretArn, version);
      return version;
    }

    const goodText = () => formatConnectionSecret({ credentials: own.fleet.credentials });

    test('authorize-connection uses and stores the current version of a secret that the policy names', async () => {
      const connection = await named(
        formatConnectionSecret({ credentials: { ...own.fleet.credentials, clientId: 'old' } }),
      );
      const version = await rotate(connection.secretArn, goodText());
      expect(await authorize(connection)).toEqual({ connection: 'new', outcome: 'authorized' });
      expect(await stored()).toMatchObject({ state: 'AUTHORIZED', secretVersion: version });
      expect(own.fleet.endpoint.requests.map(({ body }) => body)).toEqual([
        expect.stringContaining('client_id=client'),
      ]);
    });

    test('authorize-connection stores the secret version that was refused, not an earlier one, when it deauthorizes a connection', async () => {
      own.fleet.answer(() => ({ status: 401 }));
      const connection = await named(goodText());
      const version = await rotate(connection.secretArn, goodText());
      expect(await authorize(connection)).toEqual({ connection: 'new', outcome: 'deauthorized' });
      expect(await stored()).toMatchObject({ state: 'DEAUTHORIZED', secretVersion: version });
    });

    test('only the third attempt of authorize-connection deauthorizes a connection whose named secret has no credentials', async () => {
      const connection = await named(goodText());
      await rotate(connection.secretArn, '{"canary":1}');
      await expect(authorize(connection)).rejects.toMatchObject({ code: 'InvalidSecret' });
      after(180_000);
      expect(await authorize(connection)).toEqual({ connection: 'new', outcome: 'deauthorized' });
    });
  });

  test('authorize-connection fails when the secret that the policy names does not exist', async () => {
    const connection = await authorizing({ secretVersion: 'version-0' });
    await expect(authorize(connection)).rejects.toMatchObject({ code: 'SecretNotFound' });
  });

  test('authorize-connection stops at the end of its invocation', async () => {
    const { clock } = own.fleet;
    const seen: boolean[] = [];
    const handler = createHandler({
      clock,
      authorize: async (input, signal) => {
        await clock.advance(5000);
        seen.push(signal.aborted);
        await clock.advance(5000);
        seen.push(signal.aborted);
        return { connection: String(input), outcome: 'unchanged' };
      },
    });
    const context = { getRemainingTimeInMillis: () => 15_000 } as Context;
    expect(await handler('new', context)).toEqual({ connection: 'new', outcome: 'unchanged' });
    expect(seen).toEqual([false, true]);
  });
});

describe('a delivery that finds its connection AUTHORIZING', () => {
  test('a delivery that obtains the first token of an AUTHORIZING connection makes the connection AUTHORIZED', async () => {
    const connection = await authorizing();
    const { credentials, signal } = own.fleet;
    const worker = own.fleet.worker();
    const tokens = await Promise.all([1, 2, 3].map(() => worker.tokenFor(connection, credentials, { signal })));
    expect(tokens[0]).toMatchObject({ accessToken: 'token-1' });
    expect(await stored()).toMatchObject({ state: 'AUTHORIZED', revision: connection.revision + 1 });
    expect(own.fleet.endpoint.requests).toHaveLength(1);
  });
});
