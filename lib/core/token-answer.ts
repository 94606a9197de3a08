import type { HttpAnswer } from './delivery.ts';
import { Failure } from './failure.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { isJsonObject, ownMember } from './json.ts';
import { parseRetryAfterMs } from './retry-after.ts';

export interface ObtainedToken {
  readonly accessToken: string;
  readonly tokenType: string;
  /** Absent: the token serves until a 401. */
  readonly expiresInSeconds?: number;
}

/** A longer life is taken for this one: a date a year ahead is as good as never, and no arithmetic overflows. */
const maxExpiresInSeconds = 365 * 24 * 3600;

/** A header longer than this reaches no server, and a table item holds 400 KB. */
const maxAccessTokenLength = 65_536;

/** Statuses that say nothing about the credentials. The others of the 4xx do. */
const passingStatuses = new Set([408, 425, 429]);

/** Source: RFC 6749 appendix A.12 (VSCHAR), less spaces at the ends, which a header loses. */
const accessTokenText = /^[\x20-\x7e]+$/;
/** Source: RFC 9110 section 11.1, auth-scheme. */
const tokenTypeText = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;
const secondsText = /^[0-9]{1,15}(?:\.[0-9]{1,15})?$/;

/**
 * What the token endpoint answered. Source: RFC 6749 section 5.1.
 *
 * Failure policy: only a 4xx that judges the request (not 408, 425, 429) is a refusal. A redirect is never followed, since
 * it would carry the client secret to another place, and counts as an invalid answer, like a 2xx that holds no token.
 * No message and no cause names a part of the body, which may hold the token: JSON.parse quotes its input.
 *
 * @throws Failure TokenUnavailable, TokenRefused or TokenInvalid
 */
export function parseTokenAnswer(answer: HttpAnswer, nowMs: number): ObtainedToken {
  const { status } = answer;
  if (status >= 200 && status <= 299) return parseBody(answer.body);
  if (status >= 500 || passingStatuses.has(status)) {
    const retryAfter = answer.headers['retry-after'];
    const retryAfterMs = retryAfter === undefined ? undefined : parseRetryAfterMs(retryAfter, nowMs);
    throw new Failure('TokenUnavailable', `The token endpoint answered with HTTP status ${status}.`, {
      // A negative one tells a delivery to give up, which is for its own endpoint to say.
      // Stryker disable next-line ConditionalExpression: what is undefined is not at least 0 either.
      retryAfterMs: retryAfterMs !== undefined && retryAfterMs >= 0 ? retryAfterMs : undefined,
    });
  }
  if (status >= 400) throw new Failure('TokenRefused', `Token request was refused with HTTP status ${status}.`);
  throw new Failure('TokenInvalid', `The token endpoint answered with HTTP status ${status}, which holds no token.`);
}

function parseBody(body: string): ObtainedToken {
  const answer = parseObject(body);
  const accessToken = ownMember(answer, 'access_token');
  if (typeof accessToken !== 'string' || !isSafe(accessToken)) throw invalid('access_token');
  const tokenType = parseTokenType(ownMember(answer, 'token_type') ?? 'Bearer');
  const expiresIn = ownMember(answer, 'expires_in') ?? undefined;
  if (expiresIn === undefined) return { accessToken, tokenType };
  return { accessToken, tokenType, expiresInSeconds: parseSeconds(expiresIn) };
}

function parseObject(body: string): JsonObject {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    // It is told below, without the body.
  }
  if (isJsonObject(answer)) return answer;
  throw new Failure('TokenInvalid', 'The token endpoint answered with something else than a JSON object.');
}

function isSafe(accessToken: string): boolean {
  return (
    accessToken.length <= maxAccessTokenLength &&
    accessTokenText.test(accessToken) &&
    accessToken === accessToken.trim()
  );
}

/** The type is case-insensitive, but endpoints that compare it know one spelling of the usual one. */
function parseTokenType(tokenType: JsonValue): string {
  if (typeof tokenType !== 'string' || !tokenTypeText.test(tokenType)) throw invalid('token_type');
  return tokenType.toLowerCase() === 'bearer' ? 'Bearer' : tokenType;
}

/** 0 is taken at its word: the token serves those who waited for it. A negative number is nothing to go by. */
function parseSeconds(expiresIn: JsonValue): number {
  const isText = typeof expiresIn === 'string' && secondsText.test(expiresIn.trim());
  const seconds = typeof expiresIn === 'number' || isText ? Number(expiresIn) : Number.NaN;
  if (Number.isNaN(seconds) || seconds < 0) throw invalid('expires_in');
  return Math.min(Math.floor(seconds), maxExpiresInSeconds);
}

function invalid(member: string): Failure {
  return new Failure('TokenInvalid', `The token endpoint's answer has no valid ${member}.`);
}
