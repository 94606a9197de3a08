import type { ApiDestination } from './api-destination.ts';
import type { ConnectionPolicy } from './connection-policy.ts';

/**
 * Whether an entry of a connection's allowed hosts is for a host; both as URLs write them. As in certificates, `*` stands for
 * exactly one label, and a host is meant with all its ports. Source: RFC 9525, section 6.3.
 */
export function isHostOf(entry: string, host: string): boolean {
  if (!entry.startsWith('*.')) return entry === host;
  const firstDot = host.indexOf('.');
  return firstDot > 0 && host.slice(firstDot) === entry.slice(1);
}

/** What of an API destination decides where its requests arrive. */
export type Course = Pick<ApiDestination, 'invocationEndpoint' | 'policy'>;

/**
 * The host that a connection's credentials would go to although its policy does not allow it; undefined when there is none.
 *
 * The name that the endpoint's certificate must be for counts as well: through a proxy of its own choice, whoever may set it
 * could have somebody else answer. The token endpoint is part of the connection itself, and is not looked at.
 *
 * Failure policy: an endpoint whose host cannot be told is not allowed.
 */
export function forbiddenHost(
  { allowedHosts }: ConnectionPolicy = {},
  { invocationEndpoint, policy }: Course,
): string | undefined {
  if (allowedHosts === undefined) return undefined;
  const hosts = [hostOf(invocationEndpoint) ?? '', policy?.transport?.serverName];
  return hosts.find((host) => host !== undefined && !allowedHosts.some((entry) => isHostOf(entry, host)));
}

/** @returns undefined when it is no URL */
export function hostOf(endpoint: string): string | undefined {
  return URL.parse(endpoint)?.hostname;
}

/** Hosts that credentials may go to now and could not before: `any` when the last limit is gone, undefined when none is. */
export function loosenedHosts(
  before: ConnectionPolicy = {},
  after: ConnectionPolicy = {},
): readonly string[] | 'any' | undefined {
  const former = before.allowedHosts;
  if (former === undefined) return undefined;
  if (after.allowedHosts === undefined) return 'any';
  const added = after.allowedHosts.filter(
    (entry) => !former.some((known) => known === entry || isHostOf(known, entry)),
  );
  return added.length === 0 ? undefined : added;
}
