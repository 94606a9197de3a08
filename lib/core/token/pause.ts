import { Failure } from '../failure/failure.ts';
import { probeIntervalUs, untilNextProbeUs } from '../health/circuit.ts';

/** The failures of a token request that would happen to every other worker too. */
const pausingCodes = ['TokenUnavailable', 'TokenInvalid', 'TokenRefused', 'InvalidSecret'] as const;
export type PausingCode = (typeof pausingCodes)[number];

/** A token request has failed, and no worker makes another one before `untilMs`. */
export interface TokenPause {
  readonly untilMs: number;
  /** The token requests that have failed in a row; at least 1. */
  readonly failures: number;
  readonly code: PausingCode;
  /** Why the last one failed. Contains no credential and no token. */
  readonly reason: string;
  /** The credentials of the failed requests. The pause does not apply to others, which may name another token endpoint. */
  readonly secretVersion: string;
}

/** Upper limit for a Retry-After of the token endpoint. No pause is longer. */
export const longestTokenPauseMs = 900_000;

/** A reason takes little room in the item of the token. */
const longestReason = 512;

/**
 * The pause after a failed token request. It is as long as the circuit of an endpoint waits for its next probe: a second, twice
 * as long after each failure in a row, at most a minute. A Retry-After may make it longer.
 *
 * @param before the pause after the request before, if that request failed too
 * @param random a number from 0 up to 1
 * @returns undefined when the failure says nothing about the requests of other workers
 */
export function pauseAfter(
  failure: Failure,
  before: TokenPause | undefined,
  secretVersion: string,
  nowMs: number,
  random: () => number,
): TokenPause | undefined {
  const { code, message, retryAfterMs = 0 } = refusalIn(failure);
  if (!isPausing(code)) return undefined;
  const failures = before?.secretVersion === secretVersion ? before.failures + 1 : 1;
  const ownMs = Math.ceil(untilNextProbeUs(failures - 1, random) / 1000);
  const untilMs = nowMs + Math.max(ownMs, Math.min(retryAfterMs, longestTokenPauseMs));
  return { untilMs, failures, code, reason: message.slice(0, longestReason), secretVersion };
}

/** A refusal that has deauthorized the connection is permanent only for the worker that got it. */
function refusalIn(failure: Failure): Failure {
  return failure.code === 'ConnectionDeauthorized' && failure.cause instanceof Failure ? failure.cause : failure;
}

export function isPausing(code: string): code is PausingCode {
  return pausingCodes.some((each) => each === code);
}

/** Whether nobody may make a token request now. A pause that ends later than any pause may was written by a wrong clock. */
export function isPaused(pause: Pick<TokenPause, 'untilMs'> | undefined, nowMs: number): boolean {
  return pause !== undefined && pause.untilMs > nowMs && pause.untilMs <= nowMs + longestTokenPauseMs;
}

/** After few failures a delivery comes back at any moment of this time. */
const shortestSpreadMs = 2000;

/**
 * The time over which waiting deliveries come back, so that thousands of them do not occupy the fleet at one moment. It grows
 * with the pause, because a delivery that has waited for a minute can wait for some more seconds.
 */
export function returnSpreadMs(failures: number): number {
  return failures === 0 ? shortestSpreadMs : Math.max(shortestSpreadMs, probeIntervalUs(failures - 1) / 4000);
}
