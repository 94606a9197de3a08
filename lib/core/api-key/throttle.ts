/** Requests of one key: how many it may make at once now, and when that was reckoned. */
export interface ThrottleState {
  readonly tokens: number;
  readonly atMs: number;
}

/** Requests of one key that one worker answers: more than any deployment tool makes, and little for the table. Ours. */
export const requestsPerSecond = 50;

export type Throttling =
  | { readonly allowed: true; readonly state: ThrottleState }
  | { readonly allowed: false; readonly state: ThrottleState; readonly retryAfterSeconds: number };

/**
 * A token bucket that holds one second's requests.
 *
 * @param state undefined before the first request of a key
 */
export function throttle(state: ThrottleState | undefined, ratePerSecond: number, nowMs: number): Throttling {
  const tokens = refilled(state, ratePerSecond, nowMs);
  if (tokens >= 1) return { allowed: true, state: { tokens: tokens - 1, atMs: nowMs } };
  const retryAfterSeconds = Math.max(1, Math.ceil((1 - tokens) / ratePerSecond));
  return { allowed: false, state: { tokens, atMs: nowMs }, retryAfterSeconds };
}

/** A clock that stepped back adds nothing, and takes nothing away. */
function refilled(state: ThrottleState | undefined, ratePerSecond: number, nowMs: number): number {
  if (state === undefined) return ratePerSecond;
  const passedMs = Math.max(0, nowMs - state.atMs);
  return Math.min(ratePerSecond, state.tokens + (passedMs / 1000) * ratePerSecond);
}
