import { Buffer } from 'node:buffer';
import type { ConnectionHttpParameters, ConnectionSecret, HttpParameter } from '../destination/connection-secret.ts';
import type { HttpAnswer } from './delivery.ts';

const mask = '***';

/**
 * A parameter with a shorter value is not masked. Such a value (`v1`, `en`) is no secret, but occurs everywhere in an answer.
 */
const minimumParameterCharacters = 4;

/** A shorter beginning of a secret at the end of an answer tells nothing. */
const minimumBeginning = 4;

/**
 * The answer, with every value masked by which the request was authorized. Many endpoints repeat the request in an error, and a
 * dead letter keeps the answer for 14 days. The body of a 2xx is kept nowhere, so it stays as it is.
 *
 * @param accessToken the token that the request carried
 */
export function maskedAnswer(answer: HttpAnswer, secret: ConnectionSecret, accessToken?: string): HttpAnswer {
  if (answer.body === '' || (answer.status >= 200 && answer.status <= 299)) return answer;
  const forms = [...formsOfSecret(secret), ...(accessToken === undefined ? [] : formsOf(accessToken))];
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

const known = new WeakMap<ConnectionSecret, readonly string[]>();

function formsOfSecret(secret: ConnectionSecret): readonly string[] {
  const forms = known.get(secret) ?? valuesOf(secret).flatMap(formsOf);
  known.set(secret, forms);
  return forms;
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
 * text), in HTML and in Base64.
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
  const base64 = Buffer.from(text).toString('base64');
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
    base64,
    base64.replace(/=+$/, ''),
    Buffer.from(text).toString('base64url'),
  ];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
