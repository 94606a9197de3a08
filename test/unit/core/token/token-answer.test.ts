import { describe, expect, test } from 'vitest';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { parseTokenAnswer } from '../../../../lib/core/token/answer.ts';

const nowMs = Date.UTC(2026, 10, 20, 12, 0, 0);

function parse(body: unknown, status = 200, headers: Record<string, string> = {}) {
  return parseTokenAnswer({ status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) }, nowMs);
}

describe('the error of a token answer', () => {
  const messageOf = (body: unknown, status = 400, masked?: (text: string) => string): string => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return failureOf(() => parseTokenAnswer({ status, headers: {}, body: text }, nowMs, masked)).message;
  };

  test.each([
    [400, { error: 'invalid_client' }, 'The token request was refused with HTTP status 400: invalid_client.'],
    [
      503,
      { error: 'busy', error_description: 'Try later.' },
      'The token endpoint answered with HTTP status 503: busy (Try later).',
    ],
    [429, { error_description: 'Slow down' }, 'The token endpoint answered with HTTP status 429: Slow down.'],
    [302, { error: 'moved' }, 'The token endpoint answered with HTTP status 302 and no token: moved.'],
    [
      200,
      { error: 'incorrect_client_credentials' },
      "The token endpoint's answer has no valid access_token: incorrect_client_credentials.",
    ],
  ])(
    'the error for a token answer with the status %i contains the error and error_description of %j',
    (status, body, message) => {
      expect(messageOf(body, status)).toBe(message);
    },
  );

  test.each([
    '<html>canary</html>',
    '"canary"',
    '[{"error":"canary"}]',
    { error: { canary: 1 } },
    { error: 7 },
    { canary: 'x' },
  ])(
    'the error for a token answer shows nothing of the refusal %j, which has no error in the form of OAuth',
    (body) => {
      expect(messageOf(body)).toBe('The token request was refused with HTTP status 400.');
    },
  );

  test('the error for a token answer shows no control characters, and at most 64 and 200 characters of the two texts in the answer', () => {
    const body = { error: `a\r\n${'b'.repeat(500)}`, error_description: 'c'.repeat(5000) };
    expect(messageOf(body)).toBe(
      `The token request was refused with HTTP status 400: a??${'b'.repeat(61)}... (${'c'.repeat(200)}...).`,
    );
  });

  test('the error for a token answer shows what the endpoint says only after its secrets are masked', () => {
    const body = { error: 'invalid_client', error_description: 'Wrong: swordfish' };
    expect(messageOf(body, 401, (text) => text.replace('swordfish', '***'))).toBe(
      'The token request was refused with HTTP status 401: invalid_client (Wrong: ***).',
    );
  });
});

describe('a token answer', () => {
  test.each([
    [{ access_token: 't' }, { accessToken: 't' }],
    [{ access_token: 't', token_type: null, expires_in: null }, { accessToken: 't' }],
    [
      { access_token: 't', expires_in: 3600, scope: 'x' },
      { accessToken: 't', expiresInSeconds: 3600 },
    ],
    [
      { access_token: 't', expires_in: ' 3599.75 ' },
      { accessToken: 't', expiresInSeconds: 3599 },
    ],
    [
      { access_token: 't', expires_in: 0 },
      { accessToken: 't', expiresInSeconds: 0 },
    ],
  ])('a token is read from the token answer %j', (body, token) => {
    expect(parse(body)).toEqual(token);
    expect(parse(body, 201)).toEqual(token);
    expect(parse(body, 299)).toEqual(token);
  });

  test('a token answer holds an access token of at most 65,536 characters', () => {
    const tokenOf = (length: number) => ({ access_token: 't'.repeat(length) });
    expect(parse(tokenOf(65_536)).accessToken).toHaveLength(65_536);
    expect(failureOf(() => parse(tokenOf(65_537))).message).toBe(invalidMember('access_token'));
  });

  test.each(['', 'bEARER', 'BearerToken', 'mac', 'DPoP', 'Bearer\r\nX-Evil: 1', 'a'.repeat(10_000), 7, [], true])(
    'a token answer with the type %j gives a token like any other',
    (type) => {
      expect(parse({ access_token: 't', token_type: type, expires_in: 5 })).toEqual(
        parse({ access_token: 't', token_type: 'Bearer', expires_in: 5 }),
      );
    },
  );

  const numberLike = ['1.', '.5', '1e3', '0x10', '+5', '5s', 's5', '1.2.3', '1'.repeat(16), `1.${'1'.repeat(16)}`];
  const noNumbers = ['', ' ', 'never', '2026-11-28T12:00:00Z', 'NaN', 'Infinity', true, false, [5], { seconds: 5 }];
  test.each([-1, -0.5, '-1', '-3600', ...numberLike, ...noNumbers])(
    'a token answer with the lifetime %j gives a token whose lifetime is unknown',
    (expiresIn) => {
      expect(parse({ access_token: 't', expires_in: expiresIn })).toEqual({ accessToken: 't' });
    },
  );

  test('a token answer that is not a JSON object is refused with that reason', () => {
    const message = "The token endpoint's answer is not a JSON object.";
    expect(failureOf(() => parse('[]')).message).toBe(message);
    expect(failureOf(() => parse('{')).message).toBe(message);
  });

  test('a token answer with Retry-After 0 asks for a wait of 0 ms', () => {
    expect(failureOf(() => parse('', 503, { 'retry-after': '0' })).retryAfterMs).toBe(0);
  });

  test.each([1e10, 1e300, '999999999999999'])('an expires_in of %s seconds is shortened to a year', (seconds) => {
    expect(parse({ access_token: 't', expires_in: seconds }).expiresInSeconds).toBe(31_536_000);
  });

  test.each([
    ['', 'canary'],
    ['access_token=canary', 'canary'],
    ['"canary"', 'canary'],
    ['["canary"]', 'canary'],
    ['null', 'canary'],
    ['{"access_token":"canary"', 'canary'],
    [{ token: 'canary' }, 'canary'],
    [{ access_token: '' }, 'canary'],
    [{ access_token: 190283746 }, '190283746'],
    [{ access_token: 'canary\r\nX-Evil: 1' }, 'canary'],
    [{ access_token: 'canary\0' }, 'canary'],
    [{ access_token: ' canary' }, 'canary'],
    [{ access_token: 'cänary' }, 'nary'],
    ['{"__proto__":{"access_token":"canary"}}', 'canary'],
  ])('the token answer %j is invalid, and the error does not show it', (body, canary) => {
    const failure = failureOf(() => parse(body));
    expect(failure.code).toBe('TokenInvalid');
    expect(`${failure.message} ${failure.stack} ${String(failure.cause)}`.replaceAll(/:\d+/g, '')).not.toContain(
      canary,
    );
  });

  test.each([500, 502, 503, 599, 408, 425, 429])(
    'a token answer with status %i is a retryable failure and does not refuse the credentials',
    (status) => {
      const failure = failureOf(() => parse({ message: 'canary' }, status, { 'retry-after': '7' }));
      expect([failure.code, failure.kind, failure.retryAfterMs]).toEqual(['TokenUnavailable', 'retryable', 7000]);
      expect(failure.message).toBe(`The token endpoint answered with HTTP status ${status}.`);
    },
  );

  test.each([undefined, '-1', 'soon'])(
    'a token answer with status 503 and Retry-After %s asks for no wait',
    (retryAfter) => {
      const headers = retryAfter === undefined ? undefined : { 'retry-after': retryAfter };
      expect(failureOf(() => parse('', 503, headers)).retryAfterMs).toBeUndefined();
    },
  );

  test.each([400, 401, 403, 404, 410, 451, 499])('a token answer with status %i refuses the credentials', (status) => {
    const failure = failureOf(() => parse({ message: 'canary' }, status));
    expect(failure.code).toBe('TokenRefused');
    expect(failure.message).toBe(`The token request was refused with HTTP status ${status}.`);
  });

  test.each([101, 199, 300, 301, 302, 307, 308, 399])(
    'a token answer with status %i is invalid because it holds no token',
    (status) => {
      const failure = failureOf(() => parse({ access_token: 't' }, status));
      expect(failure.code).toBe('TokenInvalid');
      expect(failure.message).toBe(`The token endpoint answered with HTTP status ${status} and no token.`);
    },
  );
});

function invalidMember(member: string): string {
  return `The token endpoint's answer has no valid ${member}.`;
}

function failureOf(work: () => unknown): Failure {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('It did not fail.');
}
