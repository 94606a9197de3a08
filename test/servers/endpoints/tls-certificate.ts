import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** In PEM format. */
export interface TlsCertificate {
  readonly key: string;
  readonly certificate: string;
}

export interface CertificateSubject {
  readonly commonName?: string;
  /** Default: only 127.0.0.1. */
  readonly addresses?: readonly string[];
  readonly dnsNames?: readonly string[];
  /** Default: P-256. */
  readonly namedCurve?: string;
}

export interface CertificateAuthority extends TlsCertificate {
  /** Valid for a year around `nowMs`; default: the time of the authority's own certificate. */
  issue(subject: CertificateSubject, nowMs?: number): TlsCertificate;
}

/**
 * A self-signed certificate for 127.0.0.1, valid for a year around `nowMs`. It is created for each test run, so that no
 * private key is stored. Source: ITU-T X.690 (DER), RFC 5280 section 4.1 (structure), RFC 5758 section 3.2 (ECDSA with
 * SHA-256).
 */
export function makeTlsCertificate(nowMs: number, subject: CertificateSubject = {}): TlsCertificate {
  const { commonName = 'lastmile test', addresses = ['127.0.0.1'], dnsNames = [] } = subject;
  return make(nowMs, subject, commonName, subjectAlternativeNames(addresses, dnsNames));
}

/** A certificate authority with a self-signed certificate. */
export function makeCertificateAuthority(nowMs: number, name = 'lastmile test authority'): CertificateAuthority {
  const authority = make(nowMs, {}, name, authorityConstraint);
  const issuer = { name, key: createPrivateKey(authority.key) };
  return {
    ...authority,
    issue(subject, atMs = nowMs) {
      const { commonName = 'lastmile test', addresses = ['127.0.0.1'], dnsNames = [] } = subject;
      return make(atMs, subject, commonName, subjectAlternativeNames(addresses, dnsNames), issuer);
    },
  };
}

function make(
  nowMs: number,
  { namedCurve = 'P-256' }: CertificateSubject,
  name: string,
  extension: Buffer,
  issuer?: { readonly name: string; readonly key: KeyObject },
): TlsCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  const toBeSigned = sequence(
    context(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([0x01]), randomBytes(8)])),
    ecdsaWithSha256,
    distinguishedName(issuer?.name ?? name),
    sequence(utcTime(nowMs - halfYearMs), utcTime(nowMs + halfYearMs)),
    distinguishedName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    context(3, sequence(extension)),
  );
  return { key: keyPem(privateKey), certificate: certificatePem(toBeSigned, issuer?.key ?? privateKey) };
}

const halfYearMs = 183 * 86_400_000;
/** Object identifier 1.2.840.10045.4.3.2, ecdsa-with-SHA256. */
const ecdsaWithSha256 = sequence(der(0x06, Buffer.from('2a8648ce3d040302', 'hex')));

/** Object identifier 2.5.29.19, basicConstraints: critical, and the certificate may sign others. */
const authorityConstraint = sequence(
  der(0x06, Buffer.from('551d13', 'hex')),
  der(0x01, Buffer.from([0xff])),
  der(0x04, sequence(der(0x01, Buffer.from([0xff])))),
);

function der(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const long = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  const header = length < 0x80 ? [tag, length] : [tag, ...long];
  return Buffer.concat([Buffer.from(header), content]);
}

function sequence(...parts: Uint8Array[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function context(number: number, content: Uint8Array): Buffer {
  return der(0xa0 + number, content);
}

function integer(bytes: Uint8Array): Buffer {
  return der(0x02, bytes);
}

/** Object identifier 2.5.4.3, commonName. */
function distinguishedName(name: string): Buffer {
  const attribute = sequence(der(0x06, Buffer.from('550403', 'hex')), der(0x0c, Buffer.from(name)));
  return sequence(der(0x31, attribute));
}

/** Object identifier 2.5.29.17, subjectAltName, with iPAddress and dNSName. */
function subjectAlternativeNames(addresses: readonly string[], dnsNames: readonly string[]): Buffer {
  const names = [
    ...addresses.map((address) => der(0x87, Buffer.from(address.split('.').map(Number)))),
    ...dnsNames.map((name) => der(0x82, Buffer.from(name))),
  ];
  return sequence(der(0x06, Buffer.from('551d11', 'hex')), der(0x04, sequence(...names)));
}

/** In the form `YYMMDDhhmmssZ`. */
function utcTime(timeMs: number): Buffer {
  const digits = new Date(timeMs).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}

function keyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function certificatePem(toBeSigned: Buffer, key: KeyObject): string {
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', toBeSigned, key)]));
  const base64 = sequence(toBeSigned, ecdsaWithSha256, signature).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replaceAll(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
}
