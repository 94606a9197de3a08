import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCaCertificates, parseClientCertificate } from '../../../../lib/core/destination/certificate-bundle.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { makeCertificateAuthority, makeTlsCertificate } from '../../../servers/endpoints/tls-certificate.ts';
import { failureOf } from '../failure/failing.ts';

const nowMs = Date.UTC(2026, 0, 1);
const authority = makeCertificateAuthority(nowMs);
const own = authority.issue({ commonName: 'orders' });
const other = makeTlsCertificate(nowMs);
const [certificate, chain, key] = [own.certificate, authority.certificate, own.key].map((text) => text.trim()) as [
  string,
  string,
  string,
];
const whole = { certificatePem: `${certificate}\n${chain}`, keyPem: key, expiresAtMs: nowMs + 183 * 86_400_000 };

/** A new private key in another format of OpenSSL. */
const keyAs = (options: { type: 'sec1' | 'pkcs8'; cipher?: string }) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const passphrase = options.cipher === undefined ? {} : { passphrase: 'passphrase-canary' };
  return privateKey.export({ format: 'pem', ...options, ...passphrase }).toString();
};

describe('a client certificate', () => {
  test.each([
    ['JSON', JSON.stringify({ certificate: `${certificate}\n${chain}\n`, privateKey: key })],
    ['JSON with white space around', `\n ${JSON.stringify({ certificate: certificate + chain, privateKey: key })}\n`],
    ['one text with the key at the end', `${certificate}\n${chain}\n${key}\n`],
    [
      'one text with the key at the beginning and Windows line breaks',
      `${key}\n${certificate}\n${chain}`.replaceAll('\n', '\r\n'),
    ],
    [
      'one text with comments between its parts',
      `Bag Attributes\n  x: 1\n${certificate}\nsubject=a\n${chain}\n\n${key}`,
    ],
  ])('a client certificate is read from %s', (_, text) => {
    const parsed = parseClientCertificate(text);
    const unix = (pem: string) => pem.replaceAll('\r', '');
    expect({ ...parsed, certificatePem: unix(parsed.certificatePem), keyPem: unix(parsed.keyPem) }).toEqual(whole);
  });

  const broken = certificate.replace(/\n[A-Za-z0-9+/]{8}/, '\nAAAAAAAA');
  test.each([
    ['empty text', '', 'It holds no certificate in PEM.'],
    ['a key alone', key, 'It holds no certificate in PEM.'],
    ['a certificate alone', certificate, 'It holds no private key in PEM, or only one with a passphrase.'],
    [
      'an encrypted PKCS #8 key',
      `${certificate}\n${keyAs({ type: 'pkcs8', cipher: 'aes-256-cbc' })}`,
      'Its private key cannot be read; a key with a passphrase is not supported.',
    ],
    [
      'an encrypted SEC 1 key',
      `${certificate}\n${keyAs({ type: 'sec1', cipher: 'aes-256-cbc' })}`,
      'It holds no private key in PEM, or only one with a passphrase.',
    ],
    [
      'another SEC 1 key',
      `${certificate}\n${keyAs({ type: 'sec1' })}`,
      'Its private key does not belong to its first certificate.',
    ],
    [
      'the key of another certificate',
      `${certificate}\n${other.key}`,
      'Its private key does not belong to its first certificate.',
    ],
    [
      'its chain before the certificate',
      `${chain}\n${certificate}\n${key}`,
      'Its private key does not belong to its first certificate.',
    ],
    ['two keys', `${certificate}\n${key}\n${other.key}`, 'It holds more than one private key.'],
    ['a damaged certificate', `${broken}\n${key}`, 'Certificate 1 in it cannot be read.'],
    ['a damaged second certificate', `${certificate}\n${broken}\n${key}`, 'Certificate 2 in it cannot be read.'],
    ['incomplete JSON', '{', 'It is not JSON.'],
    ['an empty object', '{}', 'certificate is missing.'],
    ['a JSON object without a key', JSON.stringify({ certificate }), 'privateKey is missing.'],
    ['a number as the key', JSON.stringify({ certificate, privateKey: 7 }), 'privateKey is not a string.'],
    [
      'a key as the certificate',
      JSON.stringify({ certificate: key, privateKey: key }),
      'It holds no certificate in PEM.',
    ],
    [
      'a certificate as the key',
      JSON.stringify({ certificate, privateKey: certificate }),
      'It holds no private key in PEM, or only one with a passphrase.',
    ],
  ])('a client certificate secret with %s is refused, and the error does not show it', (_fault, text, message) => {
    expect(failureOf(() => parseClientCertificate(text))).toBe(`InvalidPolicySecret: ${message}`);
  });

  test.each(['x25519', 'ed25519', 'rsa'])(
    'a client certificate is refused when its private key is of the kind %s but the certificate is of another kind',
    (kind) => {
      const generate = generateKeyPairSync as (kind: string, options: object) => ReturnType<typeof generateKeyPairSync>;
      const { privateKey } = generate(kind, { modulusLength: 2048 });
      const text = `${certificate}\n${privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()}`;
      expect(failureOf(() => parseClientCertificate(text))).toContain('does not belong to its first certificate');
    },
  );
});

describe('CA certificates', () => {
  test('from a text with CA certificates, only the certificates are used', () => {
    expect(parseCaCertificates(`# ours\n${chain}\n${key}\n# theirs\n${other.certificate}`)).toBe(
      `${chain}\n${other.certificate.trim()}`,
    );
  });

  test('a text without valid CA certificates is refused', () => {
    expect(failureOf(() => parseCaCertificates(key))).toBe('InvalidPolicySecret: It holds no certificate in PEM.');
    expect(failureOf(() => parseCaCertificates(chain.replace(/\n[^\n]+/, '')))).toBe(
      'InvalidPolicySecret: Certificate 1 in it cannot be read.',
    );
  });
});

test.each([
  ['a client certificate', parseClientCertificate],
  ['CA certificates', parseCaCertificates],
])('any text as the secret for %s is parsed, or refused with a Failure that does not show it', (_kind, parse) => {
  const lines = `${certificate}\n${chain}\n${key}\n${other.key}`.split('\n');
  const piece = fc.oneof(
    fc.constantFrom(certificate, chain, key, '{"certificate":"', '","privateKey":"', '"}', '-----BEGIN', ' ', '\\n'),
    fc.constantFrom(...lines),
    fc.string({ unit: 'binary' }),
  );
  const text = fc.oneof(
    fc.array(piece).map((pieces) => pieces.join('\n')),
    fc.record({ certificate: piece, privateKey: piece }, { requiredKeys: [] }).map((value) => JSON.stringify(value)),
    fc.json(),
  );
  const property = fc.property(text, (secret) => {
    try {
      parse(secret);
    } catch (error) {
      expect(error).toBeInstanceOf(Failure);
      expect(error).toMatchObject({ code: 'InvalidPolicySecret', cause: undefined });
      expect(String(error).length).toBeLessThan(120);
    }
  });
  fc.assert(property, { numRuns: 500 });
});

test('a certificate secret of many megabytes is parsed in linear time', () => {
  const many = 200_000;
  const hostile = [
    '-----BEGIN CERTIFICATE-----'.repeat(many),
    `-----BEGIN CERTIFICATE-----${'A'.repeat(20 * many)}`,
    `-----BEGIN CERTIFICATE-----${'A\n'.repeat(20 * many)}-----END CERTIFICATE----`,
    `${certificate}\n${'-----BEGIN EC PRIVATE KEY-----AAAA'.repeat(many)}`,
    `${certificate}\n${'-----BEGIN A PRIVATE KEY-----'.repeat(many)}${'-----END A PRIVATE KEY-----'.repeat(many)}`,
    ' '.repeat(20 * many),
  ];
  for (const text of hostile) expect(failureOf(() => parseClientCertificate(text))).toContain('InvalidPolicySecret');
});
