/** What the parts of a deployed function tell those who watch it, beside the deliveries' own log. */
import type { CountMetric, TimeMetric } from '../core/delivery/metrics.ts';

/** What a connection's owner should hear of at once. Never throws and never waits. */
export interface ConnectionLog {
  /** A worker has found its credentials to be worth nothing, and nobody had before. */
  deauthorized(connectionName: string): void;
}

/** A connection that was not made, because of where it would have ended. */
export interface RefusedAddress {
  readonly host: string;
  /** What the host resolved to; absent when the host itself says enough. */
  readonly address?: string;
  /** The class of addresses, such as `private` or `metadata`. */
  readonly reason: string;
}

/** What was refused to keep the stack safe, for whoever watches over it. Never throws and never waits. */
export interface SecurityLog {
  addressRefused(refused: RefusedAddress): void;
}

/** What decides where a connection's credentials go has changed, or was refused. Names and hosts, never a credential. */
export type CredentialsEvent =
  /** Its requests go to another host, or with another connection, and no policy says that they may. */
  | {
      readonly event: 'destination-moved';
      readonly apiDestination: string;
      readonly connection: string;
      /** Absent when it was that one before. */
      readonly formerConnection?: string;
      readonly fromHost: string;
      readonly toHost: string;
    }
  /** A new one takes them to a host where none of the connection's others are, and no policy says that it may. */
  | {
      readonly event: 'destination-added';
      readonly apiDestination: string;
      readonly connection: string;
      readonly host: string;
    }
  /** It was to send them to a host that the connection's policy does not allow. */
  | { readonly event: 'destination-refused'; readonly apiDestination: string; readonly connection: string }
  /** Somebody else may answer for its host, or carry its requests: what its delivery policy says of that now. */
  | {
      readonly event: 'transport-changed';
      readonly apiDestination: string;
      readonly connection: string;
      readonly caCertificateSecretArn?: string;
      readonly serverName?: string;
      readonly proxyUrl?: string;
    }
  /** They may go to hosts that they could not go to before; `any` when to all. */
  | { readonly event: 'hosts-loosened'; readonly connection: string; readonly hosts: readonly string[] | 'any' }
  /** They are taken from another secret of somebody's, or no longer when there is none. */
  | { readonly event: 'secret-changed'; readonly connection: string; readonly secretArn?: string };

/** By whose request it came. */
export interface Requester {
  readonly requestId: string;
  /** Access key id of the API key. Absent: IAM has let them in, or nobody was asked who they are. */
  readonly accessKeyId?: string;
}

/** For whoever watches over credentials. Never throws and never waits. */
export interface CredentialsLog {
  record(event: CredentialsEvent, requester: Requester): void;
}

/**
 * What is counted and timed. Never throws and never waits.
 *
 * `apiDestination` is the name of one that exists: each name may cost its owner.
 */
export interface Metrics {
  count(name: CountMetric, apiDestination?: string): void;
  time(name: TimeMetric, durationMs: number, apiDestination?: string): void;
}

/** Metrics that are written down together for each invocation. */
export interface InvocationMetrics extends Metrics {
  /**
   * Runs an invocation, and writes down at its end, whatever its end, what nobody has written yet.
   *
   * @param signal aborts when the time runs out: from then on nothing waits for the end, which may never come
   */
  during<Result>(signal: AbortSignal, invocation: () => Promise<Result>): Promise<Result>;
}
