import type { ApiDestination } from './api-destination.ts';
import type { ConnectionPolicy } from './connection.ts';

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

/** A host that is not allowed, and the member that names it. */
export interface ForbiddenHost {
  readonly parameter: 'InvocationEndpoint' | 'ServerName' | 'ProxyUrl';
  readonly host: string;
}

/**
 * Where a connection's credentials would go although its policy does not allow it; undefined when nowhere.
 *
 * The name that the endpoint's certificate must be for counts as well: through a proxy of its own choice, whoever may set it
 * could have somebody else answer. So does the proxy itself where it could read what goes through it: with CA certificates
 * of the destination's own, or without TLS. The token endpoint is part of the connection itself, and is not looked at.
 *
 * Failure policy: an endpoint or a proxy whose host cannot be told is not allowed.
 */
export function forbiddenHost({ allowedHosts }: ConnectionPolicy = {}, course: Course): ForbiddenHost | undefined {
  if (allowedHosts === undefined) return undefined;
  return hostsThatAnswer(course).find(({ host }) => !allowedHosts.some((entry) => isHostOf(entry, host)));
}

function hostsThatAnswer({ invocationEndpoint, policy }: Course): readonly ForbiddenHost[] {
  const { serverName, proxyUrl, caCertificateSecretArn } = policy?.transport ?? {};
  const hosts: ForbiddenHost[] = [{ parameter: 'InvocationEndpoint', host: hostOf(invocationEndpoint) ?? '' }];
  if (serverName !== undefined) hosts.push({ parameter: 'ServerName', host: serverName });
  const isReadable = caCertificateSecretArn !== undefined || URL.parse(invocationEndpoint)?.protocol !== 'https:';
  if (proxyUrl !== undefined && isReadable) hosts.push({ parameter: 'ProxyUrl', host: hostOf(proxyUrl) ?? '' });
  return hosts;
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
