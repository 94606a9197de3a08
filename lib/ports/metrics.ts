/** Ports for metrics and for logs beside the log of deliveries. */
import type { FailureCode } from '../core/failure/failure.ts';
import type { CountMetric, TimeMetric } from '../core/delivery/metrics.ts';

/** Events that a connection's owner should know at once. Never throws and never waits. */
export interface ConnectionLog {
  /** A worker has deauthorized the connection; called once for each deauthorization. */
  deauthorized(connectionName: string): void;
}

/** A change of how the endpoint of an API destination fares. Times are epoch ms. */
export type HealthEvent = { readonly apiDestination: string } & (
  | {
      /** `unhealthy`: too many failures in a row, so that nothing but probes is sent. `probe-failed`: still so. */
      readonly event: 'unhealthy' | 'probe-failed';
      readonly code: FailureCode;
      /** Failures of the whole fleet since the last answer. */
      readonly failures: number;
      readonly nextProbeAtMs: number;
    }
  | { readonly event: 'healthy'; readonly unhealthyForMs: number }
);

/** Log of such changes; each is recorded once, by the worker that made it. Never throws and never waits. */
export interface HealthLog {
  record(event: HealthEvent): void;
}

/** A network connection that was not made because of its address. */
export interface RefusedAddress {
  readonly host: string;
  /** The address that the host resolved to; absent when the host itself was refused. */
  readonly address?: string;
  /** The class of addresses, such as `private` or `metadata`. */
  readonly reason: string;
}

/** Refusals that keep the stack safe. Never throws and never waits. */
export interface SecurityLog {
  addressRefused(refused: RefusedAddress): void;
}

/** A change, or a refused change, of where a connection's credentials go. Contains names and hosts, never a credential. */
export type CredentialsEvent =
  /** A destination now goes to another host or uses another connection, and no policy allows it explicitly. */
  | {
      readonly event: 'destination-moved';
      readonly apiDestination: string;
      readonly connection: string;
      /** Absent when the connection did not change. */
      readonly formerConnection?: string;
      readonly fromHost: string;
      readonly toHost: string;
    }
  /** A new destination sends credentials to a host of no other destination, and no policy allows it explicitly. */
  | {
      readonly event: 'destination-added';
      readonly apiDestination: string;
      readonly connection: string;
      readonly host: string;
    }
  /** A destination would have sent credentials to a host that the connection's policy does not allow. */
  | { readonly event: 'destination-refused'; readonly apiDestination: string; readonly connection: string }
  /** Another server may now answer for the destination's host or see its requests. Absent members are not set. */
  | {
      readonly event: 'transport-changed';
      readonly apiDestination: string;
      readonly connection: string;
      readonly caCertificateSecretArn?: string;
      readonly serverName?: string;
      readonly proxyUrl?: string;
    }
  /** The connection's policy allows more hosts; `any` when it allows all. */
  | { readonly event: 'hosts-loosened'; readonly connection: string; readonly hosts: readonly string[] | 'any' }
  /** The credentials come from another named secret; absent when they come from the connection's own secret again. */
  | { readonly event: 'secret-changed'; readonly connection: string; readonly secretArn?: string };

/** The request that made the change. */
export interface Requester {
  readonly requestId: string;
  /** Access key id of the API key. Absent when IAM authorized the request, or when nothing was checked. */
  readonly accessKeyId?: string;
}

/** Log of changes of where credentials go. Never throws and never waits. */
export interface CredentialsLog {
  record(event: CredentialsEvent, requester: Requester): void;
}

/**
 * Counts and times. Never throws and never waits.
 *
 * `apiDestination` must be the name of an existing destination, because CloudWatch bills each name.
 */
export interface Metrics {
  count(name: CountMetric, apiDestination?: string): void;
  time(name: TimeMetric, durationMs: number, apiDestination?: string): void;
}

/** Metrics that are written down together for each invocation. */
export interface InvocationMetrics extends Metrics {
  /**
   * Runs an invocation and writes all remaining metrics when it ends or fails.
   *
   * @param signal aborts when the time runs out; from then on metrics are written at once, because the end may never come
   */
  during<Result>(signal: AbortSignal, invocation: () => Promise<Result>): Promise<Result>;
}
