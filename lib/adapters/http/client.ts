import type { ConnectionOptions } from 'node:tls';
import { type AddressAllowlist, publicOnly } from '../../core/address/address.ts';
import type { HttpRequest } from '../../core/delivery/delivery.ts';
import type { Transport } from '../../core/destination/delivery-policy.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RefusedAddress } from '../../ports/metrics.ts';
import type { HttpClient, HttpExchange, HttpResult } from '../../ports/delivery.ts';
import { systemClock } from '../system-clock.ts';
import { createNames, type ResolveName } from '../dns/names.ts';
import { UndiciExchange } from './exchange.ts';
import { UndiciPools } from './pools.ts';

export interface UndiciHttpClientOptions {
  /** Default: the system clock. */
  readonly clock?: Clock;
  /** Default: uses the system's hosts file and name servers. */
  readonly resolveName?: ResolveName;
  /** The most pools of connections. Each pair of an origin and a transport has its own pool. Default 100. */
  readonly maximumPools?: number;
  /** TLS options beside those of the transport itself, and the time limit of connecting. Default none. */
  readonly connectOptions?: (transport: Transport) => ConnectionOptions;
  /** Addresses that may be called although they are not public. Default none. */
  readonly allowlist?: AddressAllowlist;
  /** Called for every connection that is refused because of its address. Must not throw. */
  readonly onRefusal?: (refused: RefusedAddress) => void;
}

/** HTTP/1.1 with undici. Connections are kept between requests. address-guard.ts checks the addresses. */
class UndiciHttpClient implements HttpClient {
  readonly #pools: UndiciPools;
  /** The exchanges of one signal share one abort listener, because a listener costs as much as a timer. */
  readonly #exchangesBySignal = new WeakMap<AbortSignal, Set<UndiciExchange>>();

  constructor(options: UndiciHttpClientOptions = {}) {
    const { clock = systemClock } = options;
    this.#pools = new UndiciPools({
      clock,
      resolveName: options.resolveName ?? createNames({ clock }),
      maximumPools: options.maximumPools ?? 100,
      connectOptions: options.connectOptions ?? (() => ({})),
      guard: { allowlist: options.allowlist ?? publicOnly, onRefusal: options.onRefusal ?? (() => undefined) },
    });
  }

  send(request: HttpRequest, exchange: HttpExchange): Promise<HttpResult> {
    if (!this.#pools.loaded) return this.#pools.load().then(() => this.send(request, exchange));
    const { signal } = exchange;
    if (signal.aborted) {
      const message = `The invocation ended before a request was sent to ${request.origin}.`;
      return Promise.reject(new Failure('OutOfTime', message, { cause: signal.reason }));
    }
    const companions = this.#exchangesBySignal.get(signal) ?? this.#watch(signal);
    return new Promise((resolve, reject) => {
      new UndiciExchange(this.#pools, request, exchange, companions, resolve, reject).start();
    });
  }

  /** Resolves when the exchanges under way have ended and every connection is closed. */
  close(): Promise<void> {
    return this.#pools.close();
  }

  #watch(signal: AbortSignal): Set<UndiciExchange> {
    const exchanges = new Set<UndiciExchange>();
    this.#exchangesBySignal.set(signal, exchanges);
    signal.addEventListener('abort', () => {
      for (const exchange of exchanges) exchange.runOutOfTime();
    });
    return exchanges;
  }
}

export function createUndiciHttpClient(options: UndiciHttpClientOptions = {}): HttpClient & { close(): Promise<void> } {
  return new UndiciHttpClient(options);
}
