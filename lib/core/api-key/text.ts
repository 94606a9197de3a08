import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type ApiId, apiIds } from './api-key.ts';

/** The two parts of an API key's text. */
export interface ApiKeyText {
  /** Begins with `da2-`. Signatures use it as the access key id. It may be shown and logged. */
  readonly publicId: string;
  readonly secret: string;
}

const prefix = 'da2-';
/** RFC 4648 base32, in lower case as AppSync's keys are. */
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const bitsPerCharacter = 5;

/**
 * Ten characters are 50 bits. Two keys of one stack hardly ever get the same public id; if they did, the second one would be
 * refused.
 */
const publicCharacters = 10;
/** Each character has 5 bits, so a secret has 160 bits. */
const secretCharacters = 32;

/** Number of random bytes for a public id: one for each character. */
export const publicIdBytes = publicCharacters;

const publicIdPattern = /^da2-[a-z2-7]{10}$/;
const keyPattern = /^(da2-[a-z2-7]{10})([a-z2-7]{32})$/;

/** @param random unpredictable bytes, `publicIdBytes` of them */
export function formatPublicId(random: Uint8Array): string {
  return prefix + Array.from(random.subarray(0, publicCharacters), (byte) => alphabet[byte % alphabet.length]).join('');
}

export function isPublicId(text: string): boolean {
  return publicIdPattern.test(text);
}

/** @returns undefined when the text is not a complete key */
export function parseApiKey(text: string): ApiKeyText | undefined {
  const [, publicId, secret] = keyPattern.exec(text) ?? [];
  return publicId === undefined || secret === undefined ? undefined : { publicId, secret };
}

/**
 * The secret part of a key. It is stored nowhere, because it is derived from the stack's root secret, the API and the public
 * id. The API is included so that a key whose item is moved to another API does not work there.
 */
export function deriveSecret(rootSecret: string, apiId: ApiId, publicId: string): string {
  const digest = createHmac('sha256', rootSecret)
    .update(JSON.stringify(['lastmile api key v1', apiId, publicId]))
    .digest();
  return base32(digest).slice(0, secretCharacters);
}

/**
 * The API whose secret passes the check; the secret is derived from this public id. Every API is tried, so that the time of the
 * answer does not reveal anything about the secret.
 */
export function apiOf(rootSecret: string, publicId: string, matches: (secret: string) => boolean): ApiId | undefined {
  const matching = apiIds.filter((apiId) => matches(deriveSecret(rootSecret, apiId, publicId)));
  return matching[0];
}

/** Compares two texts in a time that depends only on their lengths. */
export function equalsInConstantTime(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function base32(bytes: Uint8Array): string {
  let [text, bits, pending] = ['', 0, 0];
  for (const byte of bytes) {
    pending = (pending << 8) | byte;
    bits += 8;
    while (bits >= bitsPerCharacter) {
      bits -= bitsPerCharacter;
      text += alphabet[(pending >> bits) & 31] ?? '';
    }
    pending &= (1 << bits) - 1;
  }
  return text;
}
