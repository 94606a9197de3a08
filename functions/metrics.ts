import { createEmfMetrics } from '../lib/adapters/emf-metrics.ts';
import { createOutputLines } from '../lib/adapters/output-lines.ts';
import { systemClock } from '../lib/adapters/system-clock.ts';
import type { Config } from '../lib/config.ts';
import type { InvocationMetrics } from '../lib/metrics-ports.ts';

/** Lambda takes what is written here for the function's log. */
export const writeOut = createOutputLines((text) => void process.stdout.write(text));

/** What a function counts, for CloudWatch. */
export function wireMetrics(config: Config): InvocationMetrics {
  const stackName = config.STACK_NAME ?? config.TABLE_NAME;
  const perDestination = config.METRICS_PER_DESTINATION === 'true';
  return createEmfMetrics({ write: writeOut, nowMs: () => systemClock.nowMs(), stackName, perDestination });
}
