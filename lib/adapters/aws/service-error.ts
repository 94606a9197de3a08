import { parseRetryAfterMs } from '../../core/delivery/retry-after.ts';
import { isJsonObject } from '../../core/input/json.ts';
import type { RetryFailure } from './service-settings.ts';

/** The answer of a service. */
export interface ServiceAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

interface Metadata {
  readonly httpStatusCode?: number;
  readonly requestId?: string | undefined;
  attempts?: number;
  clockSkewCorrected?: boolean;
}

/** An error with the members that an AWS client gives to its errors. */
export interface ServiceError extends Error {
  code?: string;
  $fault?: 'client' | 'server';
  $metadata?: Metadata;
  /** The time of AWS, in some errors about signatures. */
  readonly ServerTime?: unknown;
}

/**
 * Reads the body of an answer. The text of the error shows nothing of the body.
 *
 * @throws ServiceError SyntaxError, which is retried only when the status says so
 */
export function parseAnswer(answer: ServiceAnswer): Record<string, unknown> {
  if (answer.text === '') return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(answer.text);
  } catch {
    throw Object.assign(new SyntaxError(`The answer with HTTP status ${answer.status} is not JSON.`), {
      $metadata: metadataOf(answer),
    });
  }
  return isJsonObject(parsed) ? parsed : {};
}

/** Makes the error that an AWS client makes from the same answer: its name, its text, its metadata and its members. */
export function serviceErrorOf(answer: ServiceAnswer): ServiceError {
  const members = parseAnswer(answer);
  const { message, Message } = members;
  const text = message ?? Message;
  const error: ServiceError = new Error(typeof text === 'string' && text !== '' ? text : 'UnknownError');
  error.name = nameOf(answer, members);
  error.$fault = answer.status < 500 ? 'client' : 'server';
  error.$metadata = metadataOf(answer);
  for (const [name, member] of Object.entries(members)) {
    if (name !== 'Message' && !(name in error)) Object.defineProperty(error, name, { value: member, enumerable: true });
  }
  return error;
}

/** SQS gives errors the names of its earlier protocol in a header. An AWS client shows the names of the service model. */
const modelNames: Readonly<Record<string, string>> = {
  'AWS.SimpleQueueService.NonExistentQueue': 'QueueDoesNotExist',
  'AWS.SimpleQueueService.BatchEntryIdsNotDistinct': 'BatchEntryIdsNotDistinct',
  'AWS.SimpleQueueService.BatchRequestTooLong': 'BatchRequestTooLong',
  'AWS.SimpleQueueService.EmptyBatchRequest': 'EmptyBatchRequest',
  'AWS.SimpleQueueService.InvalidBatchEntryId': 'InvalidBatchEntryId',
  'AWS.SimpleQueueService.MessageNotInflight': 'MessageNotInflight',
  'AWS.SimpleQueueService.TooManyEntriesInBatchRequest': 'TooManyEntriesInBatchRequest',
  'AWS.SimpleQueueService.UnsupportedOperation': 'UnsupportedOperation',
  'KMS.AccessDeniedException': 'KmsAccessDenied',
  'KMS.DisabledException': 'KmsDisabled',
  'KMS.InvalidKeyUsageException': 'KmsInvalidKeyUsage',
  'KMS.InvalidStateException': 'KmsInvalidState',
  'KMS.NotFoundException': 'KmsNotFound',
  'KMS.OptInRequired': 'KmsOptInRequired',
  'KMS.ThrottlingException': 'KmsThrottled',
};

function nameOf({ headers }: ServiceAnswer, { __type, code, Code }: Record<string, unknown>): string {
  const [queryName] = textOf(headers['x-amzn-query-error'])?.split(';') ?? [];
  if (queryName !== undefined) return modelNames[queryName] ?? queryName;
  const given = textOf(__type) ?? textOf(code) ?? textOf(Code) ?? textOf(headers['x-amzn-errortype']);
  const [plain = ''] = given?.split(/[,:]/) ?? ['Unknown'];
  return plain.split('#')[1] ?? plain;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function metadataOf({ status, headers }: ServiceAnswer): Metadata {
  const requestId = headers['x-amzn-requestid'] ?? headers['x-amzn-request-id'] ?? headers['x-amz-request-id'];
  return { httpStatusCode: status, requestId: textOf(requestId) };
}

/** Source: @smithy/core 3.41.0, service-error-classification, as all lists and rules below. */
const throttlingNames: ReadonlySet<string> = new Set([
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'TransactionInProgressException',
]);
const transientNames: ReadonlySet<string> = new Set([
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
  // Of the operations that are called here, the only error that the service model calls retryable.
  'ReplicatedWriteConflictException',
]);
const transientCodes: ReadonlySet<string | undefined> = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
const transientStatuses: ReadonlySet<number | undefined> = new Set([500, 502, 503, 504]);

/** The description of a failed attempt that an AWS client's retry strategy takes. */
export function retryFailureOf(error: ServiceError, answer: ServiceAnswer | undefined, nowMs: number): RetryFailure {
  const hintMs = answer && retryAfterMs(answer, nowMs);
  return {
    error,
    errorType: errorTypeOf(error),
    ...(hintMs !== undefined && { retryAfterHint: new Date(nowMs + hintMs) }),
  };
}

function errorTypeOf(error: ServiceError): RetryFailure['errorType'] {
  const status = error.$metadata?.httpStatusCode;
  if (status === 429 || throttlingNames.has(error.name)) return 'THROTTLING';
  if (isTransient(error)) return 'TRANSIENT';
  return status !== undefined && status >= 500 && status <= 599 ? 'SERVER_ERROR' : 'CLIENT_ERROR';
}

function isTransient({ name, message, code, $metadata }: ServiceError): boolean {
  if (name === 'AbortError') return false;
  return (
    $metadata?.clockSkewCorrected === true ||
    (name === 'InvalidSignatureException' && message.includes('Signature expired')) ||
    transientNames.has(name) ||
    transientCodes.has(code) ||
    transientStatuses.has($metadata?.httpStatusCode)
  );
}

function retryAfterMs({ headers }: ServiceAnswer, nowMs: number): number | undefined {
  const [standard, own] = [textOf(headers['retry-after']), textOf(headers['x-amz-retry-after'])];
  if (standard !== undefined) return parseRetryAfterMs(standard, nowMs);
  const ms = Number(own);
  return own === undefined || Number.isNaN(ms) ? undefined : ms;
}
