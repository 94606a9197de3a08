import type { HttpAnswer } from '../delivery/delivery.ts';
import { Failure } from '../failure/failure.ts';
import type { JsonObject, JsonValue } from '../input/json.ts';
import { isJsonObject, ownMember, parseJson } from '../input/json.ts';
import { parseRetryAfterMs } from '../delivery/retry-after.ts';

export interface ObtainedToken {
  readonly accessToken: string;
  /** Absent when no lifetime is known. The token is then used until a 401. */
  readonly expiresInSeconds?: number;
}

type Mask = (text: string) => string;

/** A longer lifetime is cut to this one, so that no calculation overflows. */
const maxExpiresInSeconds = 365 * 24 * 3600;

/** Servers refuse longer headers, and an item of the table holds only 400 KB. */
const maxAccessTokenLength = 65_536;

/** The 4xx statuses that do not refuse the credentials. */
const passingStatuses = new Set([408, 425, 429]);

/** Source: RFC 6749 appendix A.12 (VSCHAR). Spaces at the ends are checked separately, because a header loses them. */
const accessTokenText = /^[\x20-\x7e]+$/;
const secondsText = /^[0-9]{1,15}(?:\.[0-9]{1,15})?$/;

/**
 * Reads the answer of the token endpoint. Source: RFC 6749 section 5.1. Every token is sent as a Bearer token, whatever its
 * token_type: many endpoints name no type, or one that their own API does not know (`BearerToken`, `mac`), and a request with
 * another scheme would need proofs that a worker cannot make.
 *
 * Failure policy: a 4xx other than 408, 425 and 429 is a refusal. A redirect is never followed, because it would send the
 * client secret to another place. It is an invalid answer, like a 2xx without a token. Of the body, which may contain the token,
 * a message shows only the members `error` and `error_description`, and no cause shows anything.
 *
 * @param masked hides the secrets of the request in a text, because an endpoint may repeat them in its answer
 * @throws Failure TokenUnavailable, TokenRefused or TokenInvalid
 */
export function parseTokenAnswer(answer: HttpAnswer, nowMs: number, masked: Mask = (text) => text): ObtainedToken {
  const { status } = answer;
  if (status >= 200 && status <= 299) return parseBody(answer.body, masked);
  const said = errorIn(parseJson(answer.body), masked);
  if (status >= 500 || passingStatuses.has(status)) {
    const retryAfter = answer.headers['retry-after'];
    const retryAfterMs = retryAfter === undefined ? undefined : parseRetryAfterMs(retryAfter, nowMs);
    throw new Failure('TokenUnavailable', `The token endpoint answered with HTTP status ${status}${said}.`, {
      // A negative Retry-After may end a delivery only if it comes from the delivery's own endpoint.
      // Stryker disable next-line ConditionalExpression: `undefined >= 0` is false too.
      retryAfterMs: retryAfterMs !== undefined && retryAfterMs >= 0 ? retryAfterMs : undefined,
    });
  }
  if (status >= 400)
    throw new Failure('TokenRefused', `The token request was refused with HTTP status ${status}${said}.`);
  throw new Failure('TokenInvalid', `The token endpoint answered with HTTP status ${status} and no token${said}.`);
}

function parseBody(body: string, masked: Mask): ObtainedToken {
  const answer = parseObject(body);
  const accessToken = ownMember(answer, 'access_token');
  if (typeof accessToken !== 'string' || !isSafe(accessToken)) throw invalid('access_token', errorIn(answer, masked));
  const expiresInSeconds = parseSeconds(ownMember(answer, 'expires_in'));
  return expiresInSeconds === undefined ? { accessToken } : { accessToken, expiresInSeconds };
}

function parseObject(body: string): JsonObject {
  const answer = parseJson(body);
  if (isJsonObject(answer)) return answer;
  throw new Failure('TokenInvalid', "The token endpoint's answer is not a JSON object.");
}

function isSafe(accessToken: string): boolean {
  return (
    accessToken.length <= maxAccessTokenLength &&
    accessTokenText.test(accessToken) &&
    accessToken === accessToken.trim()
  );
}

/**
 * A lifetime of 0 is valid. Only the requests that waited for the token then use the token.
 *
 * @returns undefined when the lifetime is unknown: it is absent, negative or not a number
 */
function parseSeconds(expiresIn: JsonValue | undefined): number | undefined {
  const isText = typeof expiresIn === 'string' && secondsText.test(expiresIn.trim());
  const seconds = typeof expiresIn === 'number' || isText ? Number(expiresIn) : Number.NaN;
  return seconds >= 0 ? Math.min(Math.floor(seconds), maxExpiresInSeconds) : undefined;
}

function invalid(member: string, said = ''): Failure {
  return new Failure('TokenInvalid', `The token endpoint's answer has no valid ${member}${said}.`);
}

/** Long enough for a reason; some endpoints append ids and times to it. */
const longestError = 64;
const longestDescription = 200;

/**
 * The endpoint's own reason for its refusal, as the end of a sentence. Characters that RFC 6749 section 5.2 forbids become
 * question marks.
 */
function errorIn(answer: JsonValue | undefined, masked: Mask): string {
  if (!isJsonObject(answer)) return '';
  const read = (member: string, longest: number): string => {
    const value = ownMember(answer, member);
    if (typeof value !== 'string') return '';
    const safe = masked(value).replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?');
    const text = safe.trim().replace(/\.+$/, '');
    return text.length > longest ? `${text.slice(0, longest)}...` : text;
  };
  const [error, description] = [read('error', longestError), read('error_description', longestDescription)];
  if (error === '' && description === '') return '';
  if (error === '' || description === '') return `: ${error}${description}`;
  return `: ${error} (${description})`;
}
