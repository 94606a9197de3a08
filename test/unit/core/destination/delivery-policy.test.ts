import { describe, expect, test } from 'vitest';
import { withOverrides } from '../../../../lib/core/destination/delivery-policy.ts';
import { policyOf } from '../../../fakes/delivery-policies.ts';

const defaults = policyOf({ maximumConcurrencyPerWorker: 7 });

describe('the policy of a destination', () => {
  test('the policy of a destination replaces only the defaults that it names', () => {
    const signing = { secretArn: 'arn:signing' };
    expect(withOverrides(defaults, { timeoutMs: 20_000, signing })).toEqual({
      ...defaults,
      timeoutMs: 20_000,
      signing,
    });
    expect(withOverrides(defaults)).toEqual(defaults);
  });

  test('a destination may set one member of the retry policy, and the other member keeps its default', () => {
    const { retryPolicy } = withOverrides(defaults, { retryPolicy: { maximumRetryAttempts: 0 } });
    expect(retryPolicy).toEqual({ maximumRetryAttempts: 0, maximumEventAgeMs: 86_400_000 });
  });
});
