import { Failure } from '../../core/failure/failure.ts';

const refusals = new Set([
  'AccessDeniedException',
  'AccessDenied',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'ExpiredTokenException',
  'MissingAuthenticationTokenException',
  'InvalidClientTokenId',
  'KMSDisabledException',
  'KMSAccessDeniedException',
  'KMSNotFoundException',
  'KMSInvalidStateException',
  'DecryptionFailure',
  'EncryptionFailure',
]);

/**
 * Turns an error of an AWS call into StoreRefused or StoreUnavailable. A Failure is returned unchanged.
 *
 * Failure policy: an error that is not a known refusal is StoreUnavailable only if no answer came, the answer was 5xx, or the
 * call was throttled. Every other error is a bug of Lastmile and is returned unchanged.
 *
 * @param what the action, for the text of the failure, such as `read the connection`
 */
export function fromAwsError(error: unknown, what: string): unknown {
  if (!(error instanceof Error) || error instanceof Failure) return error;
  if (refusals.has(error.name)) {
    return new Failure('StoreRefused', `Not allowed to ${what}: ${error.name}.`, { cause: error });
  }
  if (isUnavailable(error)) {
    return new Failure('StoreUnavailable', `Could not ${what}: ${error.name}.`, { cause: error });
  }
  return error;
}

interface SdkError extends Error {
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $retryable?: { readonly throttling?: boolean };
}

const throttled = /Throttl|TooManyRequests|RequestLimitExceeded|ProvisionedThroughputExceeded|LimitExceededException/;

function isUnavailable(error: SdkError): boolean {
  const status = error.$metadata?.httpStatusCode;
  if (status === undefined)
    return error.name === 'TimeoutError' || error.code !== undefined || error.name === 'AbortError';
  return status >= 500 || status === 429 || error.$retryable?.throttling === true || throttled.test(error.name);
}
