import { setTimeout as timeout } from 'node:timers/promises';
import type { Clock } from '../ports.ts';

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  async delay(delayMs, signal) {
    try {
      await timeout(delayMs, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      // node:timers wraps the signal's reason in an AbortError; the port promises the reason itself.
      throw signal?.aborted === true ? signal.reason : error;
    }
  },
};
