/** Whether another attempt may help. */
export type FailureKind = 'retryable' | 'permanent';

interface FailureEntry {
  readonly kind: FailureKind;
  /** ERROR_CODE of the dead letter. Source: EventBridge user guide, dead-letter queues. */
  readonly errorCode: string;
}

/**
 * Every way in which a delivery can fail, and whether it is retried. An error that is not in this table is a bug: it is never
 * retried in the process, and the log shows its stack.
 */
export const failures = {
  // Failures of the input.
  InvalidJson: { kind: 'permanent', errorCode: 'INVALID_JSON' },
  InvalidDelivery: { kind: 'permanent', errorCode: 'INVALID_PARAMETER' },
  InvalidInvocation: { kind: 'permanent', errorCode: 'INVALID_PARAMETER' },
  DeliveryTooLarge: { kind: 'permanent', errorCode: 'INVALID_PARAMETER' },
  MessageRefused: { kind: 'permanent', errorCode: 'INVALID_PARAMETER' },
  OrderUnavailable: { kind: 'permanent', errorCode: 'INVALID_PARAMETER' },
  EventExpired: { kind: 'permanent', errorCode: 'TIMEOUT' },
  NewerVersion: { kind: 'retryable', errorCode: 'INTERNAL_ERROR' },
  ReceivedTooOften: { kind: 'permanent', errorCode: 'INTERNAL_ERROR' },
  // Failures of the configuration.
  ApiDestinationNotFound: { kind: 'permanent', errorCode: 'NO_RESOURCE' },
  ConnectionNotFound: { kind: 'permanent', errorCode: 'NO_RESOURCE' },
  HostNotAllowed: { kind: 'permanent', errorCode: 'NO_PERMISSIONS' },
  ConnectionDeauthorized: { kind: 'permanent', errorCode: 'NO_PERMISSIONS' },
  ConnectionNotReady: { kind: 'retryable', errorCode: 'NO_RESOURCE' },
  SecretNotFound: { kind: 'retryable', errorCode: 'NO_RESOURCE' },
  InvalidSecret: { kind: 'retryable', errorCode: 'INVALID_PARAMETER' },
  InvalidPolicySecret: { kind: 'retryable', errorCode: 'INVALID_PARAMETER' },
  HandshakeRefused: { kind: 'retryable', errorCode: 'NO_PERMISSIONS' },
  // Failures of the stores that hold the configuration.
  StoreUnavailable: { kind: 'retryable', errorCode: 'INTERNAL_ERROR' },
  StoreRefused: { kind: 'retryable', errorCode: 'NO_PERMISSIONS' },
  // Failures of the OAuth token and its endpoint.
  CredentialsChanged: { kind: 'retryable', errorCode: 'NO_PERMISSIONS' },
  TokenUnavailable: { kind: 'retryable', errorCode: 'CONNECTION_FAILURE' },
  TokenInvalid: { kind: 'retryable', errorCode: 'ERROR_FROM_TARGET' },
  TokenRefused: { kind: 'retryable', errorCode: 'NO_PERMISSIONS' },
  // Failures of the network on the way to an endpoint.
  AddressRefused: { kind: 'permanent', errorCode: 'INVALID_PARAMETER' },
  DnsFailed: { kind: 'retryable', errorCode: 'CONNECTION_FAILURE' },
  ConnectionRefused: { kind: 'retryable', errorCode: 'CONNECTION_FAILURE' },
  ConnectionFailed: { kind: 'retryable', errorCode: 'CONNECTION_FAILURE' },
  ConnectionReset: { kind: 'retryable', errorCode: 'CONNECTION_FAILURE' },
  TlsFailed: { kind: 'retryable', errorCode: 'CONNECTION_FAILURE' },
  AnswerInvalid: { kind: 'retryable', errorCode: 'CONNECTION_FAILURE' },
  TimedOut: { kind: 'retryable', errorCode: 'TIMEOUT' },
  OutOfTime: { kind: 'retryable', errorCode: 'TIMEOUT' },
  // Answers of the endpoint that count as failures.
  EndpointUnauthorized: { kind: 'retryable', errorCode: 'ERROR_FROM_TARGET' },
  EndpointThrottled: { kind: 'retryable', errorCode: 'THROTTLING' },
  EndpointFailed: { kind: 'retryable', errorCode: 'ERROR_FROM_TARGET' },
  EndpointRejected: { kind: 'permanent', errorCode: 'ERROR_FROM_TARGET' },
} as const satisfies Record<string, FailureEntry>;

export type FailureCode = keyof typeof failures;

export interface FailureDetails {
  readonly cause?: unknown;
  /** The wait that the endpoint asked for, in ms. A negative number means that it asked not to be called again. */
  readonly retryAfterMs?: number | undefined;
  /** How long the delivery waits for something that all workers need, in ms. It needs no backoff of its own then. */
  readonly returnAfterMs?: number | undefined;
}

/** One of the failures in the table above. Its message never contains a secret, a header or an event, so it may be shown. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  readonly retryAfterMs: number | undefined;
  readonly returnAfterMs: number | undefined;

  constructor(code: FailureCode, message: string, details: FailureDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.retryAfterMs = details.retryAfterMs;
    this.returnAfterMs = details.returnAfterMs;
  }

  get kind(): FailureKind {
    return failures[this.code].kind;
  }
}

/** Whether a store of the configuration could not be reached. A store that refuses a call has been reached. */
export function isStoreUnavailable(error: unknown): error is Failure {
  return error instanceof Failure && error.code === 'StoreUnavailable';
}

/** Whether the queue will never take the message, because it is too large or because SQS refuses its content. */
export function isUnsendable(error: unknown): error is Failure {
  return error instanceof Failure && (error.code === 'DeliveryTooLarge' || error.code === 'MessageRefused');
}

/** The parts of an error that may be logged. */
export interface ErrorDescription {
  readonly name: string;
  readonly message: string;
  /** Only the frames, without the line that repeats name and message. */
  readonly stack: string;
}

/** Longer chains of causes are cut, because a chain may be circular. */
const maxErrors = 5;

/**
 * The error and its causes, outermost first.
 *
 * Failure policy: only name, message and stack are logged, because other members of an SDK's error may contain the answer.
 * The message of a SyntaxError is left out too, because `JSON.parse` quotes its input.
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
  // The message is removed from the stack first, because a line of the message may look like a frame.
  // Stryker disable next-line StringLiteral: the mutant's text has one line, which does not look like a stack frame.
  const withoutMessage = error.stack?.replace(error.message, '');
  const frames = withoutMessage?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  const message = error instanceof SyntaxError ? 'Not shown: it may quote what was parsed.' : error.message;
  return { name: error.name, message, stack: frames.join('\n') };
}
