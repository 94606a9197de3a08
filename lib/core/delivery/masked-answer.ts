import { Buffer, isUtf8 } from 'node:buffer';
import type { ConnectionHttpParameters, ConnectionSecret, HttpParameter } from '../destination/connection-secret.ts';
import type { ResolvedDestination } from '../destination/resolved-destination.ts';
import type { SigningKey, SigningKeys } from '../request/signing.ts';
import type { HttpAnswer } from './delivery.ts';

const mask = '***';

/**
 * A parameter with a shorter value is not masked. Such a value (`v1`, `en`) is not a secret, but occurs everywhere in an answer.
 */
const minimumParameterCharacters = 4;

/** A shorter beginning of a secret at the end of an answer tells nothing. */
const minimumBeginning = 4;

/**
 * The answer, with every value masked by which the request was authorized, and every key that signed it. Many endpoints repeat the
 * request in an error, and some repeat the key that they expected. A log line and a dead letter keep the answer. The body of a 2xx is
 * kept nowhere, so it stays as it is.
 *
 * @param accessToken the token that the request carried
 */
export function maskedAnswer(
  answer: HttpAnswer,
  { secret, signingKeys }: Pick<ResolvedDestination, 'secret' | 'signingKeys'>,
  accessToken?: string,
): HttpAnswer {
  if (answer.body === '' || (answer.status >= 200 && answer.status <= 299)) return answer;
  const forms = [
    ...formsOfSecret(secret),
    ...(accessToken === undefined ? [] : formsOf(accessToken)),
    ...(signingKeys === undefined ? [] : formsOfKeys(signingKeys)),
  ];
  return { ...answer, body: maskSecrets(answer.body, forms) };
}

/** The text, with every secret value of the connection masked. */
export function maskedText(text: string, secret: ConnectionSecret): string {
  return maskSecrets(text, formsOfSecret(secret));
}

/**
 * Masks each of these texts, wherever it stands. A text that the end of the answer cuts off is masked too, because only the beginning of
 * an answer is read.
 *
 * @param forms the longest first, so that a form within another one does not leave its rest
 */
function maskSecrets(text: string, forms: readonly string[]): string {
  const sorted = [...new Set(forms)].filter((form) => form !== '').toSorted((one, other) => other.length - one.length);
  const whole = sorted.reduce((masked, form) => masked.replaceAll(form, mask), text);
  const beginning = Math.max(0, ...sorted.map((form) => beginningAtEnd(whole, form)));
  return beginning === 0 ? whole : whole.slice(0, -beginning) + mask;
}

/** How many characters at the end of the text are the beginning of this form. */
function beginningAtEnd(text: string, form: string): number {
  for (let length = Math.min(form.length - 1, text.length); length >= minimumBeginning; length -= 1) {
    if (text.endsWith(form.slice(0, length))) return length;
  }
  return 0;
}

/** Shorter parts of a Base64 text stand for secrets of less than seven bytes, and occur by chance. */
const minimumWithin = 8;

const known = new WeakMap<ConnectionSecret | SigningKeys, readonly string[]>();

function formsOfSecret(secret: ConnectionSecret): readonly string[] {
  const forms = known.get(secret) ?? valuesOf(secret).flatMap(formsOf);
  known.set(secret, forms);
  return forms;
}

/** A key is written in Base64 after its prefix. A shared key may have been made from a text. */
function formsOfKeys(keys: SigningKeys): readonly string[] {
  const forms = known.get(keys) ?? keys.keys.map(bytesOfKey).flatMap(formsOfKey);
  known.set(keys, forms);
  return forms;
}

function formsOfKey(bytes: Buffer): readonly string[] {
  const text = isUtf8(bytes) ? formsOf(bytes.toString()) : [];
  return [...formsOf(bytes.toString('base64')), ...formsOfBytes(bytes), ...text];
}

/** The 32 bytes of a private key without its PKCS #8 header. A key of 64 bytes has its public part after them. */
function bytesOfKey({ scheme, key }: SigningKey): Buffer {
  return scheme === 'v1' ? key.export() : key.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
}

function valuesOf({ credentials, invocationHttpParameters }: ConnectionSecret): readonly string[] {
  const parameters = secretParametersOf(invocationHttpParameters);
  switch (credentials.authorizationType) {
    case 'BASIC': {
      const pair = Buffer.from(`${credentials.username}:${credentials.password}`);
      return [credentials.password, pair.toString('base64'), ...parameters];
    }
    case 'API_KEY':
      return [credentials.apiKeyValue, ...parameters];
    case 'OAUTH_CLIENT_CREDENTIALS':
      return [credentials.clientSecret, ...secretParametersOf(credentials.oauthHttpParameters), ...parameters];
  }
}

function secretParametersOf(parameters: ConnectionHttpParameters = {}): readonly string[] {
  const { headerParameters = [], queryStringParameters = [], bodyParameters = [] } = parameters;
  return [...headerParameters, ...queryStringParameters, ...bodyParameters].filter(isSecret).map(({ value }) => value);
}

function isSecret({ value, isValueSecret }: HttpParameter): boolean {
  return isValueSecret && value.length >= minimumParameterCharacters;
}

/**
 * The forms in which a value is sent, and in which an endpoint may repeat it: percent-encoded, as in a form, in JSON (also within a JSON
 * text), in HTML, in hexadecimal digits and in Base64 (also within the Base64 of a longer text).
 */
function formsOf(value: string): readonly string[] {
  const text = value.toWellFormed();
  const percent = encodeURIComponent(text);
  const strict = percent.replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = new URLSearchParams([['', text]]).toString().slice(1);
  const encoded = [percent, strict, form, encodeURI(text)];
  const json = inJson(text);
  const ascii = json.replace(/[^\x20-\x7e]/g, unicodeEscape);
  const html = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
  return [
    value,
    ...encoded,
    ...encoded.map((each) => each.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())),
    json,
    ascii,
    json.replaceAll('/', '\\/'),
    ascii.replaceAll('/', '\\/'),
    inJson(json),
    inJson(ascii),
    html,
    html.replaceAll("'", '&#39;'),
    html.replaceAll("'", '&#x27;'),
    ...[...new Set([text, ...encoded, json])].flatMap((each) => formsOfBytes(Buffer.from(each))),
  ];
}

function formsOfBytes(bytes: Buffer): readonly string[] {
  const base64 = bytes.toString('base64');
  const within = [0, 1, 2].map((offset) => withinBase64(bytes, offset)).filter(({ length }) => length >= minimumWithin);
  return [
    base64,
    base64.replace(/=+$/, ''),
    bytes.toString('base64url'),
    ...within,
    ...within.map((each) => each.replaceAll('+', '-').replaceAll('/', '_')),
    bytes.toString('hex'),
  ];
}

/**
 * The characters that the bytes always have in the Base64 of a longer text.
 *
 * @param offset number of bytes before them, modulo 3
 */
function withinBase64(bytes: Buffer, offset: number): string {
  const padded = Buffer.concat([Buffer.alloc(offset), bytes]);
  return padded.toString('base64').slice(Math.ceil((offset * 8) / 6), Math.floor((padded.length * 8) / 6));
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
