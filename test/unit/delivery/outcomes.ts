import type { AttemptOutcome, Delivery } from '../../../lib/core/delivery/delivery.ts';
import {
  type DeliveryPolicy,
  defaultTransport,
  type RetryPolicy,
} from '../../../lib/core/destination/delivery-policy.ts';
import type { AttemptResult } from '../../../lib/delivery/attempt.ts';
import type { ResolvedDestination } from '../../../lib/core/destination/resolved-destination.ts';
import { apiDestinationOf, connectionOf } from '../../contract/dynamodb/subjects.ts';

export const retryPolicy: RetryPolicy = { maximumRetryAttempts: 185, maximumEventAgeMs: 86_400_000 };

export function routeOf(policy: Partial<DeliveryPolicy> = {}): ResolvedDestination {
  return {
    apiDestination: apiDestinationOf('orders'),
    connection: connectionOf('billing'),
    secret: { credentials: { authorizationType: 'BASIC', username: 'someone', password: 'canary' } },
    policy: {
      timeoutMs: 5000,
      burst: 1,
      maximumConcurrency: undefined,
      maximumConcurrencyPerWorker: undefined,
      retryPolicy,
      retryableStatuses: [],
      transport: {},
      ...policy,
    },
    transport: defaultTransport,
    versions: '',
  };
}

const failedNow: AttemptOutcome = {
  kind: 'retryable',
  code: 'EndpointFailed',
  reason: 'The endpoint answered 503.',
  status: 503,
};

export const delivered: AttemptResult = {
  kind: 'tried',
  rateWaitMs: 0,
  latenciesMs: [],
  outcome: { kind: 'delivered', status: 200 },
  requested: true,
  destination: routeOf(),
};
export const rejected: AttemptResult = {
  kind: 'tried',
  rateWaitMs: 0,
  latenciesMs: [],
  outcome: { kind: 'permanent', code: 'EndpointRejected', reason: 'The endpoint answered 422.', status: 422 },
  requested: true,
  destination: routeOf(),
};

/** The result of an attempt whose request failed with a retryable outcome. */
export function failedForNow(retryAfterMs?: number, policy: Partial<DeliveryPolicy> = {}): AttemptResult {
  const outcome = retryAfterMs === undefined ? failedNow : { ...failedNow, retryAfterMs };
  return { kind: 'tried', rateWaitMs: 0, latenciesMs: [], outcome, requested: true, destination: routeOf(policy) };
}

/** The result of a try that failed with a retryable outcome before a request was made. */
export const putOff: AttemptResult = {
  kind: 'tried',
  rateWaitMs: 0,
  latenciesMs: [],
  outcome: { kind: 'retryable', code: 'StoreUnavailable', reason: 'Could not read the API destination.' },
  requested: false,
};

export function deliveryOf(members: Partial<Delivery> = {}): Delivery {
  return {
    apiDestination: 'orders',
    event: { value: { id: 'e-1' } },
    target: {},
    attempts: 0,
    postponements: 0,
    firstReceivedAtMs: Date.UTC(2026, 0, 1),
    ...members,
  };
}
