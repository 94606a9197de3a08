import { expect, test } from 'vitest';
import { nearName } from '../../../../lib/core/input/near-name.ts';

const names = ['TimeoutSeconds', 'Burst', 'AllowedHosts', 'MaximumConcurrency', 'MaximumConcurrencyPerWorker'];

test.each([
  ['TimeoutSecond', 'TimeoutSeconds'],
  ['timeoutseconds', 'TimeoutSeconds'],
  ['Timeout_Seconds', 'TimeoutSeconds'],
  ['TimeuotSeconds', 'TimeoutSeconds'],
  ['AllowedHost', 'AllowedHosts'],
  ['brust', undefined],
  ['Burts', undefined],
  ['Bursts', 'Burst'],
  ['MaximumConcurency', 'MaximumConcurrency'],
  ['MaximumConcurrencyWorker', 'MaximumConcurrencyPerWorker'],
  ['Retries', undefined],
  ['', undefined],
  ['T'.repeat(1_000_000), undefined],
])('the name most similar to %s is %s', (written, near) => {
  expect(nearName(written, names)).toBe(near);
});

test('a list without names contains no similar name', () => {
  expect(nearName('Burst', [])).toBeUndefined();
});
