import type { Clock } from '../../lib/ports/clock.ts';

export interface WaitingClock extends Clock {
  /** Moves the time forward between two calls. */
  pass(byMs: number): void;
}

/**
 * A clock on which only waits take time; calls and computing take none, however busy the machine is. So a reserved slot
 * is never late, and a worker makes the same number of table calls in every run. Waits use real timers, because real
 * servers need the time.
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
