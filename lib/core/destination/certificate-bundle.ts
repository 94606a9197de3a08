import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { ClientCertificate } from './delivery-policy.ts';
import { Failure } from '../failure/failure.ts';
import { isPolicySecretObject, parsePolicySecretObject } from './delivery-policy.ts';

const code = 'InvalidPolicySecret';

/** Source: RFC 7468, textual encodings. Text between certificates is an explanation and is ignored. */
const certificate = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const privateKey = /-----BEGIN ((?:[A-Z]{1,10} )?PRIVATE KEY)-----[A-Za-z0-9+/=\s]+-----END \1-----/g;

/**
 * @param text `{"certificate": "...", "privateKey": "..."}`, or both in one text, in PEM. The certificate that belongs to the
 *   key comes first, and its chain follows. The key has no passphrase
 * @throws Failure InvalidPolicySecret, which says what is wrong but shows nothing of the text
 */
export function parseClientCertificate(text: string): ClientCertificate {
  const parts = isPolicySecretObject(text) ? parseParts(text) : { certificates: text, key: text };
  const { leaf, pem } = certificatesIn(parts.certificates);
  const [keyPem, ...others] = parts.key.match(privateKey) ?? [];
  if (keyPem === undefined) throw new Failure(code, 'It holds no private key in PEM, or only one with a passphrase.');
  if (others.length > 0) throw new Failure(code, 'It holds more than one private key.');
  if (!leaf.checkPrivateKey(readKey(keyPem))) {
    throw new Failure(code, 'Its private key does not belong to its first certificate.');
  }
  return { certificatePem: pem, keyPem, expiresAtMs: leaf.validToDate.getTime() };
}

/**
 * @returns all certificates of a text in PEM, one after the other
 * @throws Failure InvalidPolicySecret when there is no certificate, or a malformed one
 */
export function parseCaCertificates(text: string): string {
  return certificatesIn(text).pem;
}

function parseParts(text: string) {
  const members = parsePolicySecretObject(text);
  return { certificates: members.text('certificate'), key: members.text('privateKey') };
}

function certificatesIn(text: string): { readonly leaf: X509Certificate; readonly pem: string } {
  const found = text.match(certificate) ?? [];
  const [leaf] = found.map(readCertificate);
  if (leaf === undefined) throw new Failure(code, 'It holds no certificate in PEM.');
  return { leaf, pem: found.join('\n') };
}

/** The failures leave out the property `cause`, because OpenSSL's message may quote its input. */
function readCertificate(pem: string, index: number): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new Failure(code, `Certificate ${index + 1} in it cannot be read.`);
  }
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new Failure(code, 'Its private key cannot be read; a key with a passphrase is not supported.');
  }
}
