import type { Socket } from 'node:net';
import type { buildConnector, Pool } from 'undici';
import type { Clock } from '../../ports/clock.ts';
import type { ServiceAnswer } from './service-error.ts';
import { abortErrorOf, timeoutErrorOf, UndiciExchange } from './undici-exchange.ts';

export interface ConnectionLimits {
  /** Time to connect, without the handshake of TLS. */
  readonly connectTimeoutMs: number;
  /** Time of one attempt, from waiting for a connection to the last byte of the answer. */
  readonly requestTimeoutMs: number;
}

/**
 * Every call of a worker has three attempts with these limits. After that the caller retries later or uses its cache, so that the
 * call does not take the whole time of the invocation.
 */
export const usualLimits: ConnectionLimits = { connectTimeoutMs: 1000, requestTimeoutMs: 3000 };
export const usualAttempts = 3;

export interface OutgoingRequest {
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** As many as an AWS client has. */
const maxConnections = 50;

/**
 * A connection that was idle for longer is not used again. A frozen function does not notice that its connections were closed
 * or forgotten on the way, but its clock goes on.
 */
const idleLimitMs = 20_000;

interface Connections {
  readonly origin: string;
  readonly pool: Pool;
  lastUsedAtMs: number;
  exchanges: number;
  isRetired: boolean;
}

/**
 * Sends requests to one service over kept connections.
 *
 * Failure policy: after a request without any answer, all connections are replaced, because they may be dead too. A server that
 * is only slow costs a few more connections.
 */
export class UndiciConnections {
  readonly #limits: ConnectionLimits;
  readonly #clock: Clock;
  #loading: ReturnType<typeof load> | undefined;
  #current: Connections | undefined;

  constructor(limits: ConnectionLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** @throws an error that has the name and the code of an AWS client's error */
  async send(request: OutgoingRequest, signal: AbortSignal | undefined): Promise<ServiceAnswer> {
    this.#loading ??= load(this.#limits);
    const undici = await this.#loading;
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(abortErrorOf(signal));
        return;
      }
      const connections = this.#acquire(request.origin, undici);
      const exchange = new UndiciExchange({
        timeoutMs: this.#limits.requestTimeoutMs,
        signal,
        resolve,
        reject,
        onEnd: (isDead) => this.#release(connections, isDead),
      });
      const { path, headers, body } = request;
      connections.pool.dispatch({ path, method: 'POST', headers: headers as Record<string, string>, body }, exchange);
    });
  }

  #acquire(origin: string, undici: Undici): Connections {
    const nowMs = this.#clock.nowMs();
    // The difference may be negative, because the clock may have been set back.
    const isUsable = this.#current?.origin === origin && Math.abs(nowMs - this.#current.lastUsedAtMs) <= idleLimitMs;
    if (this.#current !== undefined && !isUsable) this.#retire(this.#current);
    this.#current ??= { origin, pool: poolOf(undici, origin), lastUsedAtMs: nowMs, exchanges: 0, isRetired: false };
    this.#current.lastUsedAtMs = nowMs;
    this.#current.exchanges += 1;
    return this.#current;
  }

  #release(connections: Connections, isDead: boolean): void {
    connections.lastUsedAtMs = this.#clock.nowMs();
    connections.exchanges -= 1;
    if (isDead && !connections.isRetired) this.#retire(connections);
    else if (connections.isRetired) destroyUnused(connections);
  }

  #retire(connections: Connections): void {
    if (this.#current === connections) this.#current = undefined;
    connections.isRetired = true;
    destroyUnused(connections);
  }
}

/** With `setImmediate`, the pool is not destroyed within a callback of undici. */
function destroyUnused({ exchanges, pool }: Connections): void {
  if (exchanges === 0) setImmediate(() => void pool.destroy(null));
}

interface Undici {
  readonly PoolClass: typeof Pool;
  readonly connect: buildConnector.connector;
}

/** Performance: undici is loaded only when there is something to send, and without its index, which would load fetch as well. */
async function load({ connectTimeoutMs, requestTimeoutMs }: ConnectionLimits): Promise<Undici> {
  const [pool, connector] = await Promise.all([
    import('undici/lib/dispatcher/pool.js'),
    import('undici/lib/core/connect.js'),
  ]);
  // This limit of undici is inexact by half a second. It only ends a handshake that nobody waits for any more.
  const timeout = connectTimeoutMs + requestTimeoutMs;
  const connect = connector.default({ allowH2: false, timeout }) as Connect;
  return {
    PoolClass: pool.default,
    connect(options, callback) {
      const socket = connect(options, callback);
      const timer = setTimeout(() => {
        socket.destroy(timeoutErrorOf(`No connection to ${options.hostname} was made within ${connectTimeoutMs} ms.`));
      }, connectTimeoutMs);
      const connected = (): void => clearTimeout(timer);
      socket.once('connect', connected).once('close', connected);
    },
  };
}

/** undici's connector returns its socket, although its type does not say so. */
type Connect = (...parameters: Parameters<buildConnector.connector>) => Socket;

function poolOf({ PoolClass, connect }: Undici, origin: string): Pool {
  return new PoolClass(origin, {
    connect,
    connections: maxConnections,
    keepAliveTimeout: idleLimitMs,
    keepAliveMaxTimeout: idleLimitMs,
    // Each exchange has its own time limit. undici's two limits are inexact by seconds, and each costs a timer.
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
  });
}
