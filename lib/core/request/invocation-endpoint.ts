import { Failure } from '../failure/failure.ts';

/** An invocation endpoint, parsed once for many requests. */
export interface InvocationEndpoint {
  /** `https://host[:port]` */
  readonly origin: string;
  /** Path and query, cut at each `*`. */
  readonly pieces: readonly string[];
}

export type QueryParameter = readonly [key: string, value: string];

/**
 * Failure policy: a `*` in the host is refused, because an event must not choose its receiver. User name, password and fragment
 * are refused, because they would be dropped silently.
 *
 * @throws Failure InvalidInvocation that shows no part of the URL
 */
export function compileInvocationEndpoint(text: string): InvocationEndpoint {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) throw invalid('is not a valid URL');
  if (url.username !== '' || url.password !== '') throw invalid('must not contain a user name or a password');
  if (text.includes('#')) throw invalid('must not have a fragment');
  if (url.host.includes('*')) throw invalid('must not have a path wildcard in its host');
  return { origin: url.origin, pieces: `${url.pathname}${url.search}`.split('*') };
}

/** A segment `.` or `..`, in every spelling of RFC 3986 and the URL standard. */
const dotSegment = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/**
 * Fills the wildcards in order. Everything in a value except letters, digits and `-._~` is percent-encoded, so that it stays
 * within its segment. A value that makes its segment `.` or `..` is refused, because encoding does not help there.
 *
 * @returns path and query
 * @throws Failure InvalidInvocation, also when there are more or fewer values than wildcards
 */
export function fillWildcards(endpoint: InvocationEndpoint, values: readonly string[]): string {
  const { pieces } = endpoint;
  const wildcards = pieces.length - 1;
  if (values.length !== wildcards) {
    throw invalid(`has ${wildcards} path wildcards, but PathParameterValues has ${values.length} values`);
  }
  let filled = pieces[0] ?? '/';
  for (const [index, value] of values.entries()) filled += encodeStrictly(value) + (pieces[index + 1] ?? '');
  if (wildcards > 0 && dotSegment.test(pathOf(filled))) {
    throw new Failure('InvalidInvocation', 'A path parameter turns a path segment of the endpoint into "." or "..".');
  }
  return filled;
}

/**
 * Adds query parameters. Each one replaces all of the endpoint's parameters that have the same key. The endpoint's other
 * parameters keep their spelling.
 */
export function mergeQuery(pathAndQuery: string, parameters: readonly QueryParameter[]): string {
  if (parameters.length === 0) return pathAndQuery;
  const path = pathOf(pathAndQuery);
  const replaced = new Set(parameters.map(([key]) => key));
  const own = pathAndQuery
    .slice(path.length + 1)
    .split('&')
    .filter((pair) => pair !== '' && !replaced.has(keyOf(pair)));
  const added = parameters.map(([key, value]) => `${encodeStrictly(key)}=${encodeStrictly(value)}`);
  return `${path}?${[...own, ...added].join('&')}`;
}

function pathOf(pathAndQuery: string): string {
  const end = pathAndQuery.indexOf('?');
  return end === -1 ? pathAndQuery : pathAndQuery.slice(0, end);
}

function keyOf(pair: string): string {
  const end = pair.indexOf('=');
  const key = (end === -1 ? pair : pair.slice(0, end)).replaceAll('+', ' ');
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** Most values have only these characters, and need no encoding. */
const unreserved = /^[A-Za-z0-9\-._~]*$/;

/** Everything but the unreserved characters of RFC 3986. Lone surrogates become U+FFFD, as in every UTF-8 text. */
function encodeStrictly(text: string): string {
  if (unreserved.test(text)) return text;
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function invalid(problem: string): Failure {
  return new Failure('InvalidInvocation', `The invocation endpoint ${problem}.`);
}
