/** How many requests one key could make at once at the time `atMs`. */
export interface ThrottleState {
  readonly tokens: number;
  readonly atMs: number;
}

/**
 * A worker accepts this many requests of one key in each second. No deployment tool sends more, and it is a small load for the
 * table.
 */
export const requestsPerSecond = 50;

export type Throttling =
  | { readonly allowed: true; readonly state: ThrottleState }
  | { readonly allowed: false; readonly state: ThrottleState; readonly retryAfterSeconds: number };

/**
 * A token bucket that holds the requests of one second.
 *
 * @param state undefined before the first request of a key
 */
export function throttle(state: ThrottleState | undefined, ratePerSecond: number, nowMs: number): Throttling {
  const tokens = refilled(state, ratePerSecond, nowMs);
  if (tokens >= 1) return { allowed: true, state: { tokens: tokens - 1, atMs: nowMs } };
  const retryAfterSeconds = Math.max(1, Math.ceil((1 - tokens) / ratePerSecond));
  return { allowed: false, state: { tokens, atMs: nowMs }, retryAfterSeconds };
}

/** A clock that steps back neither adds nor removes tokens. */
function refilled(state: ThrottleState | undefined, ratePerSecond: number, nowMs: number): number {
  if (state === undefined) return ratePerSecond;
  const passedMs = Math.max(0, nowMs - state.atMs);
  return Math.min(ratePerSecond, state.tokens + (passedMs / 1000) * ratePerSecond);
}
