import type { Clock } from '../../lib/ports/clock.ts';

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/** A clock that moves only on request. A `delay` ends when `advance` moves the time past its end. */
export interface ManualClock extends Clock {
  advance(byMs: number): Promise<void>;
  /** Moves the time, also backwards, without ending any delay: this simulates a frozen worker. */
  set(nowMs: number): void;
  /** The delays that have not ended. */
  sleeperCount(): number;
}

export function createManualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let nowMs = startMs;
  const sleepers = new Set<Sleeper>();
  return {
    nowMs: () => nowMs,
    delay(delayMs, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason);
        const sleeper: Sleeper = { atMs: nowMs + delayMs, wake };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', giveUp);
        function wake(): void {
          signal?.removeEventListener('abort', giveUp);
          resolve();
        }
        function giveUp(): void {
          if (sleepers.delete(sleeper)) reject(signal?.reason);
        }
      });
    },
    async advance(byMs) {
      nowMs += byMs;
      const due = [...sleepers].filter((sleeper) => sleeper.atMs <= nowMs).sort((a, b) => a.atMs - b.atMs);
      for (const sleeper of due) {
        sleepers.delete(sleeper);
        sleeper.wake();
      }
      await new Promise((resolve) => setImmediate(resolve));
    },
    set(toMs) {
      nowMs = toMs;
    },
    sleeperCount: () => sleepers.size,
  };
}
