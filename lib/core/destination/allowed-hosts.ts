import type { ApiDestination } from './api-destination.ts';
import type { ConnectionPolicy } from './connection.ts';

/**
 * Whether an entry of a connection's allowed hosts matches a host. Both are in the form that URLs use. As in certificates, `*`
 * stands for exactly one label. An entry matches all ports of a host. Source: RFC 9525, section 6.3.
 */
export function isHostOf(entry: string, host: string): boolean {
  if (!entry.startsWith('*.')) return entry === host;
  const firstDot = host.indexOf('.');
  return firstDot > 0 && host.slice(firstDot) === entry.slice(1);
}

/** The members of an API destination that decide where its requests go. */
export type Course = Pick<ApiDestination, 'invocationEndpoint' | 'policy'>;

/** A host that is not allowed, and the member that names it. */
export interface ForbiddenHost {
  readonly parameter: 'InvocationEndpoint' | 'ServerName' | 'ProxyUrl';
  readonly host: string;
}

/**
 * The first host that would get the connection's credentials although the connection's policy does not allow it; undefined
 * when there is none.
 *
 * The server name is checked too, because anybody who may edit the destination could use it together with a proxy to choose
 * which host answers. The proxy is checked when it could read the requests: if the destination has its own CA certificates, or
 * does not use TLS. The token endpoint belongs to the connection itself and is not checked.
 *
 * Failure policy: an endpoint or a proxy whose host cannot be parsed is not allowed.
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

/** @returns undefined when the text is not a URL */
export function hostOf(endpoint: string): string | undefined {
  return URL.parse(endpoint)?.hostname;
}

/**
 * Hosts that are allowed now and were not before: `any` when only the new policy allows every host, undefined when no host was
 * added.
 */
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
