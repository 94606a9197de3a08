import type { FailureCode } from '../../../../lib/core/failure/failure.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { createRateLimiter } from '../../../../lib/delivery/rate/limiter.ts';
import { healthy } from '../../../fakes/healthy.ts';
import type { RateBuckets } from '../../../../lib/ports/rate.ts';
import { createInMemoryRateBuckets } from '../../../fakes/in-memory-rate-buckets.ts';
import type { ManualClock } from '../../../fakes/manual-clock.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';

export const orders = {
  name: 'orders',
  timeoutMs: 5000,
  incarnation: 'orders',
  revision: 1,
  ratePerSecond: 10,
  burst: 1,
} as const;
export const queueBatch = { horizonMs: 2000 } as const;

interface FleetOptions {
  readonly table?: (buckets: RateBuckets) => RateBuckets;
  /** Whether a refused write returns the bucket. */
  readonly showsRefuser?: boolean;
}

/** A fleet on one table. Each call of `worker()` adds a worker, and all workers see the same clock. */
export function createFleet(options: FleetOptions = {}) {
  const clock = createManualClock();
  const { showsRefuser = true } = options;
  const buckets = createInMemoryRateBuckets({ showsRefuser });
  const table = options.table?.(buckets) ?? buckets;
  return {
    clock,
    buckets,
    beganMs: clock.nowMs(),
    worker: () => createRateLimiter({ ...healthy, buckets: table, clock, random: () => 0.5, batchSize: 10 }),
  };
}

/** A table that can be told to fail a number of times, before it writes anything. */
export function createFailingTable() {
  let failuresLeft = 0;
  let failure: unknown;
  let calls = 0;
  const failing = <Result>(call: () => Promise<Result>): Promise<Result> => {
    calls += 1;
    failuresLeft -= 1;
    return failuresLeft < 0 ? call() : Promise.reject(failure);
  };
  return {
    over: (buckets: RateBuckets): RateBuckets => ({
      write: (...args) => failing(() => buckets.write(...args)),
      read: (...args) => failing(() => buckets.read(...args)),
    }),
    fail(times: number, code: FailureCode = 'StoreUnavailable') {
      failuresLeft = times;
      failure = new Failure(code, 'The table says no.');
    },
    break(bug: Error) {
      failuresLeft = 1;
      failure = bug;
    },
    get calls() {
      return calls;
    },
  };
}

/** Lets time pass until the promise is settled. */
export async function passing<Result>(clock: ManualClock, promise: Promise<Result>): Promise<Result> {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  promise.then(settle, settle);
  for (let step = 0; step < 1000 && !settled; step += 1) await clock.advance(10);
  return promise;
}
