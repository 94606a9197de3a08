import type { HttpRequest } from '../../core/delivery/delivery.ts';
import { Failure } from '../../core/failure/failure.ts';
import { isHeaderName, isHeaderValue } from '../../core/request/header-rules.ts';

/** A request as it is written to a socket. */
export interface RequestText {
  /** Request line and headers with the empty line after them, in Latin-1. */
  readonly head: string;
  /** Empty when there is no body. */
  readonly body: string;
  /** Length of the body in UTF-8. */
  readonly bodyBytes: number;
}

/** Everything but the printable characters of Latin-1. */
const unsafeInPath = /[^\x21-\x7e\x80-\xff]/;

/** Headers that only the connection sets; names in lower case. */
const ownHeaders: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'upgrade',
  'expect',
  'te',
  'trailer',
]);

/** Names of headers that are allowed. Requests have few different names, so each name is checked once. */
const allowedNames = new Set<string>();
/** Bounds the memory, because the author of a rule chooses some of the names. */
const maximumAllowedNames = 1000;

/**
 * Failure policy: a request that HTTP does not allow (a line break in a header, a header that only the connection may set) is a
 * permanent failure: it is not sent, and would be refused again.
 *
 * @throws Failure InvalidInvocation that shows no value
 */
export function requestText({ method, origin, path, headers, body = '' }: HttpRequest): RequestText {
  if (!path.startsWith('/') || unsafeInPath.test(path)) throw notAllowed('a path');
  const host = origin.slice(origin.indexOf('//') + 2);
  const connection = method === 'HEAD' ? 'close' : 'keep-alive';
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: ${connection}\r\n`;
  for (const name in headers) {
    const value = headers[name] ?? '';
    if (!isAllowedName(name) || !isHeaderValue(value)) throw notAllowed('a header or a value');
    head += `${name}: ${value}\r\n`;
  }
  const bodyBytes = Buffer.byteLength(body);
  const hasLength = bodyBytes > 0 || method === 'POST' || method === 'PUT' || method === 'PATCH';
  return { head: hasLength ? `${head}content-length: ${bodyBytes}\r\n\r\n` : `${head}\r\n`, body, bodyBytes };
}

function isAllowedName(name: string): boolean {
  if (allowedNames.has(name)) return true;
  if (!isHeaderName(name) || ownHeaders.has(name.toLowerCase())) return false;
  if (allowedNames.size < maximumAllowedNames) allowedNames.add(name);
  return true;
}

function notAllowed(what: string): Failure {
  return new Failure('InvalidInvocation', `The request contains ${what} that HTTP does not allow.`);
}
