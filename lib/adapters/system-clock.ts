import type { Clock } from '../ports/clock.ts';

/** A timer of its own making: that of `node:timers/promises` costs twice as much for every wait that can be aborted. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  delay(delayMs, signal) {
    if (signal === undefined) return new Promise((resolve) => void setTimeout(resolve, delayMs));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal.aborted) {
      reject(signal.reason);
      return promise;
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    }, delayMs);
    function giveUp(): void {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    signal.addEventListener('abort', giveUp);
    return promise;
  },
};
