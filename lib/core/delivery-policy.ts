/** How the connection to an endpoint is made. Requests of different transports never share a socket. */
export interface Transport {
  /** Distinguishes pools of one origin; empty for the default transport. */
  readonly key: string;
}

export const defaultTransport: Transport = { key: '' };

export interface RetryPolicy {
  /** 0 to 185; N allowed retries mean at most N + 1 attempts. */
  readonly maximumRetryAttempts: number;
  /** 60 s to 24 h, in ms. */
  readonly maximumEventAgeMs: number;
}

/** Everything that may differ from one API destination to the next, with every default filled in. */
export interface DeliveryPolicy {
  /** Limit of one whole exchange, from connecting to the last byte of the answer. Default 5000. */
  readonly timeoutMs: number;
  /** Requests that may go at once after a pause. Default 1. */
  readonly burst: number;
  /** Requests in flight from one worker; undefined means no limit. */
  readonly maximumConcurrencyPerWorker: number | undefined;
  readonly retryPolicy: RetryPolicy;
  /** Statuses that are retried beyond those that always are. */
  readonly retryableStatuses: readonly number[];
  readonly transport: Transport;
}

export type DeliveryPolicyOverrides = Partial<DeliveryPolicy>;

/** Later overrides win; a member that an override does not name keeps its value. */
export function withOverrides(
  defaults: DeliveryPolicy,
  ...overrides: readonly (DeliveryPolicyOverrides | undefined)[]
): DeliveryPolicy {
  return Object.assign({}, defaults, ...overrides);
}
