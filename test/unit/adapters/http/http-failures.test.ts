import { describe, expect, test } from 'vitest';
import { fromNetworkError } from '../../../../lib/adapters/http/failures.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';

const origin = 'https://api.example.com';

function errorWithCode(code: string): Error {
  return Object.assign(new Error('with a text that says nothing'), { code });
}

describe('an error of the network is classified by its code', () => {
  test.each([
    ['ECONNREFUSED', 'ConnectionRefused'],
    ['EHOSTUNREACH', 'ConnectionFailed'],
    ['ENETUNREACH', 'ConnectionFailed'],
    ['EADDRNOTAVAIL', 'ConnectionFailed'],
    ['EMFILE', 'ConnectionFailed'],
    ['ECONNRESET', 'ConnectionReset'],
    ['EPIPE', 'ConnectionReset'],
    ['UND_ERR_SOCKET', 'ConnectionReset'],
    ['ETIMEDOUT', 'TimedOut'],
    ['UND_ERR_CONNECT_TIMEOUT', 'TimedOut'],
    ['UND_ERR_HEADERS_OVERFLOW', 'AnswerInvalid'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'AnswerInvalid'],
    ['CERT_HAS_EXPIRED', 'TlsFailed'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'TlsFailed'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'TlsFailed'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'TlsFailed'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'TlsFailed'],
    ['EPROTO', 'TlsFailed'],
    ['UND_ERR_INVALID_ARG', 'InvalidInvocation'],
  ])('the network error %s becomes the failure %s', (code, expected) => {
    const error = errorWithCode(code);
    const failure = fromNetworkError(error, origin, false);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ code: expected, cause: error });
  });
});

test.each(['ECONNRESET', 'UND_ERR_SOCKET'])(
  'the network error %s after the first byte of an answer becomes the failure AnswerInvalid',
  (code) => {
    expect(fromNetworkError(errorWithCode(code), origin, true)).toMatchObject({ code: 'AnswerInvalid' });
  },
);

test('an error that does not come from the network is thrown unchanged', () => {
  const bug = new TypeError('x is not a function');
  expect(fromNetworkError(bug, origin, false)).toBe(bug);
  expect(fromNetworkError('thrown text', origin, false)).toBe('thrown text');
});
