import type { HttpParameter, OAuthCredentials } from '../destination/connection-secret.ts';
import type { HttpRequest } from '../delivery/delivery.ts';
import { Failure } from '../failure/failure.ts';
import { isHeaderName, isHeaderValue } from '../request/header-rules.ts';

type Member = [name: string, value: string];

/** Headers that the HTTP client sets itself. A parameter that sets one of them would corrupt the request. */
const framingHeaders = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * The request for a token by client credentials. Source: RFC 6749 sections 2.3.1, 3.2 and 4.4.2. EventBridge does not document
 * where the connection's parameters go, so they follow these rules:
 *
 * - A header, query or body parameter, or the endpoint's own query, replaces a default of the same name. So no parameter is
 *   sent twice, which RFC 6749 forbids.
 * - POST and PUT send a form, or JSON with `Content-Type: application/json`. GET sends everything in the query.
 * - An `Authorization` header replaces client id and secret.
 *
 * @throws Failure InvalidSecret, naming the member, when no such request can be sent
 */
export function tokenRequest(credentials: OAuthCredentials, userAgent?: string): HttpRequest {
  const parameters = credentials.oauthHttpParameters ?? {};
  const endpoint = parseEndpoint(credentials.authorizationEndpoint);
  const query = members(parameters.queryStringParameters);
  const body = members(parameters.bodyParameters);
  const headers = requestHeaders(parameters.headerParameters ?? [], userAgent);

  const taken = new Set<string | undefined>([
    ...[...query, ...body].map(([name]) => name),
    ...endpoint.query.map(({ name }) => name),
  ]);
  const authorized = headers.has('authorization');
  const defaults: readonly Member[] = [
    ['grant_type', 'client_credentials'],
    ...(authorized ? [] : clientCredentials(credentials)),
  ];
  const sent = [...defaults.filter(([name]) => !taken.has(name)), ...body];

  const method = credentials.httpMethod;
  if (method === 'GET') {
    const queried = new Set(query.map(([name]) => name));
    const path = pathWithQuery(endpoint, [...sent.filter(([name]) => !queried.has(name)), ...query]);
    return { method, origin: endpoint.origin, path, headers: named(headers) };
  }
  const contentType = headers.get('content-type')?.[1];
  const form = contentType === undefined ? { 'Content-Type': 'application/x-www-form-urlencoded' } : undefined;
  return {
    method,
    origin: endpoint.origin,
    path: pathWithQuery(endpoint, query),
    headers: { ...named(headers), ...form },
    body: isJson(contentType) ? JSON.stringify(Object.fromEntries(sent)) : formOf(sent),
  };
}

interface Endpoint {
  readonly origin: string;
  readonly path: string;
  /** The endpoint's own query, each piece as it was written. */
  readonly query: readonly { readonly text: string; readonly name: string | undefined }[];
}

function parseEndpoint(text: string): Endpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new Failure('InvalidSecret', 'authorization_endpoint is not an HTTP URL.');
  }
  if (url.username !== '' || url.password !== '') {
    throw new Failure('InvalidSecret', 'authorization_endpoint must not contain a user name or a password.');
  }
  const pieces = url.search.slice(1).split('&');
  const query = pieces.map((piece) => ({ text: piece, name: nameIn(piece) }));
  return { origin: url.origin, path: url.pathname, query };
}

/** @returns undefined for a piece that is empty */
function nameIn(piece: string): string | undefined {
  // URLSearchParams drops the first question mark. A question mark that the piece itself contains belongs to the name.
  const [name] = new URLSearchParams(`?${piece}`).keys();
  return name;
}

function clientCredentials({ clientId, clientSecret }: OAuthCredentials): readonly Member[] {
  return [
    ['client_id', clientId],
    ['client_secret', clientSecret],
  ];
}

function members(parameters: readonly HttpParameter[] = []): readonly Member[] {
  return parameters.map(({ key, value }) => [key, value]);
}

/** Headers by name in lower case, with their original spelling. The last of equal names wins. */
function requestHeaders(parameters: readonly HttpParameter[], userAgent: string | undefined): Map<string, Member> {
  const headers = new Map<string, Member>([['accept', ['Accept', 'application/json']]]);
  if (userAgent !== undefined) headers.set('user-agent', ['User-Agent', userAgent]);
  for (const [index, { key, value }] of parameters.entries()) {
    if (!isHeaderName(key) || !isHeaderValue(value)) {
      const field = `oauth_http_parameters.header_parameters[${index}]`;
      throw new Failure('InvalidSecret', `${field} contains a character that is not allowed in a header.`);
    }
    if (!framingHeaders.has(key.toLowerCase())) headers.set(key.toLowerCase(), [key, value]);
  }
  return headers;
}

function named(headers: ReadonlyMap<string, Member>): Readonly<Record<string, string>> {
  return Object.fromEntries(headers.values());
}

function isJson(contentType: string | undefined): boolean {
  // Stryker disable next-line OptionalChaining: `split` always returns a first part.
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';
}

function pathWithQuery(endpoint: Endpoint, added: readonly Member[]): string {
  const replaced = new Set<string | undefined>(added.map(([name]) => name));
  const kept = endpoint.query.filter(({ name }) => !replaced.has(name)).map(({ text }) => text);
  // Every server decodes %20 as a space; some do not decode a plus sign.
  const query = [...kept, formOf(added).replaceAll('+', '%20')].filter((piece) => piece !== '').join('&');
  return query === '' ? endpoint.path : `${endpoint.path}?${query}`;
}

function formOf(sent: readonly Member[]): string {
  return new URLSearchParams([...sent]).toString();
}
