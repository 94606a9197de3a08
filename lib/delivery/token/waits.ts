import { Failure } from '../../core/failure/failure.ts';
import type { TokenPause } from '../../core/token/pause.ts';
import { returnSpreadMs } from '../../core/token/pause.ts';
import type { HeldToken } from './fleet-token.ts';

/** There is no new token now, and the delivery should not wait for one in its invocation. */
export interface TokenWait {
  readonly kind: 'waiting';
  /** Why the last token request failed, or that another worker's request has no answer yet. */
  readonly why: Failure;
  readonly untilMs: number;
  /** Deliveries come back within this time after `untilMs`, each at a random moment. */
  readonly spreadMs: number;
  /** Whether no worker asks for a token before `untilMs`. */
  readonly isPause: boolean;
  /** The token in the table, if it is due for renewal but still valid. */
  readonly serving?: HeldToken | undefined;
}

/**
 * A delivery waits at most this long in its invocation for the answer to another's token request. A healthy token endpoint needs
 * a part of it. After this time, counted from the begin of the request, deliveries wait in the queue.
 */
export const longestTokenWaitMs = 500;

/** The queue delays by whole seconds. */
const shortestReturnMs = 1000;

/** @param why the failure as this worker knows it; by default, as the table does */
export function pausedWait(
  { untilMs, failures, code, reason }: TokenPause,
  serving: HeldToken | undefined,
  why = new Failure(code, reason),
): TokenWait {
  return { kind: 'waiting', why, untilMs, spreadMs: returnSpreadMs(failures), isPause: true, serving };
}

/** @param pause the pause before the request that is in progress; undefined when the last request did not fail */
export function requestedWait(pause: TokenPause | undefined, serving: HeldToken | undefined, nowMs: number): TokenWait {
  const why =
    pause === undefined
      ? new Failure('TokenUnavailable', 'Another worker has asked for a token and has no answer yet.')
      : new Failure(pause.code, pause.reason);
  const spreadMs = returnSpreadMs(pause?.failures ?? 0);
  return { kind: 'waiting', why, untilMs: nowMs + shortestReturnMs, spreadMs, isPause: false, serving };
}

/** The failure of a delivery that waits in the queue. */
export function waitingFailure(
  { why: { code, message, cause }, untilMs, spreadMs }: TokenWait,
  nowMs: number,
  random: () => number,
): Failure {
  const returnAfterMs = Math.max(0, untilMs - nowMs) + Math.floor(random() * spreadMs);
  return new Failure(code, message, { cause, returnAfterMs });
}
