import { expect, test } from 'vitest';
import { apiIn, apis, expiryIn, publicIdOf } from '../../../lib/console/page/api-keys/api-key-draft.ts';
import { apiIds, validityFrom } from '../../../lib/core/api-key/api-key.ts';

const dayMs = 86_400_000;

test('the page offers exactly the APIs that a key may have', () => {
  expect(Object.keys(apis)).toEqual(apiIds);
});

test.each([1, 7, 365])('the service accepts a validity of %d days, also if its clock is 50 s off', (days) => {
  const nowMs = Date.UTC(2026, 0, 31, 8, 59, 30);
  const expires = expiryIn(String(days), nowMs);
  for (const offMs of [-50_000, 50_000])
    expect(validityFrom(nowMs + offMs, expires).expiresAtSeconds * 1000).toBeGreaterThan(
      nowMs + days * dayMs - 3_700_000,
    );
});

test.each(['', 'a week', '1.5', '-3', '99999'])('the text %j is not a number of days', (days) => {
  expect(expiryIn(days, 0)).toBeUndefined();
});

test.each([
  ['events', 'events'],
  ['control', 'control'],
  ['other', 'control'],
  [null, 'control'],
])('the parameter %j of the address means the API %s', (text, api) => {
  expect(apiIn(text)).toBe(api);
});

test('the public id of a key has nothing of its secret part', () => {
  expect(publicIdOf('da2-abcdefghijSECRET')).toBe('da2-abcdefghij');
});
