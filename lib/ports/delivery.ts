/**
 * What the world must provide, as the rules and stories inside see it. Each port says what absent and unavailable mean.
 * Unless a port says otherwise, what cannot be reached throws a Failure `StoreUnavailable`, and what refuses (access
 * denied, a disabled key) throws `StoreRefused`. What only a newer version of the stack can read throws `NewerVersion`.
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
  /** Epoch ms; a request that finds a socket free later than that is not sent. Absent: it may go at any time. */
  readonly sendUntilMs?: number;
}

/** The result of one request that the network did not fail. */
export type HttpResult =
  | { readonly kind: 'answer'; readonly answer: HttpAnswer }
  /** No socket was free by `sendUntilMs`; nothing was sent. */
  | { readonly kind: 'missed' }
  /**
   * A connection that had served before was lost before the first byte of an answer. The endpoint may have the request. The
   * next request to this origin goes over a new connection.
   */
  | { readonly kind: 'dead-socket' };

export interface HttpClient {
  /**
   * Sends at most one request. Resolves for every status and follows no redirect. Only the network throws: a Failure DnsFailed, ConnectionRefused,
   * ConnectionFailed, ConnectionReset, TlsFailed, AnswerInvalid or TimedOut; OutOfTime when the signal aborted. An
   * address that may not be called is AddressRefused, and nothing was sent.
   */
  send(request: HttpRequest, exchange: HttpExchange): Promise<HttpResult>;
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
  sendToDeadLetters(message: RawMessage, failure: Failure): Promise<void>;
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
