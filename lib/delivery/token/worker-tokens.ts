import { Failure } from '../../core/failure/failure.ts';
import { BoundedMap } from '../../core/input/bounded-map.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConnectionLog } from '../../ports/metrics.ts';
import { createSingleFlight } from '../single-flight.ts';
import type { HeldToken } from './fleet-token.ts';
import { hasEnded, isEnding, isYoung } from './fleet-token.ts';
import type { TokenNeed } from './renewal.ts';

export interface WorkerTokens {
  /** Returns the token in memory while it is valid, otherwise the fleet's token or a new one. */
  find(need: TokenNeed, signal: AbortSignal): Promise<HeldToken>;
  /** Returns a token other than the rejected one; undefined if the rejected token is too young to be rejected for its age. */
  replace(need: TokenNeed, rejectedGeneration: number, signal: AbortSignal): Promise<HeldToken | undefined>;
}

export interface TokenMemory {
  token?: HeldToken;
  /** Whether the token got a 401 or 407. The table is then read before the token is used again. */
  rejected: boolean;
  /** Because of this failure, no request goes to the token endpoint or the table before this time. */
  pause?: { readonly untilMs: number; readonly failure: Failure };
}

/**
 * The number of tokens that one worker keeps. With more connections than this, a delivery may have to read the table, but
 * makes no token request because of it.
 */
const capacity = 1000;

/** For this long after a failure, no request goes to the table or the token endpoint while the token in memory can be used. */
const pauseMs = 5000;

/** Upper limit for a Retry-After of the token endpoint. */
const longestPauseMs = 900_000;

/**
 * Failure policy: while the table or the token endpoint cannot be reached or gives no valid answer, the token in memory is
 * used until it expires. Without such a token, the failure is retryable. A worker never obtains a token only for itself: if an
 * endpoint allows few tokens at a time, the new token would end the tokens of the other workers.
 *
 * @param obtain returns the fleet's token, or a new one
 */
export function createWorkerTokens(
  obtain: (need: TokenNeed, signal: AbortSignal) => Promise<HeldToken>,
  clock: Clock,
  connectionLog: Pick<ConnectionLog, 'tokenFailed'>,
): WorkerTokens {
  const memoryOf = createTokenMemories(capacity);
  const lookups = createSingleFlight<HeldToken>();

  async function look(need: TokenNeed, memory: TokenMemory, signal: AbortSignal): Promise<HeldToken> {
    try {
      const token = await obtain(need, signal);
      memory.token = token;
      memory.rejected = false;
      delete memory.pause;
      return token;
    } catch (error) {
      if (isPassing(error)) {
        notePause(memory, error, clock.nowMs());
        reportRenewal(need, memory, error);
      }
      throw error;
    }
  }

  /** While the token in memory serves, no delivery fails, and nobody would notice that its renewal does. */
  function reportRenewal(need: TokenNeed, memory: TokenMemory, { code, message }: Failure): void {
    if (servingToken(memory, clock.nowMs()) === undefined || memory.pause === undefined) return;
    const nextTryAtMs = memory.pause.untilMs;
    connectionLog.tokenFailed({ connection: need.connection.name, code, reason: message, nextTryAtMs });
  }

  async function refresh(need: TokenNeed, memory: TokenMemory, signal: AbortSignal): Promise<HeldToken> {
    const paused = pausedFailure(memory, clock.nowMs());
    if (paused !== undefined) throw paused;
    const key = `${keyOf(need)} ${need.rejectedGeneration} ${need.justRead}`;
    return lookups.run(key, (sharedSignal) => look(need, memory, sharedSignal), signal);
  }

  async function find(need: TokenNeed, signal: AbortSignal): Promise<HeldToken> {
    const memory = memoryOf(keyOf(need));
    const held = memory.token;
    if (held !== undefined && !memory.rejected && !isEnding(held, clock.nowMs())) return held;
    const asked = held !== undefined && memory.rejected ? { ...need, rejectedGeneration: held.generation } : need;
    try {
      return await refresh(asked, memory, signal);
    } catch (error) {
      const serving = isPassing(error) ? servingToken(memory, clock.nowMs()) : undefined;
      if (serving !== undefined) return serving;
      throw error;
    }
  }

  async function replace(
    need: TokenNeed,
    rejectedGeneration: number,
    signal: AbortSignal,
  ): Promise<HeldToken | undefined> {
    const memory = memoryOf(keyOf(need));
    const held = memory.token;
    if (held !== undefined) {
      if (held.generation !== rejectedGeneration) return find(need, signal);
      if (isYoung(held, clock.nowMs())) return undefined;
      memory.rejected = true;
    }
    const token = await refresh({ ...need, rejectedGeneration }, memory, signal);
    const isSame =
      held === undefined ? token.generation === rejectedGeneration : token.accessToken === held.accessToken;
    return isSame ? undefined : token;
  }

  return { find, replace };
}

function keyOf({ connection, secretVersion }: TokenNeed): string {
  return `${connection.incarnation} ${secretVersion}`;
}

/** Keeps at most `capacity` memories, by key. A new memory replaces the one that was unused for the longest time. */
export function createTokenMemories(capacity: number): (key: string) => TokenMemory {
  const memories = new BoundedMap<string, TokenMemory>(capacity);
  return (key) => {
    const memory = memories.get(key) ?? { rejected: false };
    memories.set(key, memory);
    return memory;
  };
}

/** The token in memory, if it has not expired. */
function servingToken(memory: TokenMemory, nowMs: number): HeldToken | undefined {
  return memory.token !== undefined && !hasEnded(memory.token, nowMs) ? memory.token : undefined;
}

/** Whether the token in memory may still be valid after this failure. */
function isPassing(error: unknown): error is Failure {
  if (!(error instanceof Failure)) return false;
  return error.code === 'StoreUnavailable' || error.code === 'TokenUnavailable' || error.code === 'TokenInvalid';
}

/** Remembers a failure if the endpoint has asked for a wait, or if the token in memory can be used in the meantime. */
function notePause(memory: TokenMemory, failure: Failure, nowMs: number): void {
  const askedMs = Math.min(failure.retryAfterMs ?? 0, longestPauseMs);
  const endsAtMs = servingToken(memory, nowMs) === undefined ? nowMs : (memory.token?.expiresAtMs ?? Infinity);
  const untilMs = askedMs > 0 ? nowMs + askedMs : Math.min(nowMs + pauseMs, endsAtMs);
  if (untilMs > nowMs) memory.pause = { untilMs, failure };
}

/**
 * The failure that forbids a request now; undefined when a request is allowed. If the clock has stepped back and so made a
 * pause longer, the pause counts as over.
 */
function pausedFailure({ pause }: TokenMemory, nowMs: number): Failure | undefined {
  if (pause === undefined || pause.untilMs <= nowMs || pause.untilMs - nowMs > longestPauseMs) return undefined;
  const { code, message } = pause.failure;
  return new Failure(code, message, { cause: pause.failure, retryAfterMs: pause.untilMs - nowMs });
}
