import { describe, expect, test } from 'vitest';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { parseTokenAnswer } from '../../../../lib/core/token/answer.ts';

const nowMs = Date.UTC(2026, 10, 20, 12, 0, 0);

function parse(body: unknown, status = 200, headers: Record<string, string> = {}) {
  return parseTokenAnswer({ status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) }, nowMs);
}

describe('a token answer', () => {
  test.each([
    [{ access_token: 't' }, { accessToken: 't', tokenType: 'Bearer' }],
    [
      { access_token: 't', token_type: 'bEARER' },
      { accessToken: 't', tokenType: 'Bearer' },
    ],
    [
      { access_token: 't', token_type: 'DPoP' },
      { accessToken: 't', tokenType: 'DPoP' },
    ],
    [
      { access_token: 't', token_type: null, expires_in: null },
      { accessToken: 't', tokenType: 'Bearer' },
    ],
    [
      { access_token: 't', expires_in: 3600, scope: 'x' },
      { accessToken: 't', tokenType: 'Bearer', expiresInSeconds: 3600 },
    ],
    [
      { access_token: 't', expires_in: ' 3599.75 ' },
      { accessToken: 't', tokenType: 'Bearer', expiresInSeconds: 3599 },
    ],
    [
      { access_token: 't', expires_in: 0 },
      { accessToken: 't', tokenType: 'Bearer', expiresInSeconds: 0 },
    ],
  ])('a token is read from the token answer %j', (body, token) => {
    expect(parse(body)).toEqual(token);
    expect(parse(body, 201)).toEqual(token);
    expect(parse(body, 299)).toEqual(token);
  });

  test('a token answer may hold an access token of up to 65,536 characters and a token type of up to 64', () => {
    const tokenOf = (length: number) => ({ access_token: 't'.repeat(length) });
    const typeOf = (length: number) => ({ access_token: 't', token_type: 'a'.repeat(length) });
    expect(parse(tokenOf(65_536)).accessToken).toHaveLength(65_536);
    expect(failureOf(() => parse(tokenOf(65_537))).message).toBe(invalidMember('access_token'));
    expect(parse(typeOf(64)).tokenType).toHaveLength(64);
    expect(failureOf(() => parse(typeOf(65))).message).toBe(invalidMember('token_type'));
  });

  test.each(['1.', '.5', '1e3', '0x10', '+5', '5s', 's5', '1.2.3', '1'.repeat(16), `1.${'1'.repeat(16)}`, [5]])(
    'a token answer with the expires_in %j is invalid',
    (expiresIn) => {
      const failure = failureOf(() => parse({ access_token: 't', expires_in: expiresIn }));
      expect(failure.message).toBe(invalidMember('expires_in'));
    },
  );

  test('the error for a token answer that is not a JSON object says so', () => {
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
    [{ access_token: 't', token_type: 'canary canary' }, 'canary'],
    [{ access_token: 't', token_type: '' }, 'canary'],
    [{ access_token: 't', token_type: 190283746 }, '190283746'],
    [{ access_token: 't', expires_in: -190283746 }, '190283746'],
    [{ access_token: 't', expires_in: '-190283746' }, '190283746'],
    [{ access_token: 't', expires_in: '' }, 'canary'],
    [{ access_token: 't', expires_in: 'canary' }, 'canary'],
    [{ access_token: 't', expires_in: ['190283746'] }, '190283746'],
    ['{"access_token":"t","expires_in":true}', 'true'],
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
      const failure = failureOf(() => parse({ error: 'canary' }, status, { 'retry-after': '7' }));
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
    const failure = failureOf(() => parse({ error_description: 'canary' }, status));
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
