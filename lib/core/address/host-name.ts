const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const dnsName = new RegExp(`^${label}(?:\\.${label}){0,126}$`);

/**
 * A host in the form that URLs use: lower case, names beyond ASCII in Punycode, an IPv6 address in brackets and in its
 * shortest form.
 *
 * @returns undefined when the text is not a host, for example with a port, a final dot or an asterisk
 */
export function parseHost(text: string): string | undefined {
  if (/[\s/?#@\\%*]/.test(text) || text.endsWith('.') || text.length > 253) return undefined;
  if (text.includes(':') && !(text.startsWith('[') && text.endsWith(']'))) return undefined;
  const host = URL.parse(`https://${text}/`)?.hostname ?? '';
  return host.startsWith('[') || dnsName.test(host) ? host : undefined;
}

/**
 * Whether a host from `parseHost` is an address. Source: the WHATWG URL standard. A host whose last label has only digits is
 * an address.
 */
export function isAddress(host: string): boolean {
  return host.startsWith('[') || /(?:^|\.)[0-9]+$/.test(host);
}

/**
 * Reads an entry of a connection's allowed hosts: a host, or `*.` followed by a name of at least two labels.
 *
 * @returns undefined when it is neither
 */
export function parseAllowedHost(text: string): string | undefined {
  if (!text.startsWith('*.')) return parseHost(text);
  const parent = parseHost(text.slice(2));
  if (parent === undefined || isAddress(parent) || !parent.includes('.')) return undefined;
  return `*.${parent}`;
}

/**
 * User name and password of a URL: the text between its scheme and the last @ before the path. The WHATWG URL standard allows
 * any number of slashes and backslashes before the user name, or none. Line breaks and tabs may stand between the slashes.
 */
const userinfo = /^([^:]*:[\\/\s]*)(?![\\/\s])[^\\/?#]*@/;

export function hasUserinfo(url: string): boolean {
  return userinfo.test(url);
}

/** The URL without its user name and password, so that it may be shown. */
export function maskUserinfo(url: string): string {
  return url.replace(userinfo, '$1***@');
}
