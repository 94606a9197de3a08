import type { Clock } from '../../lib/ports/clock.ts';

export interface WaitingClock extends Clock {
  /** Moves the time on between two calls. */
  pass(byMs: number): void;
}

/**
 * A clock on which only waits take time. Calls and computing take none, however busy the machine is: what a worker has reserved is
 * never too late, so that it asks the table as often in every run. Waits are real timers, for there are servers to wait for.
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
