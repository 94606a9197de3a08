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
  /** Whether connections may be made to loopback only: those without TLS. */
  readonly loopbackOnly: boolean;
  /** Whether somebody else resolves the names, so that nothing else will be known of them. Default false. */
  readonly resolvedElsewhere?: boolean;
}

/** Said of a public address that is called without TLS. */
const withoutTls = 'http to an address that is not loopback';

/**
 * The connector of a pool, kept from addresses that may not be called. It judges the hosts that are addresses already, for
 * which nobody calls a `lookup`; `guardLookup` judges the others, unless somebody else resolves them. Requests on a connection
 * that stands pay nothing.
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
 * A `lookup` for Node's sockets that judges each answer, so that the address which is judged is the one that the socket
 * connects to: nobody resolves the name a second time.
 *
 * Failure policy: one refused address among several refuses the connection. A name that also leads inside is either a
 * mistake or an attack, and which address a socket would take is a matter of chance.
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

/** The message has no address: those who may make a connection read it, and may not learn what a name inside resolves to. */
function refuse({ onRefusal }: AddressGuard, refused: RefusedAddress): Failure {
  onRefusal(refused);
  return new Failure('AddressRefused', `The address of ${refused.host} may not be called: ${refused.reason}.`);
}
