import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import type { HttpRequest } from '../../../../lib/core/delivery/delivery.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { messageId, parseSigningSecret, signRequest } from '../../../../lib/core/request/signing.ts';
import { deliveryOf } from '../../delivery/outcomes.ts';
import { failureOf } from '../failure/failing.ts';

const base64 = (size: number, byte = 7) => Buffer.alloc(size, byte).toString('base64');
const shared = `whsec_${base64(32)}`;

function privateKeyText(form: 'seed' | 'pair' = 'pair') {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { d = '', x = '' } = privateKey.export({ format: 'jwk' });
  const parts = [Buffer.from(d, 'base64url'), ...(form === 'pair' ? [Buffer.from(x, 'base64url')] : [])];
  return { text: `whsk_${Buffer.concat(parts).toString('base64')}`, publicKey };
}

const request = (body?: string, headers: Record<string, string> = {}): HttpRequest => ({
  method: 'POST',
  origin: 'https://example.com',
  path: '/',
  headers,
  ...(body !== undefined && { body }),
});

function signed(secret: string, body?: string, headers?: Record<string, string>, nowMs = Date.now()) {
  const signing = { keys: parseSigningSecret(secret), messageId: 'event/orders' };
  return signRequest(request(body, headers), signing, nowMs).headers;
}

describe('a shared key', () => {
  test('a shared key gives the signature in the tests of Standard Webhooks', () => {
    // Source: standard-webhooks/standard-webhooks, libraries/javascript/src/webhook.test.ts.
    const signing = {
      keys: parseSigningSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'),
      messageId: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    };
    const headers = signRequest(request('{"test": 2432232314}'), signing, 1_614_265_330_999).headers;
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  test('a body of bytes has the signature of the same body as text', () => {
    const signing = { keys: parseSigningSecret(shared), messageId: 'a' };
    const body = 'h\u00e9';
    const ofBytes = signRequest({ ...request(), body: Buffer.from(body) }, signing, 0);
    expect(ofBytes.headers).toEqual(signRequest(request(body), signing, 0).headers);
  });

  test('the package standardwebhooks verifies any signature with a shared key of 24 to 64 bytes', () => {
    const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }));
    const property = fc.property(fc.uint8Array({ minLength: 24, maxLength: 64 }), text, (key, body) => {
      const secret = `whsec_${Buffer.from(key).toString('base64')}`;
      // The headers as an endpoint receives them.
      const received = Buffer.from(body).toString();
      expect(() => new Webhook(secret).verify(received, signed(secret, body), { jsonParse: false })).not.toThrow();
    });
    fc.assert(property);
  });

  test('a request without a body is signed like one with an empty body', () => {
    expect(signed(shared, undefined, {}, 0)).toEqual(signed(shared, '', {}, 0));
    expect(() => new Webhook(shared).verify('', signed(shared))).not.toThrow();
  });
});

describe('a private key', () => {
  test.each(['seed', 'pair'] as const)(
    'a private key in the form of a %s gives a signature that its public key verifies',
    (form) => {
      const { text, publicKey } = privateKeyText(form);
      const headers = signed(text, '{"größe":"😀"}');
      const [scheme, signature = ''] = (headers['webhook-signature'] ?? '').split(',');
      const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.{"größe":"😀"}`;
      expect(scheme).toBe('v1a');
      expect(verify(null, Buffer.from(content), publicKey, Buffer.from(signature, 'base64'))).toBe(true);
    },
  );

  test('the public key of a private key equals that of RFC 8032, section 7.1, test 3', () => {
    const seed = Buffer.from('c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7', 'hex');
    const { keys } = parseSigningSecret(`whsk_${seed.toString('base64')}`);
    const [{ key } = expect.fail('There is no key.')] = keys;
    const { x } = createPublicKey(key).export({ format: 'jwk' });
    expect(Buffer.from(x ?? '', 'base64url').toString('hex')).toBe(
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    );
  });
});

test('several signing keys give several signatures in the order of the keys', () => {
  const other = `whsec_${base64(24, 8)}`;
  const { text } = privateKeyText();
  const headers = signed(JSON.stringify({ keys: [shared, text, other] }), '{}');
  expect((headers['webhook-signature'] ?? '').split(' ').map((each) => each.split(',')[0])).toEqual([
    'v1',
    'v1a',
    'v1',
  ]);
  for (const key of [shared, other]) expect(() => new Webhook(key).verify('{}', headers)).not.toThrow();
});

test('signature headers replace only parameters of the same name, whatever its letter case', () => {
  const before = { 'Webhook-ID': 'x', 'WEBHOOK-TIMESTAMP': 'x', 'webhook-Signature': 'x', 'Webhook-Other': 'y' };
  expect(Object.keys(signed(shared, '{}', before)).toSorted()).toEqual([
    'Webhook-Other',
    'webhook-id',
    'webhook-signature',
    'webhook-timestamp',
  ]);
});

describe('the id of a message', () => {
  test('the id of a message is the Idempotency-Key, the same on every attempt', () => {
    expect(messageId(deliveryOf(), 'orders')).toBe('e-1/orders');
    expect(messageId(deliveryOf({ attempts: 3, postponements: 1 }), 'orders')).toBe('e-1/orders');
  });

  test('the id of a message has no full stop, even when the idempotency key has one', () => {
    const ids = fc.string({ unit: fc.constantFrom('.', '%', '2', 'E', '5', '/'), minLength: 1, maxLength: 6 });
    const idOf = (id: string) => messageId(deliveryOf({ event: { value: { id } } }), 'o.p');
    const property = fc.property(ids, ids, (one, other) => {
      expect(idOf(one)).not.toContain('.');
      expect(idOf(one) === idOf(other)).toBe(one === other);
    });
    fc.assert(property, { examples: [['.', '%2E']] });
  });
});

describe('the secret', () => {
  test('a signing secret may end with a line break', () => {
    expect(parseSigningSecret(`${shared}\n`).keys).toHaveLength(1);
    expect(parseSigningSecret(`\n{"keys": ["${shared}"]}\n`).keys).toHaveLength(1);
  });

  const mixed = Buffer.concat([Buffer.alloc(32, 7), Buffer.alloc(32, 1)]).toString('base64');
  test.each([
    ['', 'The key must begin with whsec_ or whsk_.'],
    [base64(32), 'The key must begin with whsec_ or whsk_.'],
    [`whpk_${base64(32)}`, 'The key must begin with whsec_ or whsk_.'],
    [`whsec_${base64(23)}`, 'The key does not have 24 to 64 bytes.'],
    [`whsec_${base64(65)}`, 'The key does not have 24 to 64 bytes.'],
    ['whsec_', 'The key does not have 24 to 64 bytes.'],
    [`whsec_${base64(32).replace('=', '')}`, 'The key is not padded base64 after its prefix.'],
    [`whsec_${base64(32)} ${shared}`, 'The key is not padded base64 after its prefix.'],
    [`whsec_${Buffer.alloc(33, 255).toString('base64url')}`, 'The key is not padded base64 after its prefix.'],
    [`whsk_${base64(33)}`, 'The key does not have 32 or 64 bytes.'],
    [`whsk_${mixed}`, 'The key ends with a public key that does not belong to its private key.'],
    ['{', 'It is not JSON.'],
    ['{}', 'keys must be a list of 1 to 10 keys.'],
    ['{"keys":[]}', 'keys must be a list of 1 to 10 keys.'],
    ['{"keys":"x"}', 'keys is not a list.'],
    [JSON.stringify({ keys: [shared, 7] }), 'keys[1] is not a string.'],
    [JSON.stringify({ keys: [shared, 'x'] }), 'keys[1] must begin with whsec_ or whsk_.'],
    [JSON.stringify({ keys: Array.from({ length: 11 }, () => shared) }), 'keys must be a list of 1 to 10 keys.'],
  ])('the signing secret %j is refused, and the error does not show it', (text, message) => {
    expect(failureOf(() => parseSigningSecret(text))).toBe(`InvalidPolicySecret: ${message}`);
  });

  test('printing a signing key does not show the key', () => {
    const { text } = privateKeyText();
    const keys = parseSigningSecret(JSON.stringify({ keys: [shared, text] }));
    const shown = `${inspect(keys, { depth: 9, showHidden: true })}${JSON.stringify(keys)}`;
    for (const part of [base64(32), Buffer.alloc(8, 7).toString('hex'), text.slice(5, 25)])
      expect(shown).not.toContain(part);
  });

  test('any signing secret is parsed or refused with a Failure that does not show it', () => {
    const piece = fc.constantFrom(
      'whsec_',
      'whsk_',
      '{"keys":[',
      '"',
      ',',
      ']}',
      base64(32),
      base64(64),
      ' ',
      '\n',
      '=',
      '{',
      '\\u0000',
    );
    const anything = fc.oneof(
      fc.array(piece).map((pieces) => pieces.join('')),
      fc.string({ unit: 'binary' }),
      fc.json(),
    );
    const property = fc.property(anything, (text) => {
      try {
        parseSigningSecret(text);
      } catch (error) {
        expect(error).toBeInstanceOf(Failure);
        expect(error).toMatchObject({ code: 'InvalidPolicySecret', cause: undefined });
        expect(String(error).length).toBeLessThan(100);
      }
    });
    fc.assert(property, { numRuns: 500 });
  });

  test('a signing secret of many megabytes is read in linear time', () => {
    const padding = 5_000_000;
    expect(parseSigningSecret(`${shared}${' '.repeat(padding)}`).keys).toHaveLength(1);
    for (const text of ['whsec_', 'whsk_', '{"keys":["whsec_', ' ']) {
      expect(failureOf(() => parseSigningSecret(`${text.padEnd(padding, text === ' ' ? ' ' : 'A')}.`))).toContain(
        'InvalidPolicySecret',
      );
    }
  });
});
