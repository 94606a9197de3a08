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
 * What an AWS call threw, as the ports promise it: refused, or not to be had right now. A failure of ours stays what it is.
 *
 * Failure policy: what is not known to be a refusal counts as unavailable only if nobody answered, the answer was 5xx,
 * or the SDK says throttled; every other answer is a bug of ours and stays what it is.
 *
 * @param what the port's own words, for the message: `read the connection`
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
