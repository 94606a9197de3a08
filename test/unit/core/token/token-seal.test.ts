import { createCipheriv, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deriveTokenKey, nonceBytes, openToken, sealToken } from '../../../../lib/core/token/seal.ts';

const content = { accessToken: 'canary-token' };
const binding = { connectionIncarnation: 'c0ffee', generation: 3, secretVersion: 'v1' };
const key = deriveTokenKey('root', 'client secret');
const nonce = Uint8Array.from({ length: nonceBytes }, (_, index) => index);
const sealed = sealToken(key, content, binding, nonce);

describe('a sealed token', () => {
  test('opening a sealed token yields the token and its type unchanged', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (accessToken) => {
        const box = sealToken(key, { accessToken }, binding, randomBytes(nonceBytes));
        expect(openToken(key, box, binding)).toEqual({ accessToken });
      }),
    );
  });

  test('a sealed token begins with its version and the nonce, and does not contain the token', () => {
    expect(sealed.slice(0, 1 + nonceBytes)).toEqual(Uint8Array.of(1, ...nonce));
    expect(Buffer.from(sealed).toString('latin1')).not.toContain('canary');
  });

  test('the format of a sealed token is the same as in earlier versions, so that stored tokens still open', () => {
    expect(Buffer.from(sealed).toString('hex')).toBe(
      '01000102030405060708090a0bd2e5d3984b8572067a34ee6924a2727a8165a8bd2347bf3f3058e2d7c31c1beaab5be257ef90babff4',
    );
  });

  function sealedText(text: string): Uint8Array {
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    cipher.setAAD(Buffer.from('[1,"c0ffee",3,"v1"]'));
    const ciphertext = Buffer.concat([cipher.update(text), cipher.final()]);
    return Buffer.concat([Uint8Array.of(1), nonce, cipher.getAuthTag(), ciphertext]);
  }

  test.each(['"to"', '{"accessToken":"t"}', '[5,"Bearer"]', 'null', 'no JSON'])(
    'a sealed text that contains %s is not a token',
    (text) => {
      expect(openToken(key, sealedText(text), binding)).toBeUndefined();
    },
  );

  test('a token of another type than Bearer that an earlier version has sealed can still be opened', () => {
    expect(openToken(key, sealedText('["t","mac"]'), binding)).toEqual({ accessToken: 't' });
  });

  test('a sealed token does not open when one bit of it is changed', () => {
    for (let index = 0; index < sealed.length; index += 1) {
      const tampered = sealed.map((byte, at) => (at === index ? byte ^ 1 : byte));
      expect(openToken(key, tampered, binding), `byte ${index}`).toBeUndefined();
    }
  });

  test.each([0, 1, 20, 28, 29, -1])('a sealed token that is cut with slice(0, %i) does not open', (length) => {
    expect(openToken(key, sealed.slice(0, length), binding)).toBeUndefined();
  });

  test.each([
    ['another root secret', deriveTokenKey('other', 'client secret')],
    ['another client secret', deriveTokenKey('root', 'other')],
    ['secrets that give the same text when they are joined', deriveTokenKey('rootclient', ' secret')],
  ])('a sealed token does not open under %s', (_, otherKey) => {
    expect(openToken(otherKey, sealed, binding)).toBeUndefined();
  });

  test.each([
    ['connection', { ...binding, connectionIncarnation: 'beef' }],
    ['generation', { ...binding, generation: 4 }],
    ['secret version', { ...binding, secretVersion: 'v2' }],
  ])('a sealed token does not open for another %s', (_, otherBinding) => {
    expect(openToken(key, sealed, otherBinding)).toBeUndefined();
  });
});
