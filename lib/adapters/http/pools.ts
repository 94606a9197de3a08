import type { buildConnector, Pool } from 'undici';
import type { Transport } from '../../core/destination/delivery-policy.ts';
import { type Connector, type ConnectorOptions, createConnector } from './connector.ts';

/**
 * A kept-alive socket that was idle for longer than this is not used again. Many servers and load balancers close it after 5
 * s, and a frozen function does not notice that.
 */
const idleLimitMs = 4000;
/**
 * The most sockets to one origin. In practice, the sockets of `maximumPools` pools stay well below a function's 1,024 file
 * descriptors.
 */
const connectionsPerPool = 128;
/** Node's own limit for the headers of one message. */
const maxHeaderBytes = 16_384;

export interface ConnectionPool {
  readonly key: string;
  readonly origin: string;
  readonly dispatcher: Pool;
  /** Kept for the pool that replaces this one, so that TLS sessions are reused. */
  readonly connector: Connector;
  lastUsedAtMs: number;
  /** Exchanges in progress, including those that wait for a socket. */
  exchanges: number;
  /** Exchanges that were handed to undici; never more than the pool has sockets. */
  running: number;
  /** Functions that start the waiting exchanges. When a socket becomes free, the first function is called. */
  readonly waiting: (() => void)[];
  /** Set when the pool takes no new exchanges; called when the last one has ended. */
  whenUnused?: () => void;
}

export interface UndiciPoolsOptions extends ConnectorOptions {
  readonly maximumPools: number;
}

/** Pools of HTTP/1.1 connections, one for each origin and transport. The least recently used pool is retired first. */
export class UndiciPools {
  readonly #options: UndiciPoolsOptions;
  readonly #pools = new Map<string, ConnectionPool>();
  readonly #closing = new Set<Promise<void>>();
  #PoolClass: typeof Pool | undefined;
  #buildConnector: typeof buildConnector | undefined;

  constructor(options: UndiciPoolsOptions) {
    this.#options = options;
  }

  get loaded(): boolean {
    return this.#PoolClass !== undefined;
  }

  /** Loads undici once, and only when there is something to send, because loading it takes a third of a cold start. */
  async load(): Promise<void> {
    const [pool, connect] = await Promise.all([
      import('undici/lib/dispatcher/pool.js'),
      import('undici/lib/core/connect.js'),
    ]);
    this.#PoolClass = pool.default;
    this.#buildConnector = connect.default;
  }

  /** Returns the pool for a request. The idle time is wall-clock time, because timers stop while a function is frozen. */
  acquire(origin: string, transport: Transport): ConnectionPool {
    const key = transport.key === '' ? origin : `${transport.key} ${origin}`;
    const nowMs = this.nowMs();
    const pool = this.#pools.get(key);
    if (pool === undefined) return taken(this.#open(key, origin, this.#connectorFor(origin, transport), nowMs));
    // The difference may be negative, because the clock may have been set back.
    if (Math.abs(nowMs - pool.lastUsedAtMs) > idleLimitMs) return taken(this.#replace(pool, nowMs));
    pool.lastUsedAtMs = nowMs;
    return taken(pool);
  }

  /** Every `acquire` must be followed by one `release`. */
  release(pool: ConnectionPool): void {
    pool.lastUsedAtMs = this.nowMs();
    pool.exchanges -= 1;
    if (pool.exchanges === 0) pool.whenUnused?.();
  }

  /**
   * Calls `begin` as soon as there is a socket for another exchange, usually at once. undici has a queue of its own, but a
   * request that waits there can be withdrawn only together with a socket.
   */
  enter(pool: ConnectionPool, begin: () => void): void {
    if (pool.running >= connectionsPerPool) {
      pool.waiting.push(begin);
      return;
    }
    pool.running += 1;
    begin();
  }

  /** Gives up the socket of an exchange for which `begin` was called. The next waiting exchange gets it. */
  leave(pool: ConnectionPool): void {
    const next = pool.waiting.shift();
    if (next === undefined) pool.running -= 1;
    else next();
  }

  /** The wall clock's time, in epoch ms. Unlike timers, the wall clock goes on while the function is frozen. */
  nowMs(): number {
    return this.#options.clock.nowMs();
  }

  /** Replaces a pool in which a socket was dead, because its other sockets may be dead too. */
  discard(pool: ConnectionPool): void {
    if (this.#pools.get(pool.key) === pool) this.#replace(pool, this.nowMs());
  }

  /** Resolves when every exchange under way has ended. */
  async close(): Promise<void> {
    for (const pool of this.#pools.values()) this.#retire(pool);
    await Promise.all(this.#closing);
  }

  #replace(pool: ConnectionPool, nowMs: number): ConnectionPool {
    this.#retire(pool);
    return this.#open(pool.key, pool.origin, pool.connector, nowMs);
  }

  #open(key: string, origin: string, connector: Connector, lastUsedAtMs: number): ConnectionPool {
    if (this.#PoolClass === undefined) throw new Error('undici is not loaded yet');
    while (this.#pools.size >= this.#options.maximumPools) this.#retireLeastRecentlyUsed();
    const dispatcher = new this.#PoolClass(origin, {
      connect: connector.connect,
      connections: connectionsPerPool,
      keepAliveTimeout: idleLimitMs,
      keepAliveMaxTimeout: idleLimitMs,
      maxHeaderSize: maxHeaderBytes,
      // Each exchange has its own time limit. undici's two limits are inexact by seconds, and each costs a timer.
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
    });
    const pool = { key, origin, dispatcher, connector, lastUsedAtMs, exchanges: 0, running: 0, waiting: [] };
    this.#pools.set(key, pool);
    return pool;
  }

  /**
   * Takes a pool out of use. Its exchanges end normally, and then the pool is destroyed. It is not closed, because closing would
   * wait for connections that undici is still making although nobody needs them. With `setImmediate`, the pool is not destroyed
   * within a callback of undici.
   */
  #retire(pool: ConnectionPool): void {
    this.#pools.delete(pool.key);
    const destroyed = new Promise<void>((resolve) => {
      pool.whenUnused = () => setImmediate(() => pool.dispatcher.destroy(null, resolve));
    }).then(() => {
      this.#closing.delete(destroyed);
    });
    this.#closing.add(destroyed);
    if (pool.exchanges === 0) pool.whenUnused?.();
  }

  #retireLeastRecentlyUsed(): void {
    let oldest: ConnectionPool | undefined;
    for (const pool of this.#pools.values()) {
      if (oldest === undefined || pool.lastUsedAtMs < oldest.lastUsedAtMs) oldest = pool;
    }
    if (oldest !== undefined) this.#retire(oldest);
  }

  #connectorFor(origin: string, transport: Transport): Connector {
    if (this.#buildConnector === undefined) throw new Error('undici is not loaded yet');
    return createConnector(this.#buildConnector, origin, transport, this.#options);
  }
}

function taken(pool: ConnectionPool): ConnectionPool {
  pool.exchanges += 1;
  return pool;
}
