import type { ConnectTarget } from './connect.ts';
import type { Connector } from './connector.ts';
import { type ConnectionOwner, HttpConnection } from './http-connection.ts';

/**
 * A kept-alive socket that was idle for longer than this is not used again. Many servers and load balancers close it after 5
 * s, and a frozen function does not notice that.
 */
export const idleLimitMs = 4000;
/**
 * The most sockets to one origin. In practice, the sockets of `maximumPools` pools stay well below a function's 1,024 file
 * descriptors.
 */
const maximumSockets = 128;

/** An exchange that needs a connection. */
export interface Waiting {
  /** Whether the exchange still needs a connection. */
  readonly isWaiting: boolean;
  /** @returns false when the exchange does not need the connection */
  begin(connection: HttpConnection): boolean;
  /** No connection could be made for the exchange. */
  fail(error: Error): void;
}

/** The connections to one origin with one transport. */
export class ConnectionPool implements ConnectionOwner {
  readonly key: string;
  readonly origin: string;
  /** Kept for the pool that replaces this one, so that TLS sessions are reused. */
  readonly connector: Connector;
  readonly target: ConnectTarget;
  lastUsedAtMs: number;
  readonly #nowMs: () => number;
  /** Exchanges in progress, including those that wait for a connection. */
  #exchanges = 0;
  readonly #connections = new Set<HttpConnection>();
  /** Connections that are being made. */
  #connecting = 0;
  /** Connections that no exchange uses. The one that was used last is at the end. */
  readonly #idle: HttpConnection[] = [];
  #starts: { readonly connection: HttpConnection; readonly exchange: Waiting }[] = [];
  readonly #waiting: Waiting[] = [];
  #sweep: NodeJS.Timeout | undefined;
  #whenUnused: (() => void) | undefined;
  #isEnded = false;

  constructor(key: string, origin: string, target: ConnectTarget, connector: Connector, nowMs: () => number) {
    this.key = key;
    this.origin = origin;
    this.target = target;
    this.connector = connector;
    this.#nowMs = nowMs;
    this.lastUsedAtMs = nowMs();
  }

  /** Every call must be followed by one of `release`. */
  acquire(): this {
    this.#exchanges += 1;
    return this;
  }

  release(): void {
    this.lastUsedAtMs = this.#nowMs();
    this.#exchanges -= 1;
    if (this.#exchanges === 0 && this.#whenUnused !== undefined) this.#end(this.#whenUnused);
  }

  /** Begins the exchange as soon as there is a connection for it. An exchange that waits holds no socket. */
  enter(exchange: Waiting): void {
    const connection = this.#takeIdle();
    if (connection !== undefined) this.#startSoon(connection, exchange);
    else if (this.#connections.size + this.#connecting < maximumSockets) this.#open(exchange);
    else this.#waiting.push(exchange);
  }

  /** Takes no new exchanges, and closes all connections when the last exchange has ended. Resolves when they are closed. */
  retire(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenUnused = resolve;
      if (this.#exchanges === 0) this.#end(resolve);
    });
  }

  freed(connection: HttpConnection): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (next.begin(connection)) return;
    }
    connection.idleSinceMs = this.#nowMs();
    this.#idle.push(connection);
    this.#sweep ??= setTimeout(sweepOf, idleLimitMs, this).unref();
  }

  gone(connection: HttpConnection): void {
    this.#connections.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
    this.#openForWaiting();
  }

  /** Closes the connections that have been idle for too long. */
  sweep(): void {
    this.#sweep = undefined;
    const nowMs = this.#nowMs();
    for (const connection of this.#idle.filter((each) => !isUsable(each, nowMs))) connection.close();
    if (this.#idle.length > 0) this.#sweep = setTimeout(sweepOf, idleLimitMs, this).unref();
  }

  #takeIdle(): HttpConnection | undefined {
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (isUsable(connection, this.#nowMs())) return connection;
      connection.close();
    }
    return undefined;
  }

  /**
   * Before an idle connection is used, the event loop delivers what has arrived on it: its end, or bytes that nobody has asked
   * for, such as the 408 that some servers send before they close an idle connection.
   */
  #startSoon(connection: HttpConnection, exchange: Waiting): void {
    this.#starts.push({ connection, exchange });
    if (this.#starts.length === 1) setImmediate(startAllOf, this);
  }

  startAll(): void {
    const starts = this.#starts;
    this.#starts = [];
    for (const { connection, exchange } of starts) {
      if (connection.isClosed) this.enter(exchange);
      else if (!exchange.begin(connection)) this.freed(connection);
    }
  }

  #open(exchange: Waiting): void {
    this.#connecting += 1;
    this.connector.connect(this.target, (error, socket) => {
      this.#connecting -= 1;
      if (error !== null) {
        exchange.fail(error);
        this.#openForWaiting();
      } else if (this.#isEnded) socket.destroy();
      else {
        const connection = new HttpConnection(socket, this);
        this.#connections.add(connection);
        if (!exchange.begin(connection)) this.freed(connection);
      }
    });
  }

  #openForWaiting(): void {
    while (this.#connections.size + this.#connecting < maximumSockets) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      if (next.isWaiting) this.#open(next);
    }
  }

  /** Does not wait for connections that are still being made, because nobody needs them. */
  #end(closed: () => void): void {
    this.#isEnded = true;
    clearTimeout(this.#sweep);
    // Not within a callback of a connection, which may still use it.
    setImmediate(() => {
      void Promise.all([...this.#connections].map((connection) => connection.closed())).then(closed);
    });
  }
}

function startAllOf(pool: ConnectionPool): void {
  pool.startAll();
}

function sweepOf(pool: ConnectionPool): void {
  pool.sweep();
}

/** The idle time is wall-clock time, because timers stop while a function is frozen. It may be negative after a correction. */
function isUsable({ idleSinceMs, idleLimitMs: serverLimitMs }: HttpConnection, nowMs: number): boolean {
  return Math.abs(nowMs - idleSinceMs) <= Math.min(idleLimitMs, serverLimitMs);
}
