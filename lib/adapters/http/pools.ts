import type { Transport } from '../../core/destination/delivery-policy.ts';
import { targetOf } from './connect.ts';
import { ConnectionPool, idleLimitMs } from './connection-pool.ts';
import { type ConnectorOptions, createConnector } from './connector.ts';

export interface ConnectionPoolsOptions extends ConnectorOptions {
  readonly maximumPools: number;
}

/** Pools of HTTP/1.1 connections, one for each origin and transport. The least recently used pool is retired first. */
export class ConnectionPools {
  readonly #options: ConnectionPoolsOptions;
  readonly #pools = new Map<string, ConnectionPool>();
  readonly #closing = new Set<Promise<void>>();
  readonly #nowMs: () => number;

  constructor(options: ConnectionPoolsOptions) {
    this.#options = options;
    this.#nowMs = () => options.clock.nowMs();
  }

  /** Returns the pool for a request. Every call must be followed by one `release` of the pool. */
  acquire(origin: string, transport: Transport): ConnectionPool {
    const key = transport.key === '' ? origin : `${transport.key} ${origin}`;
    const nowMs = this.nowMs();
    const pool = this.#pools.get(key);
    if (pool === undefined) return this.#open(key, origin, transport).acquire();
    // The difference may be negative, because the clock may have been set back.
    if (Math.abs(nowMs - pool.lastUsedAtMs) > idleLimitMs) return this.#replace(pool).acquire();
    pool.lastUsedAtMs = nowMs;
    return pool.acquire();
  }

  /** The wall clock's time, in epoch ms. Unlike timers, the wall clock goes on while the function is frozen. */
  nowMs(): number {
    return this.#options.clock.nowMs();
  }

  /** Replaces a pool in which a socket was dead, because its other sockets may be dead too. */
  discard(pool: ConnectionPool): void {
    if (this.#pools.get(pool.key) === pool) this.#replace(pool);
  }

  /** Resolves when every exchange under way has ended, and every connection is closed. */
  async close(): Promise<void> {
    for (const pool of this.#pools.values()) this.#retire(pool);
    await Promise.all(this.#closing);
  }

  #replace(pool: ConnectionPool): ConnectionPool {
    this.#retire(pool);
    const { key, origin, target, connector } = pool;
    return this.#keep(new ConnectionPool(key, origin, target, connector, this.#nowMs));
  }

  #open(key: string, origin: string, transport: Transport): ConnectionPool {
    const connector = createConnector(origin, transport, this.#options);
    return this.#keep(new ConnectionPool(key, origin, targetOf(origin), connector, this.#nowMs));
  }

  #keep(pool: ConnectionPool): ConnectionPool {
    while (this.#pools.size >= this.#options.maximumPools) this.#retireLeastRecentlyUsed();
    this.#pools.set(pool.key, pool);
    return pool;
  }

  /** Takes a pool out of use. Its exchanges end normally, and then its connections are closed. */
  #retire(pool: ConnectionPool): void {
    this.#pools.delete(pool.key);
    const closed = pool.retire().then(() => {
      this.#closing.delete(closed);
    });
    this.#closing.add(closed);
  }

  #retireLeastRecentlyUsed(): void {
    let oldest: ConnectionPool | undefined;
    for (const pool of this.#pools.values()) {
      if (oldest === undefined || pool.lastUsedAtMs < oldest.lastUsedAtMs) oldest = pool;
    }
    if (oldest !== undefined) this.#retire(oldest);
  }
}
