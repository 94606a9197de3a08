import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach } from 'vitest';
import { createUndiciHttpClient } from '../../../../lib/adapters/http/client.ts';
import type { Connection } from '../../../../lib/core/destination/connection.ts';
import type { OAuthCredentials } from '../../../../lib/core/destination/connection-secret.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import type { OAuthTokenDependencies, OAuthTokens } from '../../../../lib/delivery/token/tokens.ts';
import { createOAuthTokens } from '../../../../lib/delivery/token/tokens.ts';
import type { Clock } from '../../../../lib/ports/clock.ts';
import type { FailedTokenRequest } from '../../../../lib/ports/metrics.ts';
import type { TokenStore } from '../../../../lib/ports/token.ts';
import { connectionOf } from '../../../contract/dynamodb/subjects.ts';
import type { InMemoryConnections } from '../../../fakes/in-memory-connections.ts';
import { createInMemoryConnections } from '../../../fakes/in-memory-connections.ts';
import type { InMemorySecrets } from '../../../fakes/in-memory-secrets.ts';
import { createInMemorySecrets } from '../../../fakes/in-memory-secrets.ts';
import type { ManualClock } from '../../../fakes/manual-clock.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { createMemoryTokenStore } from '../../../fakes/token-store.ts';
import type { TokenEndpoint, TokenEndpointScript } from '../../../servers/oauth/oauth-token-endpoint.ts';
import { grantTokens, startTokenEndpoint } from '../../../servers/oauth/oauth-token-endpoint.ts';
import { loopback } from '../../../servers/endpoints/loopback.ts';

/** The environment of a fleet: one table, one clock, one token endpoint and one OAuth connection. */
export interface Fleet {
  readonly clock: ManualClock;
  readonly store: TokenStore;
  readonly connections: InMemoryConnections;
  readonly secrets: InMemorySecrets;
  readonly endpoint: TokenEndpoint;
  readonly connection: Connection;
  readonly credentials: OAuthCredentials;
  /** The log lines of the workers. */
  readonly failed: readonly FailedTokenRequest[];
  /** A signal that never aborts. */
  readonly signal: AbortSignal;
  /** Creates a worker that has read nothing yet. */
  worker(overrides?: Partial<OAuthTokenDependencies>): OAuthTokens;
  /** Resolves when workers have begun to wait this many times. */
  waited(count: number): Promise<void>;
  /** Sets how the token endpoint answers from now on. */
  answer(script: TokenEndpointScript): void;
  /** Moves the clock in small steps until all calls are settled. Only for workers that wait for nothing but the clock. */
  settle<Result>(calls: readonly Promise<Result>[]): Promise<readonly PromiseSettledResult<Result>[]>;
}

function credentialsFor(endpoint: TokenEndpoint): OAuthCredentials {
  return {
    authorizationType: 'OAUTH_CLIENT_CREDENTIALS',
    clientId: 'client',
    clientSecret: 'canary-secret',
    authorizationEndpoint: endpoint.url,
    httpMethod: 'POST',
  };
}

/** A new fleet for each test of a file. */
export function useFleet(): { readonly fleet: Fleet } {
  const running: { fleet?: Fleet; stop?: () => Promise<void> } = {};
  beforeEach(async () => {
    const script: { current?: TokenEndpointScript } = {};
    const failed: FailedTokenRequest[] = [];
    const endpoint = await startTokenEndpoint((request, index) => (script.current ?? grantTokens)(request, index));
    const http = createUndiciHttpClient({ allowlist: loopback });
    const [clock, secrets] = [createManualClock(), createInMemorySecrets()];
    const waits = countdown();
    const countingClock: Clock = {
      nowMs: clock.nowMs,
      delay(delayMs, signal) {
        waits.add();
        return clock.delay(delayMs, signal);
      },
    };
    const root = await secrets.create('root', 'canary-root');
    const [store, connections] = [createMemoryTokenStore(), createInMemoryConnections()];
    const connection = connectionOf('orders', { authorizationType: 'OAUTH_CLIENT_CREDENTIALS' });
    await connections.create(connection);
    running.stop = () => Promise.all([endpoint.close(), http.close()]).then(() => undefined);
    running.fleet = {
      clock,
      store,
      connections,
      secrets,
      endpoint,
      connection,
      credentials: credentialsFor(endpoint),
      failed,
      signal: new AbortController().signal,
      waited: waits.reached,
      answer: (next) => {
        script.current = next;
      },
      worker: (overrides = {}) =>
        createOAuthTokens({
          store,
          states: connections,
          connectionLog: { tokenFailed: (each) => void failed.push(each) },
          secrets,
          rootSecretArn: root.secretArn,
          http,
          requestTimeoutMs: 5000,
          userAgent: 'lastmile/test',
          clock: countingClock,
          random: () => 0.5,
          randomBytes,
          ...overrides,
        }),
      async settle(calls) {
        let settled = false;
        const all = Promise.allSettled(calls).finally(() => {
          settled = true;
        });
        while (!settled) await clock.advance(50);
        return all;
      },
    };
  });
  afterEach(() => running.stop?.());
  return {
    get fleet() {
      if (running.fleet === undefined) throw new Error('The fleet is made before each test.');
      return running.fleet;
    },
  };
}

/** Counts up, and resolves the promises that wait for a number. */
function countdown(): { add(): void; reached(count: number): Promise<void> } {
  const waiting: { readonly count: number; readonly wake: () => void }[] = [];
  let reached = 0;
  return {
    add() {
      reached += 1;
      for (const { count, wake } of waiting) if (reached >= count) wake();
    },
    reached: (count) =>
      new Promise((resolve) => {
        if (reached >= count) resolve();
        else waiting.push({ count, wake: resolve });
      }),
  };
}

/** A promise that the test resolves. */
export function gate<Value = void>(): { readonly opened: Promise<Value>; open(value: Value): void } {
  let open: (value: Value) => void = () => undefined;
  const opened = new Promise<Value>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

export function unavailable(): Promise<never> {
  return Promise.reject(new Failure('StoreUnavailable', 'Could not reach the table: TimeoutError.'));
}

/** Counts the calls that reach a store. */
export function counted(store: TokenStore): TokenStore & { calls: number } {
  const count = <Arguments extends readonly unknown[], Result>(call: (...given: Arguments) => Result) => {
    return (...given: Arguments): Result => {
      counting.calls += 1;
      return call(...given);
    };
  };
  const counting = {
    calls: 0,
    read: count((incarnation: string) => store.read(incarnation)),
    takeLease: count(store.takeLease),
    save: count(store.save),
    endLease: count(store.endLease),
  };
  return counting;
}
