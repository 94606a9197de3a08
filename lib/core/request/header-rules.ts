import { Failure } from '../failure/failure.ts';

/**
 * Headers that a connection or a target may set, but that are never sent; names in lower case. Source: EventBridge user guide.
 * We added Keep-Alive, because like Connection it belongs to the client's own socket (RFC 9110 section 7.6.1), and undici
 * refuses it.
 */
const neverForwarded: ReadonlySet<string> = new Set([
  'a-im',
  'accept-charset',
  'accept-datetime',
  'accept-encoding',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-md5',
  'date',
  'expect',
  'forwarded',
  'from',
  'host',
  'http2-settings',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'keep-alive',
  'max-forwards',
  'origin',
  'pragma',
  'proxy-authorization',
  'range',
  'referer',
  'te',
  'trailer',
  'transfer-encoding',
  'user-agent',
  'upgrade',
  'via',
  'warning',
]);

/** Source: RFC 9110 section 5.6.2, token. */
const namePattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Characters that Node refuses in a value: control characters except the tab, and characters above U+00FF. */
const unsafeCharacter = /[^\t\x20-\x7e\x80-\xff]/;

export function isForwarded(name: string): boolean {
  return !neverForwarded.has(name.toLowerCase());
}

export function isHeaderName(text: string): boolean {
  return namePattern.test(text);
}

export function isHeaderValue(text: string): boolean {
  return !unsafeCharacter.test(text);
}

/** @throws Failure InvalidInvocation that names the header, never its value; an invalid name is not shown either */
export function requireHeader(name: string, value: string): void {
  if (!isHeaderName(name))
    throw new Failure('InvalidInvocation', 'A header has a name with characters that are not allowed.');
  if (!isHeaderValue(value)) {
    throw new Failure('InvalidInvocation', `The header ${name} has a value with characters that are not allowed.`);
  }
}

/**
 * Header fields by name in lower case. A later field replaces an earlier one of the same name, also in the spelling of the
 * name.
 */
export class HeaderFields {
  readonly #fields: Map<string, readonly [name: string, value: string]>;

  constructor(fields?: HeaderFields) {
    this.#fields = new Map(fields === undefined ? [] : fields.#fields);
  }

  set(name: string, value: string): void {
    requireHeader(name, value);
    this.#fields.set(name.toLowerCase(), [name, value]);
  }

  /** Sets a parameter of a connection or a target, unless a header of this name is never forwarded. */
  setParameter(name: string, value: string): void {
    if (isForwarded(name)) this.set(name, value);
  }

  /** Adds the fields of `others`. Each replaces an existing field of the same name. */
  setAll(others: HeaderFields): void {
    for (const [name, value] of others.#fields.values()) this.#fields.set(name.toLowerCase(), [name, value]);
  }

  has(name: string): boolean {
    return this.#fields.has(name.toLowerCase());
  }

  remove(name: string): void {
    this.#fields.delete(name.toLowerCase());
  }

  toRecord(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#fields.values());
  }
}
