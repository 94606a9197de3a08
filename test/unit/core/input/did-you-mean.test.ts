import { expect, test } from 'vitest';
import { didYouMean } from '../../../../lib/core/input/did-you-mean.ts';

const names = ['TimeoutSeconds', 'Burst', 'AllowedHosts', 'MaximumConcurrency', 'MaximumConcurrencyPerWorker'];

test.each([
  ['TimeoutSecond', 'TimeoutSeconds'],
  ['timeoutseconds', 'TimeoutSeconds'],
  ['Timeout_Seconds', 'TimeoutSeconds'],
  ['timeout-seconds.', 'TimeoutSeconds'],
  ['TimeuotSeconds', 'TimeoutSeconds'],
  ['Timeout', 'TimeoutSeconds'],
  ['AllowedHost', 'AllowedHosts'],
  ['Bursts', 'Burst'],
  ['Bur', 'Burst'],
  ['MaximumBurst', 'Burst'],
  ['MaximumConcurency', 'MaximumConcurrency'],
  ['MaximumConcurrencyWorker', 'MaximumConcurrency or MaximumConcurrencyPerWorker'],
  [`Burst${'x'.repeat(59)}`, 'Burst'],
])('the question for %s names %s', (written, similar) => {
  expect(didYouMean(written, names)).toBe(`Did you mean ${similar}?`);
});

test.each([['brust'], ['Burts'], ['Bu'], ['Retries'], [''], [`Burst${'x'.repeat(60)}`], ['T'.repeat(1_000_000)]])(
  'no name is similar to %s',
  (written) => {
    expect(didYouMean(written, names)).toBeUndefined();
  },
);

test('the question names at most three names, the most similar one first', () => {
  const destinations = ['orders-eu', 'invoices', 'orders-us', 'border', 'orders-jp', 'order'];
  expect(didYouMean('invoicesx', ['invaicas', 'invoices'])).toBe('Did you mean invoices or invaicas?');
  expect(didYouMean('orders', destinations)).toBe('Did you mean orders-eu or orders-us or orders-jp?');
});

test('when a name differs only in capitals, the question names no other', () => {
  expect(didYouMean('maximumconcurrency', names)).toBe('Did you mean MaximumConcurrency?');
});

test('a part of two characters makes no name similar', () => {
  expect(didYouMean('ab', ['abcdef', 'a'])).toBe('Did you mean a?');
});

test('no name is suggested when the list of names is empty', () => {
  expect(didYouMean('Burst', [])).toBeUndefined();
});
