import type { Clock } from '../../ports/clock.ts';

/** A message that comes this much later than it could have shows that all invocations are occupied. */
const lateMs = 500;

/** All invocations count as occupied for this long after a late message. */
const crowdedForMs = 1000;

/** How long a request waits for a slot while all invocations are occupied, or for two intervals of a low rate. */
const shortWaitMs = 400;

/** How long a request waits for a slot, or for its return time, inside an invocation. */
export interface SlotHorizon {
  /** @param visibleAtMs when the queue could have handed out the message that has come, epoch ms */
  messageCame(visibleAtMs: number): void;
  longestWaitMs(ratePerSecond: number): number;
}

/**
 * A destination that gets more events than its rate allows always has requests that wait, even if its endpoint is healthy. Each
 * occupies an invocation, which does no harm while other invocations are free. As soon as messages come late because none is
 * free, requests wait only for the next slots, and all others wait in the queue. So the backlog of one destination does not
 * delay the events of others.
 *
 * @param longestMs the wait while invocations are free
 * @param batchingWindowMs how long the event source may wait for a full batch
 */
export function createSlotHorizon(longestMs: number, clock: Clock, batchingWindowMs = 0): SlotHorizon {
  const beganMs = clock.nowMs();
  let crowdedUntilMs = Number.NEGATIVE_INFINITY;
  return {
    messageCame(visibleAtMs) {
      const nowMs = clock.nowMs();
      // An earlier message may have waited for this worker to start.
      if (visibleAtMs < beganMs || nowMs - visibleAtMs < lateMs + batchingWindowMs) return;
      crowdedUntilMs = nowMs + crowdedForMs;
    },
    longestWaitMs(ratePerSecond) {
      if (clock.nowMs() >= crowdedUntilMs) return longestMs;
      return Math.min(longestMs, Math.max(shortWaitMs, 2000 / ratePerSecond));
    },
  };
}
