/** What the parts of a deployed function tell those who watch it, beside the deliveries' own log. */
import type { CountMetric, TimeMetric } from './core/metrics.ts';

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
