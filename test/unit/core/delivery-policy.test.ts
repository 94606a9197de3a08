import { describe, expect, test } from 'vitest';
import type { DeliveryPolicy } from '../../../lib/core/delivery-policy.ts';
import { withOverrides } from '../../../lib/core/delivery-policy.ts';

const defaults: DeliveryPolicy = {
  timeoutMs: 5000,
  burst: 1,
  maximumConcurrencyPerWorker: 7,
  retryPolicy: { maximumRetryAttempts: 185, maximumEventAgeMs: 86_400_000 },
  retryableStatuses: [],
  transport: {},
};

describe('what a destination sets of its policy', () => {
  test('beats the default, and nothing else changes', () => {
    const signing = { secretArn: 'arn:signing' };
    expect(withOverrides(defaults, { timeoutMs: 20_000, signing })).toEqual({
      ...defaults,
      timeoutMs: 20_000,
      signing,
    });
    expect(withOverrides(defaults)).toEqual(defaults);
  });

  test('may be half a retry policy: the other half keeps its default', () => {
    const { retryPolicy } = withOverrides(defaults, { retryPolicy: { maximumRetryAttempts: 0 } });
    expect(retryPolicy).toEqual({ maximumRetryAttempts: 0, maximumEventAgeMs: 86_400_000 });
  });
});
