import type { ApiDestination, HttpMethod } from './api-destination.ts';
import type { Connection } from './connection.ts';
import type { ConnectionSecret } from './connection-secret.ts';
import type { DeliveryPolicy } from './delivery-policy.ts';
import type { FailureCode, FailureKind } from './failure.ts';
import type { JsonObject } from './json.ts';

/** The event as it is matched and read, and, where it came through a queue, its own text byte for byte. */
export interface EventDocument {
  readonly value: JsonObject;
  readonly text?: string;
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

/** What a rule's target sets, in EventBridge's own Target shape; all of it optional. */
export interface DeliveryTarget {
  readonly Id?: string;
  readonly Arn?: string;
  readonly Input?: string;
  readonly InputPath?: string;
  readonly InputTransformer?: InputTransformer;
  readonly HttpParameters?: TargetHttpParameters;
  readonly RetryPolicy?: { readonly MaximumRetryAttempts?: number; readonly MaximumEventAgeInSeconds?: number };
  readonly DeadLetterConfig?: { readonly Arn?: string };
}

/** Stage parse: one event on its way to one API destination. */
export interface Delivery {
  /** Name or ARN. */
  readonly apiDestination: string;
  readonly event: EventDocument;
  /** The rule's ARN; absent when the sender did not say. */
  readonly rule?: string;
  readonly target: DeliveryTarget;
  /** Attempts made so far, by this worker or another. */
  readonly attempts: number;
  /** Failures since the last attempt that came before a request was made: they are waited for, but are no attempts. */
  readonly postponements: number;
  /** When the first and the last attempt ended, epoch ms; absent before the first. */
  readonly attemptTimes?: { readonly firstMs: number; readonly lastMs: number };
  /** When the first worker received it, epoch ms. */
  readonly firstReceivedAtMs: number;
}

/** Stage resolve: everything that is needed to build the request. */
export interface ResolvedDelivery {
  readonly delivery: Delivery;
  readonly apiDestination: ApiDestination;
  readonly connection: Connection;
  readonly secret: ConnectionSecret;
  readonly policy: DeliveryPolicy;
}

/** An HTTP request in the parts that a client pool needs. */
export interface HttpRequest {
  readonly method: HttpMethod;
  /** `https://host[:port]` */
  readonly origin: string;
  /** Path and query, beginning with `/`. */
  readonly path: string;
  /** Each name once. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Stage render: the request before anything that authorizes it. */
export interface InvocationRequest extends HttpRequest {
  readonly stage: 'rendered';
}

/** Stage authorize: the request that may be sent. */
export interface AuthorizedRequest extends HttpRequest {
  readonly stage: 'authorized';
}

/** An answer with every status; failures of the network throw instead. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case; equal names joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Decoded text, cut at the limit; empty when the caller asked not to read it. */
  readonly body: string;
}

/** Stage send: what one attempt came to. */
export type AttemptOutcome =
  | { readonly kind: 'delivered'; readonly status: number }
  | {
      readonly kind: 'retryable' | 'permanent';
      readonly code: FailureCode;
      /** For a person; never holds a secret, a header or an event. */
      readonly reason: string;
      /** Absent when no answer came. */
      readonly status?: number;
      /** The endpoint's own words, capped; for the dead letter. */
      readonly answer?: string;
      readonly retryAfterMs?: number;
    };

export type FailedOutcome = Exclude<AttemptOutcome, { kind: 'delivered' }>;

/** Stage settle: who answers for the event from now on. */
export type Settlement =
  /** The endpoint has it. */
  | { readonly kind: 'delivered' }
  /** A dead-letter queue has it. */
  | { readonly kind: 'dead-lettered' }
  /** The delivery queue has it; not before that time, epoch ms. */
  | { readonly kind: 'deferred'; readonly notBeforeMs: number }
  /** Nobody took it: the invocation fails with this error for exactly this event, and its sender delivers it again. */
  | { readonly kind: 'returned'; readonly error: unknown };

/** What is written down of one delivery at the end of one invocation. */
export interface Conclusion {
  readonly settlement: Settlement;
  /** Absent when the input named none. */
  readonly apiDestination?: string;
  readonly eventId?: string;
  readonly rule?: string;
  /** `Unexpected` is what no failure of the table describes: a bug, which the log shows with its own stack. */
  readonly code?: FailureCode | 'Unexpected';
  readonly reason?: string;
  /** What was thrown by a bug, for the log alone: whatever came of the delivery. */
  readonly bug?: unknown;
  readonly status?: number;
  /** Whether what failed last may be tried again; absent when nothing did. */
  readonly failureKind?: FailureKind;
  /** Time since the event was first received; absent when nobody could read that. */
  readonly ageMs?: number;
  /** Attempts made so far, this invocation's included. */
  readonly attempts: number;
  readonly durationMs: number;
  /** The part of it that was spent waiting for the rate. */
  readonly rateWaitMs?: number;
  /** When the next attempt may be made, epoch ms; only of what was deferred. */
  readonly nextAttemptAtMs?: number;
}
