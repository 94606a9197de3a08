import type { Allowance } from '../../lib/core/health/allowance.ts';
import { earlyReturnUs } from '../../lib/core/health/allowance.ts';
import type { Share } from '../../lib/core/rate/slots.ts';
import type { HealthMonitor } from '../../lib/delivery/health/monitor.ts';
import type { HealthEvent } from '../../lib/core/health/health-event.ts';
import type { HealthLog } from '../../lib/ports/metrics.ts';

/** The allowance of a healthy endpoint: its whole rate. */
export function wholeAllowance(share: Share): Allowance {
  return {
    share,
    returnShare: share,
    leastCostUs: 0,
    mostSlots: Number.POSITIVE_INFINITY,
    returnsFromUs: 0,
    onlyProbes: false,
    earlyReturnUs,
  };
}

/** Settings of a rate limiter whose endpoints always answer at once. */
export const healthy = { invocations: 1_000_000, healthLog: { record: () => undefined } } as const;

/** A monitor for which every endpoint is always healthy. */
export const blindMonitor: Pick<HealthMonitor, 'begin' | 'isHalted' | 'isUnhealthy' | 'isSlow' | 'waitsFor'> = {
  isHalted: false,
  isUnhealthy: false,
  waitsFor: 'rate',
  isSlow: false,
  begin: () => ({ end: () => undefined }),
};

export interface RecordedHealth extends HealthLog {
  readonly events: readonly HealthEvent[];
}

export function createRecordedHealth(): RecordedHealth {
  const events: HealthEvent[] = [];
  return { events, record: (event) => void events.push(event) };
}
