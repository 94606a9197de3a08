import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { loadFirstDelivery } from '../../../functions/aws-on-demand.ts';
import { createDynamoDbClient, createSecretsManagerClient } from '../../../lib/adapters/aws/clients.ts';
import { createDynamoDbConnectionRepository } from '../../../lib/adapters/dynamodb/connections.ts';
import { createDynamoDbConnectionStates } from '../../../lib/adapters/dynamodb/connection-states.ts';
import { createDynamoDbTokenStore } from '../../../lib/adapters/dynamodb/token-store.ts';
import { createSecretsManagerSecretReader } from '../../../lib/adapters/aws/secret-reader.ts';
import { createSecretsManagerSecretWriter } from '../../../lib/adapters/aws/secret-writer.ts';
import { createUndiciHttpClient } from '../../../lib/adapters/http/client.ts';
import type { OAuthCredentials } from '../../../lib/core/destination/connection-secret.ts';
import type { OAuthTokens } from '../../../lib/delivery/token/tokens.ts';
import { createOAuthTokens } from '../../../lib/delivery/token/tokens.ts';
import type { Clock } from '../../../lib/ports/clock.ts';
import { createWaitingClock } from '../../fakes/waiting-clock.ts';
import { connectionOf } from '../../contract/dynamodb/subjects.ts';
import type { DynaliteServer } from '../../servers/aws/dynalite-server.ts';
import { startDynaliteServer } from '../../servers/aws/dynalite-server.ts';
import type { OAuthProvider } from '../../servers/oauth/oauth-provider.ts';
import { oauthClients, startOAuthProvider } from '../../servers/oauth/oauth-provider.ts';
import type { TokenEndpoint } from '../../servers/oauth/oauth-token-endpoint.ts';
import { startTokenEndpoint } from '../../servers/oauth/oauth-token-endpoint.ts';
import type { SecretsManagerServer } from '../../servers/aws/secrets-manager-server.ts';
import { startSecretsManagerServer } from '../../servers/aws/secrets-manager-server.ts';
import { loopback } from '../../servers/endpoints/loopback.ts';

let dynalite: DynaliteServer;
let secretsManager: SecretsManagerServer;
let provider: OAuthProvider;
let rootSecretArn: string;
const cleanups: (() => unknown)[] = [];
const { signal } = new AbortController();

beforeAll(async () => {
  [dynalite, secretsManager, provider] = await Promise.all([
    startDynaliteServer(),
    startSecretsManagerServer(),
    startOAuthProvider(),
    // Otherwise the first request for a token would wait until the HTTP client is loaded, longer than a worker waits for another.
    loadFirstDelivery(),
  ]);
  const writer = createSecretsManagerSecretWriter(createSecretsManagerClient(secretsManager.clientConfig));
  rootSecretArn = (await writer.create('root', 'root secret of the test')).secretArn;
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});
afterAll(() => Promise.all([dynalite.stop(), secretsManager.stop(), provider.close()]));

/**
 * Workers that share only the servers. A worker's clock moves only while the worker waits, so the speed of the machine decides
 * nothing. `time.laterMs` moves all clocks. `time.onWait` is called when a worker waits; the wait begins when its result resolves.
 */
function startWorkers(count: number) {
  const time = { laterMs: 0, onWait: (_worker: number): unknown => undefined };
  const startMs = Date.now();
  const workers = Array.from({ length: count }, (_, worker) => {
    const waiting = createWaitingClock(startMs);
    const clock: Clock = {
      nowMs: () => waiting.nowMs() + time.laterMs,
      async delay(delayMs, signalled) {
        await time.onWait(worker);
        await waiting.delay(delayMs, signalled);
      },
    };
    const http = createUndiciHttpClient({ allowlist: loopback });
    const dynamoDb = createDynamoDbClient(dynalite.clientConfig);
    const secrets = createSecretsManagerClient(secretsManager.clientConfig);
    cleanups.push(async () => {
      await http.close();
      dynamoDb.destroy();
      secrets.destroy();
    });
    return createOAuthTokens({
      store: createDynamoDbTokenStore(dynamoDb, dynalite.tableName),
      states: createDynamoDbConnectionStates(dynamoDb, dynalite.tableName),
      connectionLog: { tokenFailed: () => undefined },
      secrets: createSecretsManagerSecretReader(secrets),
      rootSecretArn,
      http,
      requestTimeoutMs: 100_000,
      userAgent: 'lastmile/test',
      clock,
      random: Math.random,
      randomBytes,
    });
  });
  return { workers, time };
}

type Workers = ReturnType<typeof startWorkers>;

/**
 * Calls all workers. Those that do not get the lease wait until one has a token: a worker gives another's request 500 ms, and the
 * token endpoint may need more on a busy machine.
 *
 * @param waitsBefore the number of waits of each worker that may end before
 */
async function callTogether<Result>(
  { workers, time }: Workers,
  call: (worker: OAuthTokens, index: number) => Promise<Result>,
  waitsBefore = 0,
): Promise<readonly Result[]> {
  const waits = workers.map(() => 0);
  const obtained = Promise.withResolvers<unknown>();
  const { onWait } = time;
  time.onWait = (worker) => {
    onWait(worker);
    const count = (waits[worker] ?? 0) + 1;
    waits[worker] = count;
    return count > waitsBefore ? obtained.promise : undefined;
  };
  try {
    const calls = workers.map(call);
    obtained.resolve(Promise.race(calls).catch(() => undefined));
    return await Promise.all(calls);
  } finally {
    time.onWait = onWait;
  }
}

async function startEndpoint(...given: Parameters<typeof startTokenEndpoint>): Promise<TokenEndpoint> {
  const endpoint = await startTokenEndpoint(...given);
  cleanups.push(() => endpoint.close());
  return endpoint;
}

function credentialsOf(client: { id: string; secret: string }, url: string): OAuthCredentials {
  return {
    authorizationType: 'OAUTH_CLIENT_CREDENTIALS',
    clientId: client.id,
    clientSecret: client.secret,
    authorizationEndpoint: url,
    httpMethod: 'POST',
  };
}

const oauth = { authorizationType: 'OAUTH_CLIENT_CREDENTIALS' } as const;

async function storedConnection(name: string) {
  const repository = createDynamoDbConnectionRepository(
    createDynamoDbClient(dynalite.clientConfig),
    dynalite.tableName,
  );
  const connection = connectionOf(name, oauth);
  await repository.create(connection);
  return { connection, read: () => repository.read(name) };
}

async function oneWorker(): Promise<OAuthTokens> {
  const [worker] = startWorkers(1).workers;
  if (worker === undefined) throw new Error('One worker was asked for.');
  return worker;
}

describe('a certified provider', () => {
  test('a certified OAuth provider grants a token when the form contains the client credentials', async () => {
    const worker = await oneWorker();
    const credentials = credentialsOf(oauthClients.post, provider.url);
    const token = await worker.tokenFor(connectionOf('post', oauth), credentials, { signal });
    expect(await provider.accepts(token.accessToken)).toBe(true);
  });

  test('a certified OAuth provider grants a token when the Authorization header contains the client credentials', async () => {
    const worker = await oneWorker();
    const { id, secret } = oauthClients.basic;
    const value = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
    const credentials = {
      ...credentialsOf({ id: 'not sent', secret: 'not sent' }, provider.url),
      oauthHttpParameters: { headerParameters: [{ key: 'authorization', value, isValueSecret: true }] },
    };
    const token = await worker.tokenFor(connectionOf('basic', oauth), credentials, { signal });
    expect(await provider.accepts(token.accessToken)).toBe(true);
  });

  test('a connection is deauthorized when a certified OAuth provider refuses its client secret', async () => {
    const worker = await oneWorker();
    const { connection, read } = await storedConnection('wrong');
    const credentials = credentialsOf({ ...oauthClients.post, secret: 'wrong' }, provider.url);
    await expect(worker.tokenFor(connection, credentials, { signal })).rejects.toMatchObject({
      code: 'ConnectionDeauthorized',
    });
    expect(await read()).toMatchObject({
      state: 'DEAUTHORIZED',
      stateReason: 'The token request was refused with HTTP status 401: invalid_client (client authentication failed).',
    });
  });

  test('twenty cold workers make one token request, and one more after the token was revoked', async () => {
    const started = startWorkers(20);
    const connection = connectionOf('twenty', oauth);
    const credentials = credentialsOf(oauthClients.post, provider.url);
    const before = provider.statuses.length;
    const tokens = await callTogether(started, (worker) => worker.tokenFor(connection, credentials, { signal }));
    const [first, ...others] = new Set(tokens.map(({ accessToken }) => accessToken));
    expect(others).toEqual([]);
    expect(provider.statuses.slice(before)).toEqual([200]);

    await provider.revoke(first ?? '');
    started.time.laterMs = 60_000;
    const renewed = await callTogether(started, (worker, index) =>
      worker.renew(connection, credentials, tokens[index]?.generation ?? 0, { signal }),
    );
    const [second, ...more] = new Set(renewed.map((token) => token?.accessToken));
    expect(more).toEqual([]);
    expect(second).not.toBe(first);
    expect(await provider.accepts(second ?? '')).toBe(true);
    expect(provider.statuses.slice(before)).toEqual([200, 200]);
  });
});

describe('twenty workers at an endpoint that misbehaves', () => {
  const callFor = (name: string, url: string) => {
    const credentials = credentialsOf(oauthClients.post, url);
    return (worker: OAuthTokens) => worker.tokenFor(connectionOf(name, oauth), credentials, { signal });
  };

  test('twenty workers make one request to a token endpoint that answers late', async () => {
    const started = startWorkers(20);
    const waitsBefore = 2;
    let waits = 0;
    const waited = new Promise<void>((resolve) => {
      started.time.onWait = () => {
        waits += 1;
        if (waits === waitsBefore * 19) resolve();
      };
    });
    const { url, requests } = await startEndpoint(async (_, index) => {
      await waited;
      return { body: { access_token: `slow-${index}`, expires_in: 3600 } };
    });
    const tokens = await callTogether(started, callFor('slow', url), waitsBefore);
    expect(new Set(tokens.map(({ accessToken }) => accessToken))).toEqual(new Set(['slow-0']));
    expect(requests).toHaveLength(1);
  });

  test('twenty workers get a token after the first answer of the token endpoint was an error', async () => {
    const { url, requests } = await startEndpoint((_, index) =>
      index === 0 ? { status: 500 } : { body: { access_token: 'second', expires_in: '3600' } },
    );
    const { workers, time } = startWorkers(20);
    const call = callFor('recovering', url);
    await expect(Promise.all(workers.slice(0, 1).map(call))).rejects.toMatchObject({ code: 'TokenUnavailable' });
    time.laterMs = 1000;
    await Promise.all(workers.slice(0, 1).map(call));
    const tokens = await Promise.all(workers.map(call));
    expect(new Set(tokens.map(({ accessToken }) => accessToken))).toEqual(new Set(['second']));
    expect(requests).toHaveLength(2);
  });
});

describe('a token endpoint', () => {
  const parameter = (key: string, value: string) => ({ key, value, isValueSecret: false });

  test('a token request with GET has all its parameters in the query', async () => {
    const { url, requests } = await startEndpoint();
    const credentials = { ...credentialsOf(oauthClients.post, `${url}?tenant=a%2Fb`), httpMethod: 'GET' as const };
    await (await oneWorker()).tokenFor(connectionOf('get', oauth), credentials, { signal });
    expect(requests[0]).toMatchObject({
      method: 'GET',
      url: '/token?tenant=a%2Fb&grant_type=client_credentials&client_id=post-client&client_secret=post%20secret%20%26%20more%2B',
      body: '',
    });
  });

  test('a token request with PUT has a JSON body when a header parameter sets the content type', async () => {
    const { url, requests } = await startEndpoint();
    const credentials = {
      ...credentialsOf(oauthClients.post, url),
      httpMethod: 'PUT' as const,
      oauthHttpParameters: {
        headerParameters: [parameter('content-type', 'application/json; charset=utf-8')],
        bodyParameters: [parameter('audience', 'https://api.example.com')],
      },
    };
    await (await oneWorker()).tokenFor(connectionOf('put', oauth), credentials, { signal });
    expect(requests[0]).toMatchObject({ method: 'PUT', url: '/token' });
    expect(requests[0]?.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({
      grant_type: 'client_credentials',
      client_id: 'post-client',
      client_secret: 'post secret & more+',
      audience: 'https://api.example.com',
    });
  });
});
