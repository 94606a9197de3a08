import type { ServiceError } from '../core/service-error.ts';
import { hasUserinfo, maskUserinfo } from '../core/userinfo.ts';
import type { Kind, Verb } from './refusals.ts';
import { invalidParameter } from './refusals.ts';

/** Scheme, two slashes and a host: what URL parsers forgive otherwise is refused. */
const absolute = /^(https?):\/\/[^/?#\\]/i;

/**
 * The second stage of validation: what the pattern of an endpoint cannot say. A `*` is a wildcard in path and query; in
 * the host an event would choose who receives it.
 *
 * @param allowLoopbackHttp whether `http://` serves for a loopback host
 */
export function isInvocableEndpoint(text: string, allowLoopbackHttp: boolean): boolean {
  const [, scheme] = absolute.exec(text) ?? [];
  if (scheme === undefined || /[\s\\#]/.test(text) || hasUserinfo(text)) return false;
  const url = URL.parse(text);
  if (url === null || url.host.includes('*') || !hasGoodPort(text, url)) return false;
  return url.protocol === 'https:' || (allowLoopbackHttp && isLoopback(url.hostname));
}

/** Port 0 is nobody's, and a colon without a port is a mistake that URL parsers pass over. */
function hasGoodPort(text: string, url: URL): boolean {
  const authority = text.slice(text.indexOf('://') + 3).split(/[/?]/)[0] ?? '';
  return url.port !== '0' && !authority.endsWith(':');
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || /^127(\.\d+){3}$/.test(hostname);
}

/** Source of the text: recorded answers of the service. A user name or password in the URL is not repeated. */
export function invalidEndpoint(verb: Verb, kind: Kind, parameter: string, endpoint: string): ServiceError {
  const reason = `Endpoint '${maskUserinfo(endpoint)}' is invalid, please provide a valid HTTPS endpoint URL.`;
  return invalidParameter(verb, kind, parameter, reason);
}
