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

/** An error as it may be logged. */
export interface ErrorDescription {
  readonly name: string;
  readonly message: string;
  /** The frames alone, without the line that repeats name and message. */
  readonly stack: string;
}

/** Deeper chains of causes are cut; a chain that closes on itself would never end. */
const maxErrors = 5;

/**
 * The error and its causes, outermost first.
 *
 * Failure policy: only name, message and stack are written down, because other members of an SDK's error may hold the
 * answer it came with; and of a SyntaxError not the message either, because `JSON.parse` quotes what it was given.
 */
export function describeErrors(error: unknown): readonly ErrorDescription[] {
  const errors: ErrorDescription[] = [];
  for (let next = error; next !== undefined && errors.length < maxErrors; next = causeOf(next)) {
    errors.push(describeError(next));
  }
  return errors;
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) {
    return { name: typeof error, message: 'A value that is not an Error was thrown.', stack: '' };
  }
  // A line of the message may look like a frame.
  const frames = (error.stack ?? '')
    .replace(error.message, '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line));
  const message = error instanceof SyntaxError ? 'Not shown: it may quote what was parsed.' : error.message;
  return { name: error.name, message, stack: frames.join('\n') };
}
