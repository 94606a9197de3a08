/** Whether another attempt may help. */
export type FailureKind = 'retryable' | 'permanent';

interface FailureEntry {
  readonly kind: FailureKind;
  /** ERROR_CODE of the dead letter. Source: EventBridge user guide, dead-letter queues. */
  readonly errorCode: string;
}

/**
 * Every way in which a delivery can fail, and what follows. Closed: what is not in it is a bug, is never retried in
 * process and reaches the log with its own stack.
 */
export const failures = {
  // The input.
  InvalidJson: { kind: 'permanent', errorCode: 'INVALID_JSON' },
  InvalidDelivery: { kind: 'permanent', errorCode: 'INVALID_PARAMETER' },
  InvalidInvocation: { kind: 'permanent', errorCode: 'INVALID_PARAMETER' },
  DeliveryTooLarge: { kind: 'permanent', errorCode: 'INVALID_PARAMETER' },
  EventExpired: { kind: 'permanent', errorCode: 'TIMEOUT' },
  NewerVersion: { kind: 'retryable', errorCode: 'INTERNAL_ERROR' },
  ReceivedTooOften: { kind: 'permanent', errorCode: 'INTERNAL_ERROR' },
  // The configuration.
  ApiDestinationNotFound: { kind: 'permanent', errorCode: 'NO_RESOURCE' },
  ConnectionNotFound: { kind: 'permanent', errorCode: 'NO_RESOURCE' },
  HostNotAllowed: { kind: 'permanent', errorCode: 'NO_PERMISSIONS' },
  ConnectionDeauthorized: { kind: 'permanent', errorCode: 'NO_PERMISSIONS' },
  ConnectionNotReady: { kind: 'retryable', errorCode: 'NO_RESOURCE' },
  SecretNotFound: { kind: 'retryable', errorCode: 'NO_RESOURCE' },
  InvalidSecret: { kind: 'retryable', errorCode: 'INVALID_PARAMETER' },
  InvalidPolicySecret: { kind: 'retryable', errorCode: 'INVALID_PARAMETER' },
  // What keeps the configuration.
  StoreUnavailable: { kind: 'retryable', errorCode: 'INTERNAL_ERROR' },
  StoreRefused: { kind: 'retryable', errorCode: 'NO_PERMISSIONS' },
  // The OAuth token and its endpoint.
  CredentialsChanged: { kind: 'retryable', errorCode: 'NO_PERMISSIONS' },
  TokenUnavailable: { kind: 'retryable', errorCode: 'CONNECTION_FAILURE' },
  TokenInvalid: { kind: 'retryable', errorCode: 'ERROR_FROM_TARGET' },
  TokenRefused: { kind: 'retryable', errorCode: 'NO_PERMISSIONS' },
  // The network on the way to an endpoint.
  AddressRefused: { kind: 'permanent', errorCode: 'INVALID_PARAMETER' },
  DnsFailed: { kind: 'retryable', errorCode: 'CONNECTION_FAILURE' },
  ConnectionRefused: { kind: 'retryable', errorCode: 'CONNECTION_FAILURE' },
  ConnectionFailed: { kind: 'retryable', errorCode: 'CONNECTION_FAILURE' },
  ConnectionReset: { kind: 'retryable', errorCode: 'CONNECTION_FAILURE' },
  TlsFailed: { kind: 'retryable', errorCode: 'CONNECTION_FAILURE' },
  AnswerInvalid: { kind: 'retryable', errorCode: 'CONNECTION_FAILURE' },
  TimedOut: { kind: 'retryable', errorCode: 'TIMEOUT' },
  OutOfTime: { kind: 'retryable', errorCode: 'TIMEOUT' },
  // The endpoint's own answer.
  EndpointUnauthorized: { kind: 'retryable', errorCode: 'ERROR_FROM_TARGET' },
  EndpointThrottled: { kind: 'retryable', errorCode: 'THROTTLING' },
  EndpointFailed: { kind: 'retryable', errorCode: 'ERROR_FROM_TARGET' },
  EndpointRejected: { kind: 'permanent', errorCode: 'ERROR_FROM_TARGET' },
} as const satisfies Record<string, FailureEntry>;

export type FailureCode = keyof typeof failures;

export interface FailureDetails {
  readonly cause?: unknown;
  /** The wait that the other side asked for, in ms; negative asks not to come again. */
  readonly retryAfterMs?: number | undefined;
}

/** A failure of the closed table. The message is safe to show: it never holds a secret, a header or an event. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  readonly retryAfterMs: number | undefined;

  constructor(code: FailureCode, message: string, details: FailureDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.retryAfterMs = details.retryAfterMs;
  }

  get kind(): FailureKind {
    return failures[this.code].kind;
  }
}
