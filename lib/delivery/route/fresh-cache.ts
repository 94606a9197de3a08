import { isStoreUnavailable } from '../../core/failure/failure.ts';
import { BoundedMap } from '../../core/input/bounded-map.ts';
import type { Clock } from '../../ports/clock.ts';
import { createSingleFlight } from '../single-flight.ts';

export interface FreshCacheOptions {
  /** Age at which a value is read again before it is used. */
  readonly freshMs: number;
  /** Age up to which a value is used while its store cannot be reached. */
  readonly staleMs: number;
  /** Number of values that are kept. When there are more, the value that was read longest ago is dropped. */
  readonly capacity: number;
}

export interface FreshCache<Value> {
  /** The value, if `current` would return it without a read; undefined if `current` would read the store. */
  cached(key: string): Value | undefined;
  /**
   * Returns the value. Reads it again when it is older than `freshMs`, counting also the time for which Lambda has frozen the
   * function.
   *
   * Failure policy: while a store cannot be reached (StoreUnavailable, or no answer within a second), values up to `staleMs`
   * old are returned. If a store refuses, or has no value, that result is returned at once.
   */
  current(key: string): Promise<Value | undefined>;
  /** Reads the value from the store, for decisions that a cache must not make. Never stale. */
  fresh(key: string): Promise<Value | undefined>;
}

interface Entry<Value> {
  readonly value: Value;
  /** When the read began, because a change during the read may be newer than the value. */
  readonly readAtMs: number;
  /** When the store last could not be reached. */
  failedAtMs: number;
}

/** How long a caller waits for a store when the cache could answer instead. */
const patienceMs = 1000;
/** For this long after a store could not be reached, no request goes to the store while the cache can answer. */
const pauseAfterFailureMs = 2000;

export function createFreshCache<Value>(
  load: (key: string) => Promise<Value | undefined>,
  clock: Clock,
  options: FreshCacheOptions,
): FreshCache<Value> {
  const entries = new BoundedMap<string, Entry<Value>>(options.capacity);
  const reads = createSingleFlight<Value | undefined>();

  async function readNow(key: string): Promise<Value | undefined> {
    const readAtMs = clock.nowMs();
    try {
      const value = await load(key);
      keep(key, value, readAtMs);
      return value;
    } catch (error) {
      const entry = entries.get(key);
      if (!isStoreUnavailable(error)) entries.delete(key);
      else if (entry !== undefined) entry.failedAtMs = clock.nowMs();
      throw error;
    }
  }

  function keep(key: string, value: Value | undefined, readAtMs: number): void {
    if (value === undefined) entries.delete(key);
    else entries.set(key, { value, readAtMs, failedAtMs: Number.NEGATIVE_INFINITY });
  }

  /** Makes one read at a time. A caller that comes during a read gets the result of that read. */
  function readOnce(key: string): Promise<Value | undefined> {
    return reads.run(key, () => readNow(key));
  }

  async function readOrStale(key: string, entry: Entry<Value>): Promise<Value | undefined> {
    if (isWithin(clock.nowMs() - entry.failedAtMs, pauseAfterFailureMs)) return entry.value;
    const patience = new AbortController();
    const read = readOnce(key).catch((error: unknown) => {
      if (isStoreUnavailable(error)) return entry.value;
      throw error;
    });
    const enough = clock.delay(patienceMs, patience.signal).then(
      () => entry.value,
      () => read,
    );
    return Promise.race([read, enough]).finally(() => patience.abort());
  }

  function cached(key: string): Value | undefined {
    const entry = entries.get(key);
    return entry !== undefined && isWithin(clock.nowMs() - entry.readAtMs, options.freshMs) ? entry.value : undefined;
  }

  return {
    cached,
    async current(key) {
      const value = cached(key);
      if (value !== undefined) return value;
      const entry = entries.get(key);
      if (entry !== undefined && isWithin(clock.nowMs() - entry.readAtMs, options.staleMs)) {
        return readOrStale(key, entry);
      }
      return readOnce(key);
    },
    async fresh(key) {
      // A read that is already running may return a value from before this call, so wait for it and start another.
      await reads.running(key)?.catch(() => undefined);
      return readOnce(key);
    },
  };
}

/** When the clock has stepped back, an age is negative and never within the limit. */
function isWithin(ageMs: number, limitMs: number): boolean {
  return ageMs >= 0 && ageMs < limitMs;
}
