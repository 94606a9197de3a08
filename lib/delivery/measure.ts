import { parseEventsArn } from '../core/destination/arn.ts';
import type { Conclusion, Delivery } from '../core/delivery/delivery.ts';
import type { DeliveryLog } from '../ports/delivery.ts';
import type { HealthLog, Metrics } from '../ports/metrics.ts';
import type { Attempt } from './attempt.ts';

/** Counts each attempt and its times as soon as the attempt is over. */
export function measureAttempts(attempt: Attempt, metrics: Metrics): Attempt {
  return async (delivery, deadline, turn) => {
    const result = await attempt(delivery, deadline, turn);
    if (result.kind === 'later') return result;
    const { outcome, requested, rateWaitMs, latenciesMs } = result;
    const name = existingDestination(delivery, outcome.kind === 'delivered' ? undefined : outcome.code);
    if (outcome.kind === 'retryable') metrics.count('RetryableFailures', name);
    if (requested) {
      metrics.count('Attempts', name);
      metrics.time('RateWait', rateWaitMs, name);
    }
    for (const latencyMs of latenciesMs) metrics.time('Latency', latencyMs, name);
    return result;
  };
}

/** Counts the result of each delivery when its log line is written. */
export function measureConclusions(log: DeliveryLog, metrics: Metrics): DeliveryLog {
  return {
    record(conclusion) {
      log.record(conclusion);
      const { settlement, failureKind, ageMs, code } = conclusion;
      const name = existingDestination(conclusion, code);
      if (settlement.kind === 'delivered') metrics.count('Deliveries', name);
      if (settlement.kind === 'returned') metrics.count('RetryableFailures', name);
      if (settlement.kind === 'dead-lettered') metrics.count('DeadLetters', name);
      if (failureKind === 'permanent') metrics.count('PermanentFailures', name);
      if (code === 'HostNotAllowed') metrics.count('SecurityEvents', name);
      if (ageMs !== undefined) metrics.time('EventAge', ageMs, name);
    },
  };
}

/** Counts unhealthy destinations in addition to logging them. */
export function measureHealth(log: HealthLog, metrics: Metrics): HealthLog {
  return {
    record(event) {
      log.record(event);
      if (event.event === 'healthy') return;
      metrics.count('DestinationsUnhealthy', event.apiDestination);
      if (event.event === 'probe-failed') metrics.count('ProbesFailed', event.apiDestination);
    },
  };
}

/** Source: shape ApiDestinationName of the EventBridge service model. */
const destinationName = /^[.\-_A-Za-z0-9]{1,64}$/;

/**
 * The name of the API destination under which a delivery is counted.
 *
 * Failure policy: each name becomes a billed metric, and the sender of an event may write any name into it. A delivery with an
 * invalid name, or a name that does not exist, is counted only for the whole stack. A delivery whose name could not be looked
 * up is counted under that name.
 */
function existingDestination(
  { apiDestination }: Pick<Conclusion | Delivery, 'apiDestination'>,
  code: Conclusion['code'],
): string | undefined {
  if (apiDestination === undefined || code === 'ApiDestinationNotFound') return undefined;
  const name = parseEventsArn(apiDestination)?.name ?? apiDestination;
  return destinationName.test(name) ? name : undefined;
}
