/**
 * Errors of the control API, under the names that AWS clients know. Their HTTP statuses are in lib/protocol. Sources: the
 * service models of EventBridge and AppSync. The names of authentication errors are from recorded answers.
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
  | 'PolicyLengthExceededException'
  | 'ThrottlingException'
  | 'OperationDisabledException'
  | 'AccessDeniedException'
  | 'MissingAuthenticationTokenException'
  | 'UnrecognizedClientException'
  | 'InternalException'
  // Errors that only AppSync has.
  | 'BadRequestException'
  | 'UnauthorizedException'
  | 'NotFoundException'
  | 'ApiKeyLimitExceededException'
  | 'ApiKeyValidityOutOfBoundsException'
  | 'InternalFailureException';

export interface ServiceErrorOptions extends ErrorOptions {
  /** Value of the Retry-After header. */
  readonly retryAfterSeconds?: number;
}

/** The client reads the message, so it never contains a secret. */
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
