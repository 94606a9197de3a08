import type { DeliveryPolicy } from '../../lib/core/destination/delivery-policy.ts';

/** What a worker has whose environment sets nothing, with other members where a test is about them. */
export function policyOf(members: Partial<DeliveryPolicy> = {}): DeliveryPolicy {
  return {
    timeoutMs: 5000,
    burst: 1,
    maximumConcurrencyPerWorker: undefined,
    retryPolicy: { maximumRetryAttempts: 185, maximumEventAgeMs: 86_400_000 },
    retryableStatuses: [],
    transport: {},
    ...members,
  };
}
