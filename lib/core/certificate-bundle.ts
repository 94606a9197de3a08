import type { ClientCertificate } from './delivery-policy.ts';
import { Failure } from './failure.ts';

const certificate = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const privateKey = /-----BEGIN ((?:[A-Z]{1,10} )?PRIVATE KEY)-----[A-Za-z0-9+/=\s]+-----END \1-----/;

/**
 * A certificate, its chain and its private key, in PEM, one behind the other.
 *
 * @throws Failure InvalidPolicySecret that says what is missing, and shows nothing of it
 */
export function parseClientCertificate(text: string): ClientCertificate {
  const keyPem = privateKey.exec(text)?.[0];
  if (keyPem === undefined) throw new Failure('InvalidPolicySecret', 'It holds no private key in PEM.');
  return { certificatePem: certificatesIn(text), keyPem };
}

/** @throws Failure InvalidPolicySecret when there is none */
export function parseCaCertificates(text: string): string {
  return certificatesIn(text);
}

function certificatesIn(text: string): string {
  const found = text.match(certificate);
  if (found === null) throw new Failure('InvalidPolicySecret', 'It holds no certificate in PEM.');
  return found.join('\n');
}
