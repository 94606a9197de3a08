import { isIP } from 'node:net';
import { Refusal } from './wire.ts';

/** The parts of a request that show who has sent it. */
export interface RequestHead {
  readonly method: string;
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Refuses the requests that a web page of another site has made. Any page that is open in a browser on this machine can send
 * requests to the stack. Without this check, it could run functions, and have the credentials of connections sent to itself.
 *
 * A browser names the page's site in `Origin` or `Sec-Fetch-Site`. No AWS client sends either. The owner of a page can also
 * make a name of the page's own domain resolve to this machine (DNS rebinding). The browser then takes the stack for the page's
 * own site. Therefore the Host header must not contain a name that somebody else can have. Source: Fetch standard, section
 * "Origin header"; W3C recommendation "Fetch Metadata Request Headers".
 *
 * @param listenHost the host that the stack listens on
 * @throws Refusal AccessDeniedException that names the header and the way out
 */
export function refuseWebPages(head: RequestHead, listenHost: string): void {
  const { host = '', origin, 'sec-fetch-site': site = 'none' } = head.headers;
  const name = nameIn(host);
  if (name !== 'localhost' && name !== listenHost.toLowerCase() && isIP(name) === 0) {
    throw denied(
      `The Host header of the request is ${quoted(host)}. Call the stack by its address or as localhost, ` +
        'or start it with --host and this name.',
    );
  }
  if (origin !== undefined && origin !== `http://${host}`)
    throw denied(`A web page of ${quoted(origin)} must not call the local stack. Remove the header Origin.`);
  if (site !== 'same-origin' && site !== 'none')
    throw denied('A web page of another site must not call the local stack. Remove the header Sec-Fetch-Site.');
  if (isUnmarkedCall(head, name))
    throw denied(
      'At this address, a GET request with an Action needs the header Authorization. Use POST, or sign the request.',
    );
}

/**
 * Whether a page may have made this request although it has neither `Origin` nor `Sec-Fetch-Site`. Browsers send no `Origin` with
 * GET, and `Sec-Fetch-Site` only to addresses that they trust, such as loopback. SQS performs operations by GET.
 */
function isUnmarkedCall({ method, query, headers }: RequestHead, name: string): boolean {
  const isTrusted = name === 'localhost' || name === '::1' || name.startsWith('127.');
  const isMarked = isTrusted || headers['authorization'] !== undefined;
  return !isMarked && method !== 'POST' && new URLSearchParams(query).has('Action');
}

/** The host without its port and without the brackets of an IPv6 address. */
function nameIn(host: string): string {
  const name = host.replace(/:[0-9]{1,5}$/, '').toLowerCase();
  return name.replace(/^\[(.*)\]$/, '$1');
}

function denied(message: string): Refusal {
  return new Refusal('AccessDeniedException', message, 403);
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
