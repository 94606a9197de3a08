import type { Clock } from '../ports.ts';
import type { TokenMemory } from './oauth-token-cache.ts';
import { createTokenMemories, isPassing, notePause, pausedFailure, servingToken } from './oauth-token-cache.ts';
import { createFlights } from './oauth-token-flights.ts';
import type { TokenNeed } from './oauth-token-lease.ts';
import type { HeldToken } from './oauth-token-verdict.ts';
import { isEnding, isYoung } from './oauth-token-verdict.ts';

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
  const flights = createFlights<HeldToken>();

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
    return flights.join(key, signal, (flightSignal) => look(need, memory, flightSignal));
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
