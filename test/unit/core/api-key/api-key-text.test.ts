import { expect, test } from 'vitest';
import {
  apiOf,
  deriveSecret,
  equalsInConstantTime,
  formatPublicId,
  isPublicId,
  parseApiKey,
} from '../../../../lib/core/api-key/text.ts';

const publicId = 'da2-abcdefghij';

test('an API key consists of da2-, a public id of ten characters and a secret of 32 characters', () => {
  const secret = deriveSecret('root', 'control', publicId);
  expect(publicId + secret).toMatch(/^da2-[a-z2-7]{42}$/);
  expect(parseApiKey(publicId + secret)).toEqual({ publicId, secret });
});

test('the secret of an API key equals the one that Python derives with hmac and base64.b32encode', () => {
  expect(deriveSecret('root', 'control', publicId)).toBe('px734cnza74c6tzaalighwbmtvkpe5ia');
});

test('the secret of an API key differs for every root secret, API and public id', () => {
  const secrets = [
    deriveSecret('root', 'control', publicId),
    deriveSecret('root', 'events', publicId),
    deriveSecret('root2', 'control', publicId),
    deriveSecret('root', 'control', 'da2-abcdefghik'),
  ];
  expect(new Set(secrets).size).toBe(4);
});

test('the secret of an API key identifies its API, and a wrong secret identifies none', () => {
  const made = (apiId: 'control' | 'events') => (secret: string) =>
    equalsInConstantTime(secret, deriveSecret('root', apiId, publicId));
  expect(apiOf('root', publicId, made('control'))).toBe('control');
  expect(apiOf('root', publicId, made('events'))).toBe('events');
  expect(apiOf('other', publicId, made('events'))).toBeUndefined();
});

test('an API key is compared with the secret of every API, even when the first one matches', () => {
  const tried: string[] = [];
  apiOf('root', publicId, (secret) => tried.push(secret) > 0);
  expect(tried).toHaveLength(2);
});

test('the public id of an API key has ten random characters', () => {
  expect(formatPublicId(Uint8Array.of(0, 25, 26, 31, 32, 255, 1, 2, 3, 4))).toBe('da2-az27a7bcde');
  expect(isPublicId('da2-az27a7bcde')).toBe(true);
});

test.each(['', 'da2-', 'da2-abcdefghi', 'da2-abcdefghij1', 'DA2-ABCDEFGHIJ', 'da2-abcdefghij\n', 'abcdefghij'])(
  '%j is neither a public id nor a key',
  (text) => {
    expect(isPublicId(text)).toBe(false);
    expect(parseApiKey(text)).toBeUndefined();
  },
);
