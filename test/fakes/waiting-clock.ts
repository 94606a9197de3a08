import type { Clock } from '../../lib/ports/clock.ts';

export interface WaitingClock extends Clock {
  /** Moves the time forward at once. */
  pass(byMs: number): void;
}

/**
 * A clock that moves only during delays. Calls and computing take no time, so a slow machine misses no slot, and a worker
 * makes the same number of table calls in every run. Delays use real timers, because real servers need the time.
 */
export function createWaitingClock(startMs = Date.now()): WaitingClock {
  let nowMs = startMs;
  return {
    nowMs: () => nowMs,
    pass(byMs) {
      nowMs += byMs;
    },
    delay(delayMs, signal) {
      const atMs = nowMs + delayMs;
      return new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason);
        const timer = setTimeout(() => {
          signal?.removeEventListener('abort', giveUp);
          nowMs = Math.max(nowMs, atMs);
          resolve();
        }, delayMs);
        function giveUp(): void {
          clearTimeout(timer);
          reject(signal?.reason);
        }
        signal?.addEventListener('abort', giveUp, { once: true });
      });
    },
  };
}
