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

/** The same key in another format of OpenSSL. */
const keyAs = (options: { type: 'sec1' | 'pkcs8'; cipher?: string }) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const passphrase = options.cipher === undefined ? {} : { passphrase: 'passphrase-canary' };
  return privateKey.export({ format: 'pem', ...options, ...passphrase }).toString();
};

describe('a client certificate', () => {
  test.each([
    ['JSON', JSON.stringify({ certificate: `${certificate}\n${chain}\n`, privateKey: key })],
    ['JSON with white space around', `\n ${JSON.stringify({ certificate: certificate + chain, privateKey: key })}\n`],
    ['one text, key last', `${certificate}\n${chain}\n${key}\n`],
    ['one text, key first, with Windows line breaks', `${key}\n${certificate}\n${chain}`.replaceAll('\n', '\r\n')],
    ['one text with explanations between', `Bag Attributes\n  x: 1\n${certificate}\nsubject=a\n${chain}\n\n${key}`],
  ])('a client certificate is read from %s', (_, text) => {
    const parsed = parseClientCertificate(text);
    const unix = (pem: string) => pem.replaceAll('\r', '');
    expect({ ...parsed, certificatePem: unix(parsed.certificatePem), keyPem: unix(parsed.keyPem) }).toEqual(whole);
  });

  const broken = certificate.replace(/\n[A-Za-z0-9+/]{8}/, '\nAAAAAAAA');
  test.each([
    ['', 'It holds no certificate in PEM.'],
    [key, 'It holds no certificate in PEM.'],
    [certificate, 'It holds no private key in PEM, or only one with a passphrase.'],
    [
      `${certificate}\n${keyAs({ type: 'pkcs8', cipher: 'aes-256-cbc' })}`,
      'Its private key cannot be read; a key with a passphrase is not supported.',
    ],
    [
      `${certificate}\n${keyAs({ type: 'sec1', cipher: 'aes-256-cbc' })}`,
      'It holds no private key in PEM, or only one with a passphrase.',
    ],
    [`${certificate}\n${keyAs({ type: 'sec1' })}`, 'Its private key does not belong to its first certificate.'],
    [`${certificate}\n${other.key}`, 'Its private key does not belong to its first certificate.'],
    [`${chain}\n${certificate}\n${key}`, 'Its private key does not belong to its first certificate.'],
    [`${certificate}\n${key}\n${other.key}`, 'It holds more than one private key.'],
    [`${broken}\n${key}`, 'Certificate 1 in it cannot be read.'],
    [`${certificate}\n${broken}\n${key}`, 'Certificate 2 in it cannot be read.'],
    ['{', 'It is not JSON.'],
    ['{}', 'certificate is missing.'],
    [JSON.stringify({ certificate }), 'privateKey is missing.'],
    [JSON.stringify({ certificate, privateKey: 7 }), 'privateKey is not a string.'],
    [JSON.stringify({ certificate: key, privateKey: key }), 'It holds no certificate in PEM.'],
    [
      JSON.stringify({ certificate, privateKey: certificate }),
      'It holds no private key in PEM, or only one with a passphrase.',
    ],
  ])('a malformed client certificate (%#) is refused and not shown', (text, message) => {
    expect(failureOf(() => parseClientCertificate(text))).toBe(`InvalidPolicySecret: ${message}`);
  });

  test.each(['x25519', 'ed25519', 'rsa'])('a client certificate does not match a key of another kind (%s)', (kind) => {
    const generate = generateKeyPairSync as (kind: string, options: object) => ReturnType<typeof generateKeyPairSync>;
    const { privateKey } = generate(kind, { modulusLength: 2048 });
    const text = `${certificate}\n${privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()}`;
    expect(failureOf(() => parseClientCertificate(text))).toContain('does not belong to its first certificate');
  });
});

describe('CA certificates', () => {
  test('all CA certificates of a text are read, and nothing else', () => {
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

test.each([parseClientCertificate, parseCaCertificates])(
  '%o parses any secret, or throws a Failure that shows nothing of the secret',
  (parse) => {
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
  },
);

test('a certificate secret of many megabytes is read in linear time', () => {
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
