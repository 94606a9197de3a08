import type { Signal } from '../../../../lib/core/health/circuit.ts';
import { failuresToOpen } from '../../../../lib/core/health/circuit.ts';
import type { RatedDestination } from '../../../../lib/core/rate/shards.ts';
import { inTurn } from '../../../../lib/core/rate/shards.ts';
import type { RateLimiter } from '../../../../lib/delivery/rate/limiter.ts';
import { createRateLimiter } from '../../../../lib/delivery/rate/limiter.ts';
import { createRecordedHealth } from '../../../fakes/healthy.ts';
import { createInMemoryRateBuckets } from '../../../fakes/in-memory-rate-buckets.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { orders as ordersAt10 } from '../rate/rate-limiters.ts';

const destination = { ...ordersAt10, ratePerSecond: 100 };
export const orders: RatedDestination = destination;
export const inBatch = { horizonMs: 2000 } as const;
export const timedOut: Signal = { kind: 'failed', code: 'TimedOut' };

/** Workers that share one table and one clock. */
export function createFleet(invocations = 50, orders: RatedDestination = destination) {
  const clock = createManualClock();
  const buckets = createInMemoryRateBuckets({ showsRefuser: true });
  const healthLog = createRecordedHealth();
  const createWorker = (own = clock) =>
    createRateLimiter({
      buckets,
      clock: own,
      random: () => 0.5,
      batchSize: 10,
      invocations,
      ownInvocations: invocations * 4,
      healthLog,
    });
  const worker = () => createWorker();
  /** Ends several requests of a worker, one after another. */
  async function end(limiter: RateLimiter, signal: Signal, times = 1, isProbe = false): Promise<void> {
    for (let time = 0; time < times; time += 1) await limiter.monitorOf(orders).begin(isProbe).end(signal);
  }
  /** A fleet whose circuit has just been opened by its first worker. */
  async function opened() {
    const limiter = worker();
    await limiter.reserve(orders, 1, inBatch);
    await end(limiter, timedOut, failuresToOpen);
    return limiter;
  }
  /** Waits for the next probe and takes its slot. */
  async function takeProbe(limiter: RateLimiter) {
    const event = healthLog.events.at(-1);
    if (event === undefined || event.event === 'healthy') throw new Error('The circuit is not open.');
    clock.set(event.nextProbeAtMs);
    return limiter.reserve(orders, 1, { ...inBatch, turn: inTurn });
  }
  return { clock, buckets, healthLog, createWorker, worker, end, opened, takeProbe };
}
