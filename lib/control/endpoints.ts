import { type AddressAllowlist, isLoopbackHost, refusedHost } from '../core/address.ts';
import type { ServiceError } from '../core/service-error.ts';
import { hasUserinfo, maskUserinfo } from '../core/userinfo.ts';
import type { Kind, Verb } from './refusals.ts';
import { invalidParameter } from './refusals.ts';

/** Scheme, two slashes and a host: what URL parsers forgive otherwise is refused. */
const absolute = /^(https?):\/\/[^/?#\\]/i;

/**
 * The second stage of validation: what the pattern of an endpoint cannot say. What is an address already is judged as it
 * is at every connection; a name is resolved then, not here.
 *
 * @throws ServiceError ValidationException that names the parameter
 */
export function requireInvocableEndpoint(
  verb: Verb,
  kind: Kind,
  parameter: string,
  endpoint: string,
  allowlist: AddressAllowlist,
): void {
  if (!isInvocableEndpoint(endpoint, allowlist)) throw invalidEndpoint(verb, kind, parameter, endpoint);
  const refused = refusedHost(URL.parse(endpoint)?.hostname ?? '', allowlist);
  if (refused === undefined) return;
  const reason = `Endpoint '${maskUserinfo(endpoint)}' has an address that may not be called: ${refused}.`;
  throw invalidParameter(verb, kind, parameter, reason);
}

/**
 * A `*` is a wildcard in path and query; in the host an event would choose who receives it. `http://` serves for a loopback
 * host that the allowlist opens.
 */
export function isInvocableEndpoint(text: string, allowlist: AddressAllowlist): boolean {
  const [, scheme] = absolute.exec(text) ?? [];
  if (scheme === undefined || /[\s\\#]/.test(text) || hasUserinfo(text)) return false;
  const url = URL.parse(text);
  if (url === null || url.host.includes('*') || !hasGoodPort(text, url)) return false;
  if (url.protocol === 'https:') return true;
  return isLoopbackHost(url.hostname) && refusedHost(url.hostname, allowlist) === undefined;
}

/** Port 0 is nobody's, and a colon without a port is a mistake that URL parsers pass over. */
function hasGoodPort(text: string, url: URL): boolean {
  const authority = text.slice(text.indexOf('://') + 3).split(/[/?]/)[0] ?? '';
  return url.port !== '0' && !authority.endsWith(':');
}

/** Source of the text: recorded answers of the service. A user name or password in the URL is not repeated. */
export function invalidEndpoint(verb: Verb, kind: Kind, parameter: string, endpoint: string): ServiceError {
  const reason = `Endpoint '${maskUserinfo(endpoint)}' is invalid, please provide a valid HTTPS endpoint URL.`;
  return invalidParameter(verb, kind, parameter, reason);
}
