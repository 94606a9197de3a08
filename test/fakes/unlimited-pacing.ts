import type { Pacing } from '../../lib/delivery/rate/pacing.ts';
import { createPacing } from '../../lib/delivery/rate/pacing.ts';
import { blindMonitor } from './healthy.ts';
import type { Clock } from '../../lib/ports/clock.ts';
import { createSlotHorizon } from '../../lib/delivery/rate/slot-horizon.ts';

/** Pacing without a limit: every request gets its slot at once. */
export function createUnlimitedPacing(clock: Clock): Pacing {
  const limiter = {
    reserve: async (_destination: unknown, count: number) => ({
      slotTimesMs: Array<number>(count).fill(clock.nowMs()),
      returns: [],
    }),
    pause: async () => undefined,
    monitorOf: () => blindMonitor,
  };
  return createPacing({ limiter, clock, horizon: createSlotHorizon(250, clock) });
}
