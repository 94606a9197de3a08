/** Signatures of requests. Source: the Standard Webhooks specification, https://github.com/standard-webhooks/standard-webhooks */
import { Buffer } from 'node:buffer';
import type { KeyObject } from 'node:crypto';
import { createHmac, createPrivateKey, createPublicKey, createSecretKey, sign } from 'node:crypto';
import type { Delivery, HttpRequest } from '../delivery/delivery.ts';
import { Failure } from '../failure/failure.ts';
import { idempotencyKey } from './idempotency-key.ts';
import { isPolicySecretObject, parsePolicySecretObject } from '../destination/delivery-policy.ts';

/** `v1` is HMAC-SHA256 with a shared key, `v1a` is ed25519 with a private key. A KeyObject does not show its bytes in a log. */
export interface SigningKey {
  readonly scheme: 'v1' | 'v1a';
  readonly key: KeyObject;
}

/** The keys that sign requests to an endpoint, in the order of their signatures. There are several during a key rotation. */
export interface SigningKeys {
  readonly keys: readonly SigningKey[];
}

/** Everything that a request is signed with, except the time. */
export interface Signing {
  readonly keys: SigningKeys;
  /** The id stays the same on every retry. */
  readonly messageId: string;
}

const code = 'InvalidPolicySecret';

/** Each key adds a signature of up to 92 characters to a header, and servers often accept 8 KB of headers at most. */
const maxKeys = 10;

/** The specification's bounds for a shared key. */
const sharedKeyBytes = { min: 24, max: 64 };

/** The PKCS #8 header before the 32 bytes of an ed25519 key. Source: RFC 8410 section 7. */
const ed25519Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * @param text one key, or `{"keys": [...]}` with up to ten. A shared key is `whsec_` and 24 to 64 bytes in base64. A private
 *   key is `whsk_` and, in base64, an ed25519 private key of 32 bytes, or of 64 bytes when the public key follows it
 * @throws Failure InvalidPolicySecret which says what is wrong and where, but shows nothing of the text
 */
export function parseSigningSecret(text: string): SigningKeys {
  if (!isPolicySecretObject(text)) return { keys: [parseKey(text.trim(), 'The key')] };
  const keys = parsePolicySecretObject(text).optionalTextList('keys') ?? [];
  if (keys.length === 0 || keys.length > maxKeys)
    throw new Failure(code, `keys must be a list of 1 to ${maxKeys} keys.`);
  return { keys: keys.map((key, index) => parseKey(key, `keys[${index}]`)) };
}

function parseKey(text: string, where: string): SigningKey {
  if (text.startsWith('whsec_')) return { scheme: 'v1', key: sharedKey(bytesOf(text.slice(6), where), where) };
  if (text.startsWith('whsk_')) return { scheme: 'v1a', key: privateKey(bytesOf(text.slice(5), where), where) };
  throw new Failure(code, `${where} must begin with whsec_ or whsk_.`);
}

/** Only canonical base64 is accepted, because the endpoint's library might decode other forms to another key. */
function bytesOf(base64: string, where: string): Buffer {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('base64') === base64) return bytes;
  throw new Failure(code, `${where} is not padded base64 after its prefix.`);
}

function sharedKey(bytes: Buffer, where: string): KeyObject {
  const { min, max } = sharedKeyBytes;
  if (bytes.length >= min && bytes.length <= max) return createSecretKey(bytes);
  throw new Failure(code, `${where} does not have ${min} to ${max} bytes.`);
}

function privateKey(bytes: Buffer, where: string): KeyObject {
  if (bytes.length !== 32 && bytes.length !== 64) throw new Failure(code, `${where} does not have 32 or 64 bytes.`);
  const der = Buffer.concat([ed25519Prefix, bytes.subarray(0, 32)]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  if (bytes.length === 64 && createPublicKey(key).export({ format: 'jwk' }).x !== bytes.toString('base64url', 32)) {
    throw new Failure(code, `${where} ends with a public key that does not belong to its private key.`);
  }
  return key;
}

const headerNames: ReadonlySet<string> = new Set(['webhook-id', 'webhook-timestamp', 'webhook-signature']);

export function isSignatureHeader(name: string): boolean {
  return headerNames.has(name.toLowerCase());
}

/**
 * The value of Idempotency-Key, with `%2E` for a full stop and `%25` for a percent sign. A full stop ends the id in the signed
 * text, and the author of an event must not be able to move that end.
 */
export function messageId(delivery: Delivery, apiDestinationName: string): string {
  const key = idempotencyKey(delivery, apiDestinationName);
  return key.replace(/[%.]/g, (each) => (each === '.' ? '%2E' : '%25'));
}

/** Signs the bytes that are sent, once with each key. The headers of the signature replace headers of the same names. */
export function signRequest<Request extends HttpRequest>(request: Request, signing: Signing, nowMs: number): Request {
  const timestamp = String(Math.floor(nowMs / 1000));
  const { body = '' } = request;
  const start = `${signing.messageId}.${timestamp}.`;
  const content = typeof body === 'string' ? Buffer.from(start + body) : Buffer.concat([Buffer.from(start), body]);
  const headers = {
    ...Object.fromEntries(Object.entries(request.headers).filter(([name]) => !isSignatureHeader(name))),
    'webhook-id': signing.messageId,
    'webhook-timestamp': timestamp,
    'webhook-signature': signing.keys.keys.map((key) => signatureOf(key, content)).join(' '),
  };
  return { ...request, headers };
}

function signatureOf({ scheme, key }: SigningKey, content: Buffer): string {
  const bytes = scheme === 'v1' ? createHmac('sha256', key).update(content).digest() : sign(null, content, key);
  return `${scheme},${bytes.toString('base64')}`;
}
