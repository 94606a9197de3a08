/**
 * The ports that deliveries use. Each port says what an absent value means. Unless a port says otherwise, a store that cannot
 * be reached throws a Failure `StoreUnavailable`, and a store that refuses (access denied, a disabled key) throws
 * `StoreRefused`. An item that only a newer version of the stack can read throws `NewerVersion`.
 */
import type { ApiDestination } from '../core/destination/api-destination.ts';
import type { Connection } from '../core/destination/connection.ts';
import type { DeadLetter } from '../core/message/dead-letter-message.ts';
import type { Conclusion, HttpAnswer, HttpRequest } from '../core/delivery/delivery.ts';
import type { Transport } from '../core/destination/delivery-policy.ts';
import type { QueuedDelivery } from '../core/message/queued-delivery.ts';
import type { Failure } from '../core/failure/failure.ts';
import type { RawMessage } from '../core/message/raw-message.ts';
import type { ReceivedMessage } from '../core/message/sqs-event.ts';
import type { UnauthorizedRun } from '../core/destination/unauthorized-run.ts';

/** Strongly consistent reads of the configuration of a delivery. Undefined when the name does not exist. */
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
  /** Whether the body of a 2xx answer is read. The bodies of all other answers are always read, up to 64 KiB. */
  readonly readSuccessBody: boolean;
  /** Epoch ms. A request that has no socket by this time is not sent. Default: no limit. */
  readonly sendUntilMs?: number;
}

/** The result of a request without a network failure. */
export type HttpResult =
  | { readonly kind: 'answer'; readonly answer: HttpAnswer }
  /** No socket was free by `sendUntilMs`; nothing was sent. */
  | { readonly kind: 'missed' }
  /**
   * A reused connection was lost before the first byte of the answer. The endpoint may have received the request. The next
   * request to this origin uses a new connection.
   */
  | { readonly kind: 'dead-socket' };

export interface HttpClient {
  /**
   * Sends at most one request. Resolves for every status and follows no redirect.
   *
   * @throws Failure DnsFailed, ConnectionRefused, ConnectionFailed, ConnectionReset, TlsFailed, AnswerInvalid or TimedOut when
   *   the network fails; OutOfTime when the signal aborted; AddressRefused when the address must not be called;
   *   InvalidInvocation when the request is malformed. After the last two, nothing was sent
   */
  send(request: HttpRequest, exchange: HttpExchange): Promise<HttpResult>;
}

export interface DeadLetterQueue {
  /**
   * Resolves only when a queue has accepted the dead letter: the queue that the target names, or else the stack's own.
   *
   * @throws Failure DeliveryTooLarge when no message can hold it, MessageRefused when no queue will ever take it
   */
  send(deadLetter: DeadLetter): Promise<void>;
}

export interface DeliveryQueue {
  /**
   * Resolves only when the queue has accepted the delivery.
   *
   * @param group deliveries of one group do not delay those of another
   * @throws Failure DeliveryTooLarge when no message can hold it, MessageRefused when the queue will never take it
   */
  send(queued: QueuedDelivery, group: string): Promise<void>;
}

/** The queue that a batch of messages was received from. */
export interface ReceivedMessages {
  /**
   * Deletes a settled message. Resolves when it is deleted. It may wait for other messages, so that one call deletes them together.
   *
   * @param isWanted called just before the deletion. If it returns false, the message stays in the queue and the promise
   * resolves
   */
  remove(receiptHandle: string, isWanted?: () => boolean): Promise<void>;
  /** Deletes the messages that wait for others. Resolves when all of them are deleted or have failed. Never rejects. */
  removeNow(): Promise<void>;
}

/** Passes messages on unchanged, body and attributes byte for byte. */
export interface RawMessages {
  /**
   * Resolves only when the delivery queue has accepted the message, with the longest delay.
   *
   * @returns the delay in ms
   */
  sendBack(message: RawMessage): Promise<number>;
  /** Resolves only when the stack's own dead-letter queue has accepted the message, with as much of the reason as fits. */
  sendToDeadLetters(message: RawMessage, failure: Failure): Promise<void>;
}

export interface DeliveryLog {
  /** Never throws and never waits. */
  record(conclusion: Conclusion): void;
}

/** A request that an endpoint answered with 401 or 407, and the credentials that it used. */
export interface RefusedRequest {
  readonly connection: { readonly name: string; readonly incarnation: string };
  readonly secretVersion: string;
  readonly requestedAtMs: number;
  readonly nowMs: number;
  /** The run as the worker last saw it. It only decides which write is tried first. */
  readonly lastSeen?: UnauthorizedRun | undefined;
}

/** The run of refused requests of each connection. All workers count it together. */
export interface UnauthorizedRuns {
  /**
   * Adds one refusal to the run, or begins a run at `nowMs`.
   *
   * @returns the new run. Undefined when the refusal does not count: the request was made before the run began, the request's
   *   credentials are not in force any more, or the connection is not AUTHORIZED
   */
  add(refused: RefusedRequest): Promise<UnauthorizedRun | undefined>;
  /** Ends the run if it began at `sinceMs`. A later run stays. */
  end(connection: { readonly name: string; readonly incarnation: string }, sinceMs: number): Promise<void>;
}

/** Reads all messages of the stack's own dead-letter queue. A message's handle must be the one from its last receive. */
export interface DeadLetterMessages {
  /**
   * Receives at most ten messages, and hides them from other readers for `hiddenForMs`. An empty list means that no message is
   * visible.
   */
  receive(hiddenForMs: number): Promise<readonly ReceivedMessage[]>;
  /** Deletes at most ten messages. Rejects when one of them may still be in the queue. */
  remove(receiptHandles: readonly string[]): Promise<void>;
  /** Makes at most ten messages visible again at once. A message that is gone or already visible is not a failure. */
  release(receiptHandles: readonly string[]): Promise<void>;
}

/** Limits how many token requests, or requests to some endpoints, one worker runs at a time. */
export interface ConcurrencyLimit {
  /**
   * Runs the work once fewer than `maximum` pieces of work with the same key are running. Work of one key starts in the order
   * of the calls.
   */
  run<Result>(key: string, maximum: number, work: () => Promise<Result>): Promise<Result>;
}
