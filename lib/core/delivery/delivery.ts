import type { HttpMethod } from '../destination/api-destination.ts';
import type { BatchFormat, JsonataTransformer, Order } from '../destination/delivery-policy.ts';
import type { FailureCode, FailureKind } from '../failure/failure.ts';
import type { JsonValue } from '../input/json.ts';
import type { Trace } from './trace.ts';

/** How an event that is not JSON is sent: as text, or as bytes. */
export type EventForm = 'text' | 'bytes';

/** An event as a parsed value and, if it is known, as its original JSON text, byte for byte. */
export interface EventDocument {
  /** For an event that is not JSON, a string: the text, or the bytes in Base64. */
  readonly value: JsonValue;
  readonly text?: string;
  /** Absent when the event is JSON. */
  readonly form?: EventForm;
}

/** Source: shape InputTransformer of the EventBridge service model. */
export interface InputTransformer {
  readonly InputPathsMap?: Readonly<Record<string, string>>;
  readonly InputTemplate: string;
}

/** Source: shape HttpParameters of the EventBridge service model. */
export interface TargetHttpParameters {
  readonly PathParameterValues?: readonly string[];
  readonly HeaderParameters?: Readonly<Record<string, string>>;
  readonly QueryStringParameters?: Readonly<Record<string, string>>;
}

/** The settings of a rule's target, in EventBridge's Target shape, and our own `Transformer` and `Order`. All are optional. */
export interface DeliveryTarget {
  readonly Id?: string;
  readonly Arn?: string;
  readonly Input?: string;
  readonly InputPath?: string;
  readonly InputTransformer?: InputTransformer;
  readonly Transformer?: JsonataTransformer;
  /** The events of one group are sent one after another. */
  readonly Order?: Order;
  /** JSON path of the value whose events are one group. It comes only with `Order`. */
  readonly OrderGroupPath?: string;
  readonly HttpParameters?: TargetHttpParameters;
  readonly RetryPolicy?: { readonly MaximumRetryAttempts?: number; readonly MaximumEventAgeInSeconds?: number };
  readonly DeadLetterConfig?: { readonly Arn?: string };
}

/** The result of the parse stage: one event on its way to one API destination. */
export interface Delivery {
  /** Name or ARN. */
  readonly apiDestination: string;
  readonly event: EventDocument;
  /** The id that the sender gave the event beside it; absent when only the event itself may have one. */
  readonly eventId?: string;
  /** For an event that a bus replays, the name of the subscriber, empty if it is not known. Absent for every other event. */
  readonly replay?: string;
  /** The group that the sender gave the event beside it, or a hash of it; absent when it gave none. */
  readonly senderGroup?: string;
  /** The message group of the ordered queue in which the event came; absent when it never came from this queue. */
  readonly orderedGroup?: string;
  /** The rule's ARN; absent when the sender did not say. */
  readonly rule?: string;
  readonly target: DeliveryTarget;
  /** Attempts made so far, by this worker or another. */
  readonly attempts: number;
  /**
   * Postponements since the last attempt: tries that failed before a request was sent. They delay the delivery, but are not
   * attempts.
   */
  readonly postponements: number;
  /** When the first and the last attempt ended, epoch ms; absent before the first. */
  readonly attemptTimes?: { readonly firstMs: number; readonly lastMs: number };
  /** When a worker first received the event, epoch ms. */
  readonly firstReceivedAtMs: number;
  /**
   * How often somebody moved a dead letter of this event to the delivery queue unchanged, for example with SQS; absent means
   * never. Moves by the function redrive do not count.
   */
  readonly redrives?: number;
  /** The trace that came with the event; absent when none came. */
  readonly trace?: Trace;
  /** What a transformer has made of the event in this invocation. It is not part of a message. */
  readonly output?: EventDocument;
}

/** The parts of an HTTP request that a client pool needs. */
export interface HttpRequest {
  readonly method: HttpMethod;
  /** `https://host[:port]` */
  readonly origin: string;
  /** Path and query, beginning with `/`. */
  readonly path: string;
  /** No two names differ only in case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** How requests may be joined into one. */
interface Joinable {
  /** The format of the body, which is a batch of one event. Absent when the request cannot be joined with others. */
  readonly batchFormat?: BatchFormat;
}

/** The result of the render stage: the request, still without its credentials. */
export interface InvocationRequest extends HttpRequest, Joinable {
  readonly stage: 'rendered';
}

/** The result of the authorize stage: the request that may be sent. */
export interface AuthorizedRequest extends HttpRequest, Joinable {
  readonly stage: 'authorized';
}

/** An answer of any status. A network failure throws instead. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case; equal names joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Decoded text, cut at the client's limit; empty when the caller asked not to read it. */
  readonly body: string;
}

/** The result of the send stage: the outcome of one attempt. */
export type AttemptOutcome =
  | { readonly kind: 'delivered'; readonly status: number }
  | {
      readonly kind: 'retryable' | 'permanent';
      readonly code: FailureCode;
      /** A text for a person. It never holds a secret, a header or an event. */
      readonly reason: string;
      /** Absent when no answer came. */
      readonly status?: number;
      /** The beginning of the endpoint's answer, with the credentials masked, for the dead letter and the log line. */
      readonly answer?: string;
      readonly retryAfterMs?: number;
      /** The delivery waits exactly this long, for something that all workers need; absent when a backoff decides. */
      readonly returnAfterMs?: number;
    };

/**
 * Why a deferred delivery waits.
 *
 * - `rate`: the rate or the concurrency of the destination has no free slot.
 * - `retry-after`: the endpoint has asked for a pause.
 * - `circuit`: the endpoint is unhealthy, and the delivery waits for a probe.
 * - `pause`: somebody has paused the destination.
 * - `backoff`: a failed attempt is repeated later.
 * - `token`: there is no OAuth token now.
 * - `store`: a store of the configuration or of the rate does not answer or refuses.
 * - `newer-version`: only a newer version of the stack can read the message.
 * - `batch`: the event came in an array, and continues as a message of its own.
 * - `order`: the event waits in the ordered queue behind the earlier events of its group.
 */
export type WaitsFor =
  | 'rate'
  | 'retry-after'
  | 'circuit'
  | 'pause'
  | 'backoff'
  | 'token'
  | 'store'
  | 'newer-version'
  | 'batch'
  | 'order';

/** The outcome of an attempt that did not deliver. */
export type FailedOutcome = Exclude<AttemptOutcome, { kind: 'delivered' }>;

/** The result of the settle stage: who is responsible for the event from now on. */
export type Settlement =
  /** The endpoint has accepted the event. */
  | { readonly kind: 'delivered' }
  /** A dead-letter queue has accepted the event. */
  | { readonly kind: 'dead-lettered' }
  /** The delivery queue has accepted the event. The next try does not begin before `notBeforeMs`, epoch ms. */
  | { readonly kind: 'deferred'; readonly notBeforeMs: number }
  /** The sender still has the event, and delivers it again. The invocation fails with this error for this event only. */
  | { readonly kind: 'returned'; readonly error: unknown };

/** The log record of one delivery at the end of one invocation. */
export interface Conclusion {
  readonly settlement: Settlement;
  /** Absent when the input named no API destination. */
  readonly apiDestination?: string;
  readonly eventId?: string;
  /** `source` and `detail-type` of the event, shortened; absent when they are not strings. */
  readonly source?: string | undefined;
  readonly detailType?: string | undefined;
  readonly rule?: string;
  /** The target's `Id`. */
  readonly targetId?: string | undefined;
  /** The id of the trace that came with the event; absent when none came. */
  readonly traceId?: string;
  /** `Unexpected` stands for an error that is not in the failure table. It is a bug, and the log shows its stack. */
  readonly code?: FailureCode | 'Unexpected';
  readonly reason?: string;
  /** An error that a bug caused, for the log only. It may be present with any settlement. */
  readonly bug?: unknown;
  readonly status?: number;
  /** The beginning of the endpoint's answer, with the credentials masked; absent when the event was delivered. */
  readonly answer?: string;
  /** Whether the last failure may be retried; absent when nothing failed. */
  readonly failureKind?: FailureKind;
  /** Time since the event was first received; absent when that time could not be read. */
  readonly ageMs?: number;
  /** Attempts made so far, including those of this invocation. */
  readonly attempts: number;
  readonly durationMs: number;
  /** The part of `durationMs` that was spent waiting for a slot. */
  readonly rateWaitMs?: number;
  /** The number of events in the last request; absent when the event had a request of its own. */
  readonly batchSize?: number;
  /** When the next attempt may be made, epoch ms; only for a deferred delivery. */
  readonly nextAttemptAtMs?: number;
  /** Only for a deferred delivery; absent when it came before its time, because the conclusion before says why it waits. */
  readonly waitsFor?: WaitsFor;
  /** Where the delivery is kept (lib/ports/kept-events.ts). Absent when it is not, or when an invocation before has kept it. */
  readonly kept?: string;
}
