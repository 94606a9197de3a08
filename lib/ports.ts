/**
 * What the world must provide, as the rules and stories inside see it. Each port says what absent and unavailable mean.
 * Unless a port says otherwise, what cannot be reached throws a Failure `StoreUnavailable`, and what refuses (access
 * denied, a disabled key) throws `StoreRefused`. What only a newer version of the stack can read throws `NewerVersion`.
 */
import type { ApiDestination } from './core/api-destination.ts';
import type { Connection, ConnectionState } from './core/connection.ts';
import type { DeadLetter } from './core/dead-letter-message.ts';
import type { Conclusion, HttpAnswer, HttpRequest } from './core/delivery.ts';
import type { Transport } from './core/delivery-policy.ts';
import type { QueuedDelivery } from './core/queued-delivery.ts';
import type { Bucket, BucketWrite, BucketWriteResult } from './core/rate-bucket.ts';
import type { Failure } from './core/failure.ts';
import type { RawMessage } from './core/raw-message.ts';
import type { ReceivedMessage } from './core/sqs-event.ts';
import type { UnauthorizedRun } from './core/unauthorized-run.ts';

export interface Clock {
  /** Epoch milliseconds; may step back. */
  nowMs(): number;
  /** Resolves after the delay; rejects with the signal's reason when it aborts first. */
  delay(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** A number from 0 up to, not including, 1. */
export type Random = () => number;

/** Unpredictable bytes, for what must never repeat. */
export type RandomBytes = (size: number) => Uint8Array;

// Delivery ------------------------------------------------------------------------------------------------------------

/** Strongly consistent reads of what a delivery needs. Undefined: there is none of that name. */
export interface DeliveryConfiguration {
  readApiDestination(name: string): Promise<ApiDestination | undefined>;
  readConnection(name: string): Promise<Connection | undefined>;
}

export interface SecretValue {
  readonly version: string;
  readonly text: string;
}

export interface SecretReader {
  /** @returns undefined when the secret or that version does not exist */
  read(secretArn: string, version: string | 'AWSCURRENT'): Promise<SecretValue | undefined>;
}

export interface HttpExchange {
  /** Limit of the whole exchange, from connecting to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly transport: Transport;
  /** Whether the body of a 2xx answer is wanted; the bodies of all others are read, up to 64 KiB. */
  readonly readSuccessBody: boolean;
  /** Asked before the request is handed to a socket, which may be free late; false ends the exchange with a SlotMissed. */
  readonly mayBegin?: () => boolean;
  /** Awaited before the request goes out a second time because a kept-alive connection turned out dead; may reject. */
  readonly beforeResend?: () => Promise<void>;
}

export interface HttpClient {
  /**
   * Resolves for every status and follows no redirect. Only the network throws: a Failure DnsFailed, ConnectionRefused,
   * ConnectionFailed, ConnectionReset, TlsFailed, AnswerInvalid or TimedOut; OutOfTime when the signal aborted. An
   * address that may not be called is AddressRefused, and nothing was sent.
   */
  send(request: HttpRequest, exchange: HttpExchange): Promise<HttpAnswer>;
}

export interface DeadLetterQueue {
  /**
   * Resolves only when a queue has accepted it: the one that the delivery's target names, else the stack's own.
   *
   * @throws Failure DeliveryTooLarge when no message can hold it
   */
  send(deadLetter: DeadLetter): Promise<void>;
}

export interface DeliveryQueue {
  /**
   * Resolves only when the queue has accepted it.
   *
   * @param group deliveries of one group do not delay those of another
   * @throws Failure DeliveryTooLarge when no message can hold it
   */
  send(queued: QueuedDelivery, group: string): Promise<void>;
}

/** The queue that a batch of messages was received from. */
export interface ReceivedMessages {
  /**
   * Deletes a message that has been settled. Resolves when it is gone; those that settle together may travel together.
   *
   * @param isWanted asked when the call is about to be made; false resolves without one
   */
  remove(receiptHandle: string, isWanted?: () => boolean): Promise<void>;
}

/** Where messages go that are passed on as they are, body and attributes byte for byte. */
export interface RawMessages {
  /**
   * Resolves only when the delivery queue has accepted it, at the longest delay.
   *
   * @returns that delay, ms
   */
  sendBack(message: RawMessage): Promise<number>;
  /** Resolves only when the stack's own dead-letter queue has accepted it, with as much of the reason beside as it has room for. */
  bury(message: RawMessage, failure: Failure): Promise<void>;
}

export interface DeliveryLog {
  /** Never throws and never waits. */
  record(conclusion: Conclusion): void;
}

/** A request that an endpoint answered with 401 or 407, and what it was authorized with. */
export interface RefusedRequest {
  readonly connection: { readonly name: string; readonly incarnation: string };
  readonly secretVersion: string;
  readonly requestedAtMs: number;
  readonly nowMs: number;
  /** The run as it was last seen, which only makes the likelier write the first one. */
  readonly lastSeen?: UnauthorizedRun | undefined;
}

/** Each connection's run of refused requests, which the whole fleet counts together. */
export interface UnauthorizedRuns {
  /**
   * Adds one to the run, or begins one at `nowMs`.
   *
   * @returns the run as it now is. Undefined: not counted, because the request was made before the run began, its
   *   credentials are not in force any more, or the connection is not AUTHORIZED
   */
  add(refused: RefusedRequest): Promise<UnauthorizedRun | undefined>;
  /** Ends the run that began then; another one stays. */
  end(connection: { readonly name: string; readonly incarnation: string }, sinceMs: number): Promise<void>;
}

// Redrive -------------------------------------------------------------------------------------------------------------

/** The stack's own dead-letter queue, for somebody who looks through all of it. Handles are those of the last receive. */
export interface DeadLetterMessages {
  /** At most ten messages, hidden from everybody for so long. None: there is nothing that could be shown now. */
  receive(hiddenForMs: number): Promise<readonly ReceivedMessage[]>;
  /** Deletes at most ten; rejects when one of them may still be there. */
  remove(receiptHandles: readonly string[]): Promise<void>;
  /** Shows at most ten to everybody again, at once; what is gone or shown already is no failure. */
  release(receiptHandles: readonly string[]): Promise<void>;
}

/** What is scarce and slow, one worker's token requests and requests to some endpoints, at most so many at a time. */
export interface ConcurrencyLimit {
  /** Runs the work when fewer than `maximum` of that key are running, in the order asked. */
  run<Result>(key: string, maximum: number, work: () => Promise<Result>): Promise<Result>;
}

// OAuth tokens --------------------------------------------------------------------------------------------------------

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

// Rate ----------------------------------------------------------------------------------------------------------------

/** Which bucket: a destination's, and of those the shard. */
export interface BucketKey {
  readonly destinationIncarnation: string;
  readonly shard: number;
}

/** The buckets that the whole fleet shares. What is throttled counts as what cannot be reached. */
export interface RateBuckets {
  /** One conditional write. What threw may have been written all the same. */
  write(key: BucketKey, write: BucketWrite): Promise<BucketWriteResult>;
  /** Strongly consistent. Undefined: nobody has written it yet. */
  read(key: BucketKey): Promise<Bucket | undefined>;
}
