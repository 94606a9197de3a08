import { createEmfMetrics } from '../lib/adapters/log/emf-metrics.ts';
import { createOutputLines } from '../lib/adapters/log/output-lines.ts';
import { systemClock } from '../lib/adapters/system-clock.ts';
import type { Config } from '../lib/config.ts';
import { longestSlotWaitMs } from '../lib/core/delivery/retry.ts';
import type { InvocationMetrics } from '../lib/ports/metrics.ts';

/**
 * `longestSlotWaitMs` is how long an invocation waits for a slot: a batch can use the time for its other events, but a single event can
 * only wait. `invocations` is how many invocations run at the same time, if `MAXIMUM_INVOCATIONS` is not set.
 */
export const inputs = {
  batch: { longestSlotWaitMs, invocations: 50 },
  single: { longestSlotWaitMs: 250, invocations: 1000 },
} as const;

/** Lambda writes standard output to the function's log. */
export const writeOut = createOutputLines((text) => void process.stdout.write(text));

/** The metrics of a function, for CloudWatch. */
export function wireMetrics(config: Config): InvocationMetrics {
  const stackName = config.STACK_NAME ?? config.TABLE_NAME;
  const perDestination = config.METRICS_PER_DESTINATION === 'true';
  return createEmfMetrics({ write: writeOut, nowMs: () => systemClock.nowMs(), stackName, perDestination });
}
