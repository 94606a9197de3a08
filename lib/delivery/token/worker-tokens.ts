import { Failure } from '../../core/failure/failure.ts';
import { BoundedMap } from '../../core/input/bounded-map.ts';
import type { Clock } from '../../ports/clock.ts';
import { createSingleFlight } from '../single-flight.ts';
import type { HeldToken } from './fleet-token.ts';
import { hasEnded, isEnding, isYoung } from './fleet-token.ts';
import type { TokenNeed } from './renewal.ts';

/** The tokens that one worker holds. */
export interface WorkerTokens {
  /** The one in hand if it lasts, else what the fleet has or gets. */
  find(need: TokenNeed, signal: AbortSignal): Promise<HeldToken>;
  /** Another one than the rejected; undefined when that one is too young for its age to be the reason. */
  replace(need: TokenNeed, rejectedGeneration: number, signal: AbortSignal): Promise<HeldToken | undefined>;
}

/** Tokens that one worker holds; more connections than this cost table reads, not token requests. */
const capacity = 1000;

/**
 * Failure policy: while the table or the token endpoint cannot be reached, or gives no valid answer, the token in hand
 * serves until it ends. Without one the failure is retryable: if every worker of a fleet obtained its own, an endpoint
 * that allows few tokens at a time would end the others'.
 *
 * @param obtain the fleet's token, or a new one
 */
export function createWorkerTokens(
  obtain: (need: TokenNeed, signal: AbortSignal) => Promise<HeldToken>,
  clock: Clock,
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
      if (isPassing(error)) notePause(memory, error, clock.nowMs());
      throw error;
    }
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
  const memories = new BoundedMap<string, TokenMemory>(capacity);
  return (key) => {
    const memory = memories.get(key) ?? { rejected: false };
    memories.set(key, memory);
    return memory;
  };
}

/** The token in hand, if it has not ended. */
function servingToken(memory: TokenMemory, nowMs: number): HeldToken | undefined {
  return memory.token !== undefined && !hasEnded(memory.token, nowMs) ? memory.token : undefined;
}

/** Whether the failure says nothing against the token in hand. */
function isPassing(error: unknown): error is Failure {
  if (!(error instanceof Failure)) return false;
  return error.code === 'StoreUnavailable' || error.code === 'TokenUnavailable' || error.code === 'TokenInvalid';
}

/** Remembers a failure that asks for a wait, or that need not be met again while the token in hand serves. */
function notePause(memory: TokenMemory, failure: Failure, nowMs: number): void {
  const askedMs = Math.min(failure.retryAfterMs ?? 0, longestPauseMs);
  const endsAtMs = servingToken(memory, nowMs) === undefined ? nowMs : (memory.token?.expiresAtMs ?? Infinity);
  const untilMs = askedMs > 0 ? nowMs + askedMs : Math.min(nowMs + pauseMs, endsAtMs);
  if (untilMs > nowMs) memory.pause = { untilMs, failure };
}

/** Why nothing may be asked for now; undefined when it may. A pause that a clock stepping back has made longer is over. */
function pausedFailure({ pause }: TokenMemory, nowMs: number): Failure | undefined {
  if (pause === undefined || pause.untilMs <= nowMs || pause.untilMs - nowMs > longestPauseMs) return undefined;
  const { code, message } = pause.failure;
  return new Failure(code, message, { cause: pause.failure, retryAfterMs: pause.untilMs - nowMs });
}
