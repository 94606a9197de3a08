/**
 * Refusals of the control API, by the names that AWS clients know. Every one is HTTP 400 but InternalException.
 * Source: the EventBridge service model and the recorded answers of the service (ResourceNotFoundException is 400 too).
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
  | 'InternalException';

/** The message is what the client reads: it never holds a secret. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: ServiceErrorCode;

  constructor(code: ServiceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
