import { BoundedMap } from '../../core/input/bounded-map.ts';
import type { Clock, Random } from '../../ports/clock.ts';
import type { HeldToken } from './fleet-token.ts';
import { isEnding, isYoung } from './fleet-token.ts';
import type { TokenNeed } from './renewal.ts';
import { waitingFailure } from './waits.ts';
import type { TokenMemory, WorkerSearch } from './worker-search.ts';
import { servingToken } from './worker-search.ts';

export interface WorkerTokens {
  /** Returns the token in memory while it is valid, otherwise the fleet's token or a new one. */
  find(need: TokenNeed, signal: AbortSignal): Promise<HeldToken>;
  /** Returns a token other than the rejected one; undefined if the rejected token is too young to be rejected for its age. */
  replace(need: TokenNeed, rejectedGeneration: number, signal: AbortSignal): Promise<HeldToken | undefined>;
}

/**
 * The number of tokens that one worker keeps. With more connections than this, a delivery may have to read the table, but
 * makes no token request because of it.
 */
const capacity = 1000;

/**
 * Failure policy: while the table or the token endpoint cannot be reached or gives no valid answer, the token in memory is
 * used until it expires. Without such a token, the failure is retryable. A worker never obtains a token only for itself: if an
 * endpoint allows few tokens at a time, the new token would end the tokens of the other workers.
 */
export function createWorkerTokens(search: WorkerSearch, clock: Clock, random: Random): WorkerTokens {
  const memoryOf = createTokenMemories(capacity);

  async function find(need: TokenNeed, signal: AbortSignal): Promise<HeldToken> {
    const memory = memoryOf(keyOf(need));
    const held = memory.token;
    if (held !== undefined && !memory.rejected && !isEnding(held, clock.nowMs())) return held;
    const asked = held !== undefined && memory.rejected ? { ...need, rejectedGeneration: held.generation } : need;
    const result = await search(asked, memory, signal);
    if (result.kind === 'found') return result.token;
    const nowMs = clock.nowMs();
    const serving = servingToken(memory, nowMs);
    if (serving !== undefined) return serving;
    throw waitingFailure(result, nowMs, random);
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
    const result = await search({ ...need, rejectedGeneration }, memory, signal);
    if (result.kind === 'waiting') throw waitingFailure(result, clock.nowMs(), random);
    const { token } = result;
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
