import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

/** Bytes of the digest that binds a token to its list. A few are enough, because a token gives no rights. */
const bindingBytes = 9;

/**
 * The text with which a client asks for the next page of a list.
 *
 * @param binding operation and filters; the token is valid only for a list with the same operation and filters
 * @param afterName last name of the previous page
 */
export function formatPageToken(binding: readonly (string | undefined)[], afterName: string): string {
  return Buffer.concat([digest(binding), Buffer.from(afterName)]).toString('base64url');
}

/** @returns the last name of the previous page; undefined when the token is malformed or belongs to another list */
export function parsePageToken(binding: readonly (string | undefined)[], token: string): string | undefined {
  const bytes = Buffer.from(token, 'base64url');
  const afterName = bytes.subarray(bindingBytes).toString();
  // Buffer ignores invalid base64url, so the token is valid only if encoding it again gives the same text.
  return afterName !== '' && formatPageToken(binding, afterName) === token ? afterName : undefined;
}

function digest(binding: readonly (string | undefined)[]): Buffer {
  return createHash('sha256').update(JSON.stringify(binding)).digest().subarray(0, bindingBytes);
}
