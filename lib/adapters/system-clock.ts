import type { Clock } from '../ports/clock.ts';

/** Uses setTimeout itself, because an abortable wait of `node:timers/promises` takes twice the CPU time. */
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
