import { Buffer } from 'node:buffer';
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';

/** The secret parts of a token. */
export interface TokenContent {
  readonly accessToken: string;
}

/** The owner of a sealed (encrypted) token. The token cannot be opened for another owner. */
export interface SealBinding {
  readonly connectionIncarnation: string;
  readonly generation: number;
  readonly secretVersion: string;
}

/** First byte of a sealed token. Nonce, tag and ciphertext follow it. */
const sealVersion = 1;

/** Workers of version 0.1.0 read the token's type from the sealed text, so the text still contains one. */
const tokenType = 'Bearer';

/** The recommended nonce size of AES-GCM. Source: NIST SP 800-38D section 8.2. */
export const nonceBytes = 12;
const tagBytes = 16;
const headBytes = 1 + nonceBytes + tagBytes;

/**
 * The key for one connection's tokens. To open a token in the table, an attacker needs both the stack's root secret and the
 * connection's client secret. Source: RFC 5869.
 */
export function deriveTokenKey(rootSecret: string, clientSecret: string): Uint8Array {
  // A JSON list, so that two different pairs of secrets never give the same text.
  const material = JSON.stringify([rootSecret, clientSecret]);
  return new Uint8Array(hkdfSync('sha256', material, '', 'lastmile oauth token v1', 32));
}

/** @param nonce fresh random bytes, never used with this key before */
export function sealToken(
  key: Uint8Array,
  content: TokenContent,
  binding: SealBinding,
  nonce: Uint8Array,
): Uint8Array<ArrayBuffer> {
  // Stryker disable next-line ObjectLiteral: this length is Node's default too.
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(associatedData(binding));
  const text = JSON.stringify([content.accessToken, tokenType]);
  const ciphertext = Buffer.concat([cipher.update(text), cipher.final()]);
  return new Uint8Array(Buffer.concat([Uint8Array.of(sealVersion), nonce, cipher.getAuthTag(), ciphertext]));
}

/**
 * Failure policy: a sealed token that does not open (tampered with, moved from another item, sealed with another secret, or
 * written by a newer version) counts as no token. The token is then renewed, which costs one request. An error instead would
 * stop the connection until someone repaired the item.
 */
export function openToken(key: Uint8Array, sealed: Uint8Array, binding: SealBinding): TokenContent | undefined {
  if (sealed[0] !== sealVersion) return undefined;
  try {
    const nonce = sealed.subarray(1, 1 + nonceBytes);
    // Stryker disable next-line ObjectLiteral: a tag that is cut short leaves no ciphertext, so the result is not a token either.
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
    decipher.setAAD(associatedData(binding));
    decipher.setAuthTag(sealed.subarray(1 + nonceBytes, headBytes));
    const text = Buffer.concat([decipher.update(sealed.subarray(headBytes)), decipher.final()]).toString();
    return parseContent(JSON.parse(text));
  } catch {
    // A token that does not open counts as no token.
  }
  return undefined;
}

function associatedData(binding: SealBinding): Uint8Array {
  const { connectionIncarnation, generation, secretVersion } = binding;
  return Buffer.from(JSON.stringify([sealVersion, connectionIncarnation, generation, secretVersion]));
}

function parseContent(content: unknown): TokenContent | undefined {
  if (!Array.isArray(content)) return undefined;
  const [accessToken]: readonly unknown[] = content;
  return typeof accessToken === 'string' ? { accessToken } : undefined;
}
