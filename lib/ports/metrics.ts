/** Ports for metrics, and for all logs except the log of deliveries. */
import type { FailureCode } from '../core/failure/failure.ts';
import type { HealthEvent } from '../core/health/health-event.ts';
import type { CountMetric, TimeMetric } from '../core/delivery/metrics.ts';

/** Events that a connection's owner should learn about at once. Never throws and never waits. */
export interface ConnectionLog {
  /** A worker has deauthorized the connection; called once for each deauthorization. */
  deauthorized(connectionName: string): void;
  /** A request for an OAuth token has failed. */
  tokenFailed(failed: FailedTokenRequest): void;
}

/** The reason contains no credential and no token. */
export interface FailedTokenRequest {
  readonly connection: string;
  readonly code: FailureCode;
  readonly reason: string;
  /** Epoch ms; absent when no further request is planned. */
  readonly nextTryAtMs?: number;
}

/** The log of health events. Each change is recorded once, by the worker that made it. Never throws and never waits. */
export interface HealthLog {
  record(event: HealthEvent): void;
}

/** A network connection that was refused because of its address. */
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

/**
 * A change, made or refused, of the places to which a connection's credentials go. Contains names and hosts, never a
 * credential.
 */
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
  /**
   * A new destination sends credentials to a host that no other destination of the connection uses, and no policy allows it
   * explicitly.
   */
  | {
      readonly event: 'destination-added';
      readonly apiDestination: string;
      readonly connection: string;
      readonly host: string;
    }
  /** A destination would have sent credentials to a host that the connection's policy does not allow. */
  | { readonly event: 'destination-refused'; readonly apiDestination: string; readonly connection: string }
  /**
   * Another server may now answer for the destination's host or see its requests. An absent member means that the setting is
   * not set.
   */
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
  /**
   * The credentials now come from another named secret. `secretArn` is absent when they come from the connection's own secret
   * again.
   */
  | { readonly event: 'secret-changed'; readonly connection: string; readonly secretArn?: string };

/** The control API request that caused a `CredentialsEvent`. */
export interface Requester {
  readonly requestId: string;
  /** Access key id of the API key. Absent when IAM authorized the request, or when nothing was checked. */
  readonly accessKeyId?: string;
}

/** The log of `CredentialsEvent`s. Never throws and never waits. */
export interface CredentialsLog {
  record(event: CredentialsEvent, requester: Requester): void;
}

/**
 * Records counts and times. Never throws and never waits.
 *
 * `apiDestination` must be the name of an existing destination, because CloudWatch bills each name.
 */
export interface Metrics {
  count(name: CountMetric, apiDestination?: string): void;
  time(name: TimeMetric, durationMs: number, apiDestination?: string): void;
}

/** Metrics that are written out together, once for each invocation. */
export interface InvocationMetrics extends Metrics {
  /**
   * Runs an invocation and writes all remaining metrics when it ends or fails.
   *
   * @param signal aborts when the time runs out. From then on metrics are written at once, because the invocation may be cut
   * off before its end
   */
  during<Result>(signal: AbortSignal, invocation: () => Promise<Result>): Promise<Result>;
}
