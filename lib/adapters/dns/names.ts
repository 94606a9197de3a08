import { isIP } from 'node:net';
import { isLoopbackHost } from '../../core/address/address.ts';
import { Failure } from '../../core/failure/failure.ts';
import { BoundedMap } from '../../core/input/bounded-map.ts';
import type { Clock } from '../../ports/clock.ts';
import { createHostsFile } from './hosts-file.ts';
import { askNameServers, failureKeepMs } from './name-servers.ts';

/**
 * Returns all addresses of a host, at least one. If the host is an address, it returns that address.
 *
 * @throws Failure DnsFailed when there is none
 */
export type ResolveName = (host: string) => Promise<readonly string[]>;

export interface NamesOptions {
  readonly clock: Clock;
  /** Address and port of the name servers. Default: those of the system. */
  readonly servers?: readonly string[];
  /** Path of the hosts file. Default: that of the system. */
  readonly hostsFile?: string;
}

/** The most names whose addresses or failures are kept. A worker calls hundreds of endpoints at most. */
const maximumKept = 1000;

/** Source: RFC 6761 section 6.3: a resolver answers these names itself. */
const localhostAddresses = ['::1', '127.0.0.1'];

interface KeptAnswer {
  readonly addresses: readonly string[] | Failure;
  readonly answeredAtMs: number;
  readonly keepMs: number;
}

/**
 * Finds the addresses of endpoints: first in the hosts file, then among the kept answers, then at the name servers. Only one
 * look-up at a time runs for a name, and all requests that need the name wait for it. A slow look-up does not delay other names.
 *
 * An answer is kept for its time to live, 60 seconds at most, and a failure for 5 seconds.
 */
export function createNames({ clock, servers, hostsFile }: NamesOptions): ResolveName {
  const addressesInHostsFile = createHostsFile(clock, hostsFile);
  const kept = new BoundedMap<string, KeptAnswer>(maximumKept);
  const underWay = new Map<string, Promise<readonly string[]>>();

  async function lookUp(name: string): Promise<readonly string[]> {
    try {
      const { addresses, keepMs } = await askNameServers(name, clock, servers);
      kept.set(name, { addresses, keepMs, answeredAtMs: clock.nowMs() });
      return addresses;
    } catch (error) {
      if (error instanceof Failure) {
        kept.set(name, { addresses: error, keepMs: failureKeepMs, answeredAtMs: clock.nowMs() });
      }
      throw error;
    } finally {
      underWay.delete(name);
    }
  }

  function start(name: string): Promise<readonly string[]> {
    const addresses = lookUp(name);
    underWay.set(name, addresses);
    return addresses;
  }

  return async (host) => {
    const name = host.toLowerCase().replace(/\.$/, '');
    if (isIP(name) !== 0) return [name];
    const local = addressesInHostsFile(name) ?? (isLoopbackHost(name) ? localhostAddresses : undefined);
    if (local !== undefined) return local;
    const known = kept.get(name);
    if (known === undefined || !isFresh(known, clock.nowMs())) return underWay.get(name) ?? start(name);
    if (known.addresses instanceof Failure) throw known.addresses;
    return known.addresses;
  };
}

/** If the time of an answer is in the future, the clock has been set back. Such an answer is not used. */
function isFresh({ answeredAtMs, keepMs }: KeptAnswer, nowMs: number): boolean {
  const ageMs = nowMs - answeredAtMs;
  return ageMs >= 0 && ageMs < keepMs;
}
