import type { ConnectionOptions } from 'node:tls';
import type { AddressAllowlist } from '../../core/address/address.ts';
import type { Transport } from '../../core/destination/delivery-policy.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HttpClient } from '../../ports/delivery.ts';
import type { RefusedAddress } from '../../ports/metrics.ts';
import type { ResolveName } from '../dns/names.ts';

export interface HttpClientOptions {
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

type ClosableHttpClient = HttpClient & { close(): Promise<void> };

/** The client's code is loaded when there is something to send, because a cold start does not need it. */
export function createHttpClient(options: HttpClientOptions = {}): ClosableHttpClient {
  let loading: Promise<ClosableHttpClient> | undefined;
  let loaded: ClosableHttpClient | undefined;

  async function load(): Promise<ClosableHttpClient> {
    const { PooledHttpClient } = await import('./pooled-client.ts');
    loaded = new PooledHttpClient(options);
    return loaded;
  }

  return {
    send(request, exchange) {
      if (loaded !== undefined) return loaded.send(request, exchange);
      loading ??= load();
      return loading.then((client) => client.send(request, exchange));
    },
    async close() {
      await (await loading)?.close();
    },
  };
}
