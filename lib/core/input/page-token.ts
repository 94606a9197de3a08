import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

/** Bytes of the digest that ties a token to its list: enough to tell lists apart; a token gives no rights. */
const bindingBytes = 9;

/**
 * The text by which a client asks for the next page of a list.
 *
 * @param binding operation and filters: the token serves for a list of the same ones only
 * @param afterName last name of the page before
 */
export function formatPageToken(binding: readonly (string | undefined)[], afterName: string): string {
  return Buffer.concat([digest(binding), Buffer.from(afterName)]).toString('base64url');
}

/** @returns the last name of the page before; undefined when the token belongs to another list, or is none */
export function parsePageToken(binding: readonly (string | undefined)[], token: string): string | undefined {
  const bytes = Buffer.from(token, 'base64url');
  const afterName = bytes.subarray(bindingBytes).toString();
  // Decoding forgives what is no base64url; only what would be written the same was written by us.
  return afterName !== '' && formatPageToken(binding, afterName) === token ? afterName : undefined;
}

function digest(binding: readonly (string | undefined)[]): Buffer {
  return createHash('sha256').update(JSON.stringify(binding)).digest().subarray(0, bindingBytes);
}
