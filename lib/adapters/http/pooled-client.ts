import { publicOnly } from '../../core/address/address.ts';
import type { HttpRequest } from '../../core/delivery/delivery.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { HttpClient, HttpExchange, HttpResult } from '../../ports/delivery.ts';
import { systemClock } from '../system-clock.ts';
import { createNames } from '../dns/names.ts';
import type { HttpClientOptions } from './client.ts';
import { Exchange } from './exchange.ts';
import { ConnectionPools } from './pools.ts';

/** HTTP/1.1. Connections are kept between requests. address-guard.ts checks the addresses. */
export class PooledHttpClient implements HttpClient {
  readonly #pools: ConnectionPools;
  /** The exchanges of one signal share one abort listener, because a listener costs as much as a timer. */
  readonly #exchangesBySignal = new WeakMap<AbortSignal, Set<Exchange>>();

  constructor(options: HttpClientOptions = {}) {
    const { clock = systemClock } = options;
    this.#pools = new ConnectionPools({
      clock,
      resolveName: options.resolveName ?? createNames({ clock }),
      maximumPools: options.maximumPools ?? 100,
      connectOptions: options.connectOptions ?? (() => ({})),
      guard: { allowlist: options.allowlist ?? publicOnly, onRefusal: options.onRefusal ?? (() => undefined) },
    });
  }

  send(request: HttpRequest, exchange: HttpExchange): Promise<HttpResult> {
    const { signal } = exchange;
    if (signal.aborted) {
      const message = `The invocation ended before a request was sent to ${request.origin}.`;
      return Promise.reject(new Failure('OutOfTime', message, { cause: signal.reason }));
    }
    const companions = this.#exchangesBySignal.get(signal) ?? this.#watch(signal);
    return new Promise((resolve, reject) => {
      new Exchange(this.#pools, request, exchange, companions, resolve, reject).start();
    });
  }

  /** Resolves when the exchanges under way have ended and every connection is closed. */
  close(): Promise<void> {
    return this.#pools.close();
  }

  #watch(signal: AbortSignal): Set<Exchange> {
    const exchanges = new Set<Exchange>();
    this.#exchangesBySignal.set(signal, exchanges);
    signal.addEventListener('abort', () => {
      for (const exchange of exchanges) exchange.runOutOfTime();
    });
    return exchanges;
  }
}
