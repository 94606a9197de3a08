import { Failure, type FailureCode } from '../../core/failure/failure.ts';

interface NetworkFailure {
  readonly code: FailureCode;
  /** A text that ends with a preposition, because the origin follows it. */
  readonly text: string;
  /** A sentence that names the cure. */
  readonly way?: string;
}

const refused: NetworkFailure = { code: 'ConnectionRefused', text: 'The connection was refused by' };
const unreachable: NetworkFailure = { code: 'ConnectionFailed', text: 'No connection could be made to' };
const reset: NetworkFailure = { code: 'ConnectionReset', text: 'The connection was lost before an answer came from' };
const broken: NetworkFailure = { code: 'AnswerInvalid', text: 'Only part of an answer came from' };
const invalid: NetworkFailure = { code: 'AnswerInvalid', text: 'No valid HTTP answer came from' };
const timedOut: NetworkFailure = { code: 'TimedOut', text: 'It took too long to connect to' };
const tlsFailed: NetworkFailure = { code: 'TlsFailed', text: 'No trusted TLS connection could be made to' };
const unknownAuthority: NetworkFailure = {
  ...tlsFailed,
  way: "Its certificate comes from an authority that is not trusted. Name that authority's certificate in CaCertificateSecretArn of the delivery policy.",
};
const otherName: NetworkFailure = {
  ...tlsFailed,
  way: 'Its certificate is for another name. Correct the endpoint, or name the expected name in ServerName of the delivery policy.',
};
const expired: NetworkFailure = { ...tlsFailed, way: 'Its certificate has expired and must be renewed there.' };

/** Node's codes for a certificate whose authority is not known. Source: Node's documentation of `tls`, X509 errors. */
const authorityCodes = [
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

/**
 * The failure for each `error.code`. Sources: Node's documentation of `errors` and `tls`, and undici's page `Errors`.
 * ERR_ANSWER_OVERFLOW comes from connection.ts.
 */
const byErrorCode: ReadonlyMap<string, NetworkFailure> = new Map([
  ...each(refused, ['ECONNREFUSED']),
  ...each(unreachable, ['EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EADDRNOTAVAIL', 'EACCES', 'EPERM']),
  ...each(unreachable, ['EMFILE', 'ENFILE', 'ENOBUFS', 'EINVAL', 'EAFNOSUPPORT']),
  ...each(reset, ['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'UND_ERR_SOCKET']),
  ...each(invalid, ['UND_ERR_HEADERS_OVERFLOW', 'ERR_ANSWER_OVERFLOW']),
  ...each(broken, ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH']),
  ...each(timedOut, ['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT']),
  ...each(tlsFailed, ['EPROTO']),
  ...each(unknownAuthority, authorityCodes),
  ...each(otherName, ['HOSTNAME_MISMATCH', 'ERR_TLS_CERT_ALTNAME_INVALID']),
  ...each(expired, ['CERT_HAS_EXPIRED']),
]);

const byErrorCodePrefix: readonly (readonly [RegExp, NetworkFailure])[] = [
  [/^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|INVALID_(CA|PURPOSE)|PATH_LENGTH_|ERROR_IN_C)/, tlsFailed],
];

function each(failure: NetworkFailure, codes: readonly string[]): [string, NetworkFailure][] {
  return codes.map((code) => [code, failure]);
}

export function errorCodeOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : '';
}

/**
 * Turns an error of undici into a Failure of the HttpClient port. Any other error is a bug and is returned unchanged.
 *
 * Failure policy: a request that undici refuses to write (a line break in a header, a header that only the connection may set)
 * is a permanent failure: the request was not sent, and would be refused again.
 *
 * @param answering whether part of the answer had arrived; a lost connection has then cut the answer off
 */
export function fromNetworkError(error: unknown, origin: string, answering: boolean): unknown {
  const code = errorCodeOf(error);
  if (code === 'UND_ERR_INVALID_ARG') {
    return new Failure('InvalidInvocation', 'The request contains a header or a value that HTTP does not allow.', {
      cause: error,
    });
  }
  const known = knownFailure(error, code);
  if (known === undefined) return error;
  const failure = answering && known === reset ? broken : known;
  const text = `${failure.text} ${origin}${code === '' ? '' : ` (${code})`}.`;
  const way = failure.way === undefined ? '' : ` ${failure.way}`;
  return new Failure(failure.code, `${text}${way}`, { cause: withoutAnswer(error) });
}

function knownFailure(error: unknown, code: string): NetworkFailure | undefined {
  // In undici 8.12, this error has no code.
  if (error instanceof Error && error.name === 'HTTPParserError') return invalid;
  return byErrorCode.get(code) ?? byErrorCodePrefix.find(([prefix]) => prefix.test(code))?.[1];
}

/** undici's parser error contains bytes of the answer, which must not reach a log. */
function withoutAnswer(error: unknown): unknown {
  if (error instanceof Error) Reflect.deleteProperty(error, 'data');
  return error;
}
