import { lookup as lookUp, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { buildConnector } from 'undici';
import {
  type AddressAllowlist,
  isLoopbackAddress,
  isLoopbackHost,
  literalOf,
  refusedAddress,
  refusedHost,
} from '../../core/address/address.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { RefusedAddress } from '../../ports/metrics.ts';

export interface AddressGuard {
  /** Addresses that may be called though they are not public. */
  readonly allowlist: AddressAllowlist;
  readonly onRefusal: (refused: RefusedAddress) => void;
  /** Whether only loopback may be called, because the connections have no TLS. */
  readonly loopbackOnly: boolean;
  /** Whether a proxy resolves the names, so that their addresses are not known here. Default false. */
  readonly resolvedElsewhere?: boolean;
}

/** The reason for refusing a public address without TLS. */
const withoutTls = 'http is allowed only for loopback addresses';

/**
 * A connector that refuses addresses which may not be called. It checks hosts that are addresses, because Node calls no
 * `lookup` for them. `guardLookup` checks the other hosts, unless a proxy resolves them. Open connections are not checked again.
 */
export function guardConnector(guard: AddressGuard, connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    const { hostname } = options;
    const literal = literalOf(hostname);
    const reason =
      refusedHost(hostname, guard.allowlist) ??
      (literal === undefined ? refusedName(guard, hostname) : refusedScheme(guard, literal));
    if (reason === undefined) connect(options, callback);
    else callback(refuse(guard, { host: hostname, reason }), null);
  };
}

/**
 * A `lookup` for Node's sockets that checks each answer. The socket connects to the checked address, because the name is not
 * resolved a second time.
 *
 * Failure policy: one refused address among several refuses the connection. A name with both a public and a private address is
 * either a mistake or an attack, and it is not predictable which address a socket takes.
 *
 * @param lookup default: the system's, which knows /etc/hosts too
 */
export function guardLookup(guard: AddressGuard, lookup: LookupFunction = lookUp): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, answer) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const found = answer as readonly LookupAddress[];
      const [first] = found;
      const refusal = firstRefused(guard, hostname, found);
      if (refusal !== undefined) callback(refuse(guard, refusal), []);
      else if (first === undefined) callback(Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), []);
      else if (options.all === true) callback(null, [...found]);
      else callback(null, first.address, first.family);
    });
  };
}

function firstRefused(guard: AddressGuard, host: string, found: readonly LookupAddress[]): RefusedAddress | undefined {
  for (const { address } of found) {
    const reason = refusedAddress(address, guard.allowlist) ?? refusedScheme(guard, address);
    if (reason !== undefined) return { host, address, reason };
  }
  return undefined;
}

function refusedName({ loopbackOnly, resolvedElsewhere = false }: AddressGuard, name: string): string | undefined {
  return resolvedElsewhere && loopbackOnly && !isLoopbackHost(name) ? withoutTls : undefined;
}

function refusedScheme({ loopbackOnly }: AddressGuard, address: string): string | undefined {
  return loopbackOnly && !isLoopbackAddress(address) ? withoutTls : undefined;
}

/** The message does not show the address, because users of the control API must not learn how internal names resolve. */
function refuse({ onRefusal }: AddressGuard, refused: RefusedAddress): Failure {
  onRefusal(refused);
  return new Failure('AddressRefused', `The address of ${refused.host} may not be called: ${refused.reason}.`);
}
