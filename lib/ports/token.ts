import type { Connection, ConnectionState } from '../core/destination/connection.ts';

/** The fleet's one token of a connection, as the table holds it. */
export interface StoredToken {
  /** Raised by one with every token obtained; 0 before the first. */
  readonly generation: number;
  /** The secret version that the token was obtained with. */
  readonly secretVersion: string;
  /** Sealed token and token type; absent before the first. */
  readonly sealed?: Uint8Array;
  /** Absent: serves until a 401. */
  readonly expiresAtMs?: number;
  readonly obtainedAtMs: number;
  /** Who is renewing it, and until when nobody else does. */
  readonly leaseHolder?: string;
  readonly leaseUntilMs?: number;
}

export interface TokenStore {
  /** Strongly consistent. Undefined: no token yet. */
  read(connectionIncarnation: string): Promise<StoredToken | undefined>;
  /** One conditional write: taken only while the generation is still that one and no lease is running. */
  takeLease(lease: TokenLease): Promise<boolean>;
  /** Conditional on the lease being held still; ends it. False: another worker has taken over. */
  save(connectionIncarnation: string, leaseHolder: string, token: StoredToken): Promise<boolean>;
  /** Ends the lease without a token, so that another worker need not wait for its end. */
  releaseLease(connectionIncarnation: string, leaseHolder: string): Promise<void>;
}

export interface TokenLease {
  readonly connectionIncarnation: string;
  /** Generation of the ending or rejected token; 0 when there is none. */
  readonly generation: number;
  readonly holder: string;
  readonly nowMs: number;
  readonly untilMs: number;
}

/** A change of a connection's state by a worker, conditional on the secret version that the worker has used. */
export interface ConnectionStateChange {
  readonly name: string;
  readonly incarnation: string;
  readonly secretVersion: string;
  readonly state: ConnectionState;
  readonly stateReason?: string;
  /** Only while the run of refused requests that began then has not ended. */
  readonly unauthorizedSinceMs?: number;
  readonly nowMs: number;
}

export interface ConnectionStates {
  /**
   * Writes down that the secret which the connection's policy names has another current version.
   *
   * @param connection as it was read
   * @returns false when it is not that one any more; nothing was written then
   */
  adopt(connection: Connection, version: string, nowMs: number): Promise<boolean>;
  /**
   * False: the connection is gone, or its credentials have changed meanwhile, or the run that was named has ended; nothing
   * was written.
   */
  change(change: ConnectionStateChange): Promise<boolean>;
}
