import { Buffer } from 'node:buffer';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { maskedAnswer } from '../../../../lib/core/delivery/masked-answer.ts';
import type { ConnectionSecret } from '../../../../lib/core/destination/connection-secret.ts';
import { parseSigningSecret } from '../../../../lib/core/request/signing.ts';

/** The header before the bytes of an ed25519 key. Source: RFC 8410 section 7. */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');

const apiKey = (apiKeyValue: string): ConnectionSecret => ({
  credentials: { authorizationType: 'API_KEY', apiKeyName: 'x-key', apiKeyValue },
});

function masked(body: string, secret: ConnectionSecret, token?: string, status = 400): string {
  return maskedAnswer({ status, headers: {}, body }, { secret }, token).body;
}

const value = `s3cr&t <"k'y"> a/b+c=ü!(*)\\`;

describe('a credential in an answer', () => {
  const percent = encodeURIComponent(value);
  const base64 = Buffer.from(value).toString('base64');
  test.each([
    ['in plain text', value],
    ['percent-encoded', percent],
    ['percent-encoded in lower case', percent.replace(/%[0-9A-F]{2}/g, (each) => each.toLowerCase())],
    ['encoded as in a form', new URLSearchParams({ k: value }).toString().slice(2)],
    ['encoded as in a URL', encodeURI(value)],
    ['in JSON', JSON.stringify(value).slice(1, -1)],
    ['in JSON with escaped slashes', JSON.stringify(value).slice(1, -1).replaceAll('/', '\\/')],
    ['in JSON with ASCII characters only', JSON.stringify(value).slice(1, -1).replaceAll('ü', '\\u00fc')],
    ['in a JSON text within JSON', JSON.stringify(JSON.stringify(value)).slice(3, -3)],
    ['in HTML', 's3cr&amp;t &lt;&quot;k&#39;y&quot;&gt; a/b+c=ü!(*)\\'],
    ['in Base64', base64],
    ['in Base64 without padding', base64.replace(/=+$/, '')],
    ['in the Base64 of URLs', Buffer.from(value).toString('base64url')],
    ['in the Base64 of its JSON', Buffer.from(JSON.stringify(value).slice(1, -1)).toString('base64')],
    ['in the Base64 of a form', Buffer.from(new URLSearchParams({ k: value }).toString().slice(2)).toString('base64')],
    ['in hexadecimal digits', Buffer.from(value).toString('hex')],
  ])('a credential %s in an answer is masked, and the text around it stays', (_form, form) => {
    expect(masked(`before ${form} after ${form}`, apiKey(value))).toBe('before *** after ***');
  });

  test.each([0, 1, 2])('a credential after %d other bytes of a text in Base64 is masked', (offset) => {
    const text = Buffer.from(`${'x'.repeat(3 + offset)}opensesame and more`);
    for (const encoding of ['base64', 'base64url'] as const) {
      const shown = masked(text.toString(encoding), apiKey('opensesame'));
      expect(shown).toContain('***');
      for (const part of shown.split('***')) {
        expect(Buffer.from(part, encoding).toString()).not.toMatch(/pens|esam|same/);
      }
    }
  });

  test('texts that are a part of the Base64 of a short credential by chance are not masked', () => {
    expect(Buffer.from('xabc').toString('base64')).toContain('FiY');
    expect(masked('FiYe is no key', apiKey('abc'))).toBe('FiYe is no key');
  });

  test('a credential whose end is cut off by the end of the answer is masked', () => {
    expect(masked('the key is opensesa', apiKey('opensesame'))).toBe('the key is ***');
    expect(masked('the key is ope', apiKey('opensesame'))).toBe('the key is ope');
  });

  test('an answer that only repeats a credential shows nothing of the credential, even where the answer was cut', () => {
    const key = 'k'.repeat(3) + 'x'.repeat(497);
    expect(masked(key.repeat(140).slice(0, 65_536), apiKey(key))).not.toContain('kkk');
  });

  test('a credential of one character is masked', () => {
    expect(masked('key: q', apiKey('q'))).toBe('key: ***');
  });
});

describe('the values of a connection', () => {
  const parameters = {
    headerParameters: [{ key: 'x-a', value: 'header-secret', isValueSecret: true }],
    queryStringParameters: [{ key: 'q', value: 'query-secret', isValueSecret: true }],
    bodyParameters: [
      { key: 'b', value: 'body-secret', isValueSecret: true },
      { key: 'c', value: 'shown-value', isValueSecret: false },
      { key: 'd', value: 'v1', isValueSecret: true },
    ],
  };

  test("the password and the encoded 'user:password' of a BASIC connection are masked, but the user name is not", () => {
    const secret: ConnectionSecret = {
      credentials: { authorizationType: 'BASIC', username: 'jo', password: 'sésame' },
      invocationHttpParameters: parameters,
    };
    const pair = Buffer.from('jo:sésame').toString('base64');
    expect(masked(`jo sésame Basic ${pair}`, secret)).toBe('jo *** Basic ***');
  });

  test('secret parameters of all three kinds are masked unless they are very short, and other parameters are not', () => {
    const secret = { ...apiKey('opensesame'), invocationHttpParameters: parameters };
    const body = 'header-secret query-secret body-secret opensesame shown-value v1';
    expect(masked(body, secret)).toBe('*** *** *** *** shown-value v1');
  });

  test('access token, client secret and secret parameters of an OAuth connection are masked', () => {
    const secret: ConnectionSecret = {
      credentials: {
        authorizationType: 'OAUTH_CLIENT_CREDENTIALS',
        clientId: 'client',
        clientSecret: 'client-secret',
        authorizationEndpoint: 'https://login.example.com/token',
        httpMethod: 'POST',
        oauthHttpParameters: { bodyParameters: [{ key: 'p', value: 'oauth-secret', isValueSecret: true }] },
      },
    };
    const body = 'Bearer t0k.en/1== client client-secret oauth-secret';
    expect(masked(body, secret, 't0k.en/1==')).toBe('Bearer *** client *** ***');
  });
});

test('neither the body of a 2xx nor an empty body is changed by masking', () => {
  expect(masked('opensesame', apiKey('opensesame'), undefined, 200)).toBe('opensesame');
  expect(masked('', apiKey('opensesame'))).toBe('');
});

test('a credential with a lone surrogate is masked like any other', () => {
  expect(masked('a\uD800b', apiKey('a\uD800b'))).toBe('***');
});

describe('a key that signs the requests', () => {
  const shared = Buffer.from('shared-signing-key-of-the-endpoint');
  const seed = Buffer.from('0123456789abcdefghijklmnopqrstuv');
  const publicKey = createPublicKey(
    createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' }),
  ).export({ format: 'jwk' }).x;
  const secretKeys = {
    shared: `whsec_${shared.toString('base64')}`,
    private: `whsk_${seed.toString('base64')}`,
    pair: `whsk_${Buffer.concat([seed, Buffer.from(publicKey ?? '', 'base64url')]).toString('base64')}`,
  };

  function maskedWithKeys(body: string): string {
    const signingKeys = parseSigningSecret(JSON.stringify({ keys: [secretKeys.shared, secretKeys.private] }));
    const destination = { secret: apiKey('opensesame'), signingKeys };
    return maskedAnswer({ status: 401, headers: {}, body }, destination).body;
  }

  test.each([
    ['as it is configured', `expected ${secretKeys.shared}.`, 'expected whsec_***.'],
    ['percent-encoded', `expected ${encodeURIComponent(secretKeys.shared)}.`, 'expected whsec_***.'],
    ['as the text that it was made from', `expected ${shared.toString()}.`, 'expected ***.'],
    ['in hexadecimal digits', `expected ${shared.toString('hex')}.`, 'expected ***.'],
    ['as a private key', `expected ${secretKeys.private}.`, 'expected whsk_***.'],
  ])('a key that signs the requests is masked when the answer shows it %s', (_how, body, shown) => {
    expect(maskedWithKeys(`${body} opensesame`)).toBe(`${shown} ***`);
  });

  test('a key whose bytes are no text masks no replacement characters', () => {
    const bytes = Buffer.alloc(24, 0xff);
    const signingKeys = parseSigningSecret(`whsec_${bytes.toString('base64')}`);
    const body = `${bytes.toString()} ${bytes.toString('hex')}`;
    const { body: shown } = maskedAnswer({ status: 401, headers: {}, body }, { secret: apiKey('q'), signingKeys });
    expect(shown).toBe(`${bytes.toString()} ***`);
  });

  test('of a private key that is followed by its public key, at most the public key is shown', () => {
    const shown = maskedWithKeys(secretKeys.pair);
    expect(shown).toContain('whsk_***');
    expect(shown.length).toBeLessThan(secretKeys.pair.length - 35);
  });
});
