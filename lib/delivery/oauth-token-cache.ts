import { Failure } from '../core/failure.ts';
import type { HeldToken } from './oauth-token-verdict.ts';
import { hasEnded } from './oauth-token-verdict.ts';

/** What a worker remembers of one connection's token. */
export interface TokenMemory {
  token?: HeldToken;
  /** A 401 or 407 has rejected it: it is looked up before it is used again. */
  rejected: boolean;
  /** Until when the token endpoint and the table are left alone, and why. */
  pause?: { readonly untilMs: number; readonly failure: Failure };
}

/** The table and the endpoint are given this time to come back while the token in hand still serves. */
const pauseMs = 5000;

/** No Retry-After counts for longer. */
const longestPauseMs = 900_000;

/** By key, at most so many; the one unused for longest makes room. */
export function createTokenMemories(capacity: number): (key: string) => TokenMemory {
  const memories = new Map<string, TokenMemory>();
  return (key) => {
    const memory = memories.get(key) ?? { rejected: false };
    memories.delete(key);
    memories.set(key, memory);
    if (memories.size > capacity) {
      for (const oldest of memories.keys()) {
        memories.delete(oldest);
        break;
      }
    }
    return memory;
  };
}

/** The token in hand, if it has not ended. */
export function servingToken(memory: TokenMemory, nowMs: number): HeldToken | undefined {
  return memory.token !== undefined && !hasEnded(memory.token, nowMs) ? memory.token : undefined;
}

/** Whether the failure says nothing against the token in hand. */
export function isPassing(error: unknown): error is Failure {
  if (!(error instanceof Failure)) return false;
  return error.code === 'StoreUnavailable' || error.code === 'TokenUnavailable' || error.code === 'TokenInvalid';
}

/** Remembers a failure that asks for a wait, or that need not be met again while the token in hand serves. */
export function notePause(memory: TokenMemory, failure: Failure, nowMs: number): void {
  const askedMs = Math.min(failure.retryAfterMs ?? 0, longestPauseMs);
  const endsAtMs = servingToken(memory, nowMs) === undefined ? nowMs : (memory.token?.expiresAtMs ?? Infinity);
  const untilMs = askedMs > 0 ? nowMs + askedMs : Math.min(nowMs + pauseMs, endsAtMs);
  if (untilMs > nowMs) memory.pause = { untilMs, failure };
}

/** Why nothing may be asked for now; undefined when it may. A pause that a clock stepping back has made longer is over. */
export function pausedFailure({ pause }: TokenMemory, nowMs: number): Failure | undefined {
  if (pause === undefined || pause.untilMs <= nowMs || pause.untilMs - nowMs > longestPauseMs) return undefined;
  const { code, message } = pause.failure;
  return new Failure(code, message, { cause: pause.failure, retryAfterMs: pause.untilMs - nowMs });
}
