/**
 * Refusals of the control API, by the names that AWS clients know. Which HTTP status each has is the protocol's matter.
 * Sources: the service models of EventBridge and AppSync; of the names for what is not let in, recorded answers.
 */
export type ServiceErrorCode =
  | 'ValidationException'
  | 'SerializationException'
  | 'UnknownOperationException'
  | 'ResourceNotFoundException'
  | 'ResourceAlreadyExistsException'
  | 'ConcurrentModificationException'
  | 'InvalidEventPatternException'
  | 'LimitExceededException'
  | 'ThrottlingException'
  | 'AccessDeniedException'
  | 'MissingAuthenticationTokenException'
  | 'UnrecognizedClientException'
  | 'InternalException'
  // AppSync's own.
  | 'BadRequestException'
  | 'UnauthorizedException'
  | 'NotFoundException'
  | 'ApiKeyLimitExceededException'
  | 'ApiKeyValidityOutOfBoundsException'
  | 'InternalFailureException';

export interface ServiceErrorOptions extends ErrorOptions {
  /** When to come again, as the Retry-After header says it. */
  readonly retryAfterSeconds?: number;
}

/** The message is what the client reads: it never holds a secret. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: ServiceErrorCode;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ServiceErrorCode, message: string, options: ServiceErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}
