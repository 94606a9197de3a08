import type { Failure } from '../../core/failure/failure.ts';
import { isStoreUnavailable } from '../../core/failure/failure.ts';
import { isPaused } from '../../core/token/pause.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConnectionLog } from '../../ports/metrics.ts';
import { createSingleFlight } from '../single-flight.ts';
import type { HeldToken } from './fleet-token.ts';
import { hasEnded } from './fleet-token.ts';
import type { TokenNeed, TokenSearch } from './renewal.ts';
import type { TokenWait } from './waits.ts';
import { longestTokenWaitMs, requestedWait } from './waits.ts';

/** The knowledge of a worker about the token of one connection. */
export interface TokenMemory {
  token?: HeldToken;
  /** Whether the token got a 401 or 407. The table is then read before the token is used again. */
  rejected: boolean;
  /** Because of this failure, no request goes to the token endpoint or the table before the end of the wait. */
  pause?: TokenWait;
  /** When this worker began to search for a token; absent when it is not searching. */
  searchingSinceMs?: number;
}

export type SearchToken = (need: TokenNeed, signal: AbortSignal) => Promise<TokenSearch>;

/** Searches for a token, or waits for the search that another delivery of this worker has begun. */
export type WorkerSearch = (need: TokenNeed, memory: TokenMemory, signal: AbortSignal) => Promise<TokenSearch>;

export interface WorkerSearchDependencies {
  /** Returns the token of the table, or gets a new one. If it cannot get one, the result has the reason and how long the delivery must wait. */
  readonly search: SearchToken;
  readonly clock: Clock;
  readonly connectionLog: Pick<ConnectionLog, 'tokenFailed'>;
}

/** For this long after the table could not be reached, it gets no request while the token in memory can be used. */
const outageMs = 5000;

/**
 * Failure policy: the delivery that begins a search waits for its result, even for the answer of a slow token endpoint. The
 * others wait for it only as long as for the request of another worker.
 */
export function createWorkerSearch({ search, clock, connectionLog }: WorkerSearchDependencies): WorkerSearch {
  const searches = createSingleFlight<TokenSearch>();

  async function searchAndRemember(need: TokenNeed, memory: TokenMemory, signal: AbortSignal): Promise<TokenSearch> {
    memory.searchingSinceMs ??= clock.nowMs();
    try {
      const result = await search(need, signal);
      remember(memory, result);
      return result;
    } catch (error) {
      const outage = isStoreUnavailable(error) ? outageAfter(error, memory, clock.nowMs()) : undefined;
      if (outage === undefined) throw error;
      memory.pause = outage;
      const { why, untilMs: nextTryAtMs } = outage;
      const { code, message: reason } = why;
      connectionLog.tokenFailed({ connection: need.connection.name, code, reason, nextTryAtMs });
      return outage;
    } finally {
      delete memory.searchingSinceMs;
    }
  }

  /** The time that a delivery waits for the search of another delivery of this worker. */
  function patienceMs({ pause, searchingSinceMs }: TokenMemory): number {
    // A pause stays in memory until the next token, so the endpoint is known to fail.
    if (pause !== undefined) return 0;
    const nowMs = clock.nowMs();
    return Math.min(longestTokenWaitMs, (searchingSinceMs ?? nowMs) + longestTokenWaitMs - nowMs);
  }

  /** A wait for the request that is in progress, with the reason of the last failure. */
  function stillSearching({ pause }: TokenMemory): TokenWait {
    const wait = requestedWait(undefined, undefined, clock.nowMs());
    return pause === undefined ? wait : { ...pause, untilMs: wait.untilMs, isPause: false };
  }

  return async (need, memory, signal) => {
    const { connection, secretVersion, rejectedGeneration, justRead, isAuthorization } = need;
    if (memory.pause !== undefined && isPaused(memory.pause, clock.nowMs()) && !isAuthorization) return memory.pause;
    const key = [connection.incarnation, secretVersion, rejectedGeneration, justRead, isAuthorization].join(' ');
    const isOwn = searches.running(key) === undefined;
    const done = new AbortController();
    const racers = [searches.run(key, (shared) => searchAndRemember(need, memory, shared), signal)];
    if (!isOwn && !isAuthorization) {
      const leftMs = patienceMs(memory);
      const ended = leftMs > 0 ? clock.delay(leftMs, done.signal) : Promise.resolve();
      racers.push(ended.then(() => stillSearching(memory)));
    }
    try {
      return await Promise.race(racers);
    } finally {
      done.abort();
    }
  };
}

function remember(memory: TokenMemory, result: TokenSearch): void {
  const token = result.kind === 'found' ? result.token : result.serving;
  if (token !== undefined && (result.kind === 'found' || token.generation !== memory.token?.generation)) {
    memory.token = token;
    memory.rejected = false;
  }
  if (result.kind === 'found') delete memory.pause;
  else if (result.isPause) memory.pause = result;
}

/** The token in memory, if it has not expired. */
export function servingToken({ token }: TokenMemory, nowMs: number): HeldToken | undefined {
  return token !== undefined && !hasEnded(token, nowMs) ? token : undefined;
}

/** The wait after an outage of the table; undefined when the token in memory has expired. */
function outageAfter(why: Failure, memory: TokenMemory, nowMs: number): TokenWait | undefined {
  const serving = servingToken(memory, nowMs);
  if (serving === undefined) return undefined;
  const untilMs = Math.min(nowMs + outageMs, serving.expiresAtMs ?? Infinity);
  return { kind: 'waiting', why, untilMs, spreadMs: 0, isPause: true };
}
