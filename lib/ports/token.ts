import type { Connection, ConnectionState } from '../core/destination/connection.ts';
import type { TokenPause } from '../core/token/pause.ts';

/** The token of a connection as the table stores it for all workers. */
export interface StoredToken {
  /** Rises by one with every new token; 0 before the first token. */
  readonly generation: number;
  /** The secret version that the token was obtained with. */
  readonly secretVersion: string;
  /** The sealed token with its token type; absent before the first token. */
  readonly sealed?: Uint8Array;
  /** Absent when the token is used until a 401. */
  readonly expiresAtMs?: number;
  readonly obtainedAtMs: number;
  /** The worker that renews the token. No other worker does so until `leaseUntilMs`. */
  readonly leaseHolder?: string;
  readonly leaseUntilMs?: number;
  /** Present from the first failed token request to the next token, even after the end of the pause. */
  readonly pause?: TokenPause;
}

export interface TokenStore {
  /** Strongly consistent. Undefined when there is no token yet. */
  read(connectionIncarnation: string): Promise<StoredToken | undefined>;
  /**
   * One conditional write: it takes the lease only if the generation has not changed, no lease is running, and there is no
   * pause that the worker respects.
   */
  takeLease(lease: TokenLease): Promise<boolean>;
  /**
   * Saves the token, and ends the lease and the run of failures, but only while the lease is still held. Resolves to false
   * when another worker has taken over.
   */
  save(connectionIncarnation: string, leaseHolder: string, token: StoredToken): Promise<boolean>;
  /**
   * Ends the lease without a token, and begins a pause if one is given. Resolves to false when nothing was written, because
   * the lease is not held any more.
   */
  endLease(connectionIncarnation: string, leaseHolder: string, pause?: TokenPause): Promise<boolean>;
}

export interface TokenLease {
  readonly connectionIncarnation: string;
  /** Generation of the token that expires or was rejected; 0 when there is no token. */
  readonly generation: number;
  readonly holder: string;
  readonly nowMs: number;
  readonly untilMs: number;
  /** The lease is refused during a pause of this secret version. Absent: pauses are ignored. */
  readonly unlessPaused?: string;
}

/** A change of a connection's state by a worker. It applies only to the secret version that the worker used. */
export interface ConnectionStateChange {
  readonly name: string;
  readonly incarnation: string;
  readonly secretVersion: string;
  readonly state: ConnectionState;
  readonly stateReason?: string;
  /** If set, the change applies only while the run of refused requests that began at this time goes on. */
  readonly unauthorizedSinceMs?: number;
  readonly nowMs: number;
}

/** A reason that applies only to the secret version that the worker used. */
export type ConnectionNote = Pick<ConnectionStateChange, 'name' | 'incarnation' | 'secretVersion'> & {
  readonly stateReason: string;
};

export interface ConnectionStates {
  /**
   * Stores the new current version of the secret that the connection's policy names.
   *
   * @param connection as it was read
   * @returns false when the connection has changed since it was read; nothing was written then
   */
  adopt(connection: Connection, version: string, nowMs: number): Promise<boolean>;
  /**
   * Stores why an AUTHORIZING connection has no token yet. Nothing else changes, so the time of its first try stays known.
   * Nothing is written when the connection is gone, has another state or has other credentials.
   */
  noteReason(note: ConnectionNote): Promise<void>;
  /**
   * Resolves to false when nothing was written, because the connection is gone, its credentials have changed, or the run of
   * refused requests has ended.
   */
  change(change: ConnectionStateChange): Promise<boolean>;
}
