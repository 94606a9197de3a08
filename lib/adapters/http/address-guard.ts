import type { buildConnector } from 'undici';
import {
  type AddressAllowlist,
  isLoopbackAddress,
  isLoopbackHost,
  literalOf,
  refusedAddress,
  refusedHost,
  wayToAllow,
} from '../../core/address/address.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { RefusedAddress } from '../../ports/metrics.ts';
import type { ResolveName } from '../dns/names.ts';

export interface AddressGuard {
  /** Addresses that may be called although they are not public. */
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
 * Returns a connector that refuses forbidden hosts before it looks up a name. `guardAddresses` checks the addresses of names,
 * unless a proxy resolves them. Open connections are not checked again.
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
 * Finds the addresses of a host and checks each of them. A connection goes to one of these addresses, because the name is not
 * resolved a second time.
 *
 * Failure policy: one refused address among several refuses the connection. A name with both a public and a private address is
 * either a mistake or an attack, and it is not predictable which address is connected to.
 */
export function guardAddresses(guard: AddressGuard, resolve: ResolveName): ResolveName {
  return async (host) => {
    const addresses = await resolve(host);
    const refusal = firstRefused(guard, host, addresses);
    if (refusal !== undefined) throw refuse(guard, refusal);
    return addresses;
  };
}

function firstRefused(guard: AddressGuard, host: string, found: readonly string[]): RefusedAddress | undefined {
  for (const address of found) {
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
  const way = refused.reason === withoutTls ? 'Use https.' : wayToAllow(refused.reason);
  const text = `The address of ${refused.host} may not be called: ${refused.reason}.`;
  return new Failure('AddressRefused', way === undefined ? text : `${text} ${way}`);
}
