import type { DeliveryPolicy } from '../../lib/core/destination/delivery-policy.ts';

/** The policies of a worker with default settings, plus the members that a test sets. */
export function policyOf(members: Partial<DeliveryPolicy> = {}): DeliveryPolicy {
  return {
    timeoutMs: 5000,
    burst: 1,
    maximumConcurrency: undefined,
    maximumConcurrencyPerWorker: undefined,
    retryPolicy: { maximumRetryAttempts: 185, maximumEventAgeMs: 86_400_000 },
    retryableStatuses: [],
    transport: {},
    ...members,
  };
}
