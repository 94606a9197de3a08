import type { StateChange } from '../core/destination/state-event.ts';
import type { Clock } from '../ports/clock.ts';
import type { DeliveryLog } from '../ports/delivery.ts';
import type { HealthLog, Metrics } from '../ports/metrics.ts';
import type { StateEvents } from '../ports/state-events.ts';
import type { PutStateEvents } from './state-event-calls.ts';

/** An invocation makes at most ten dead letters. So many events wait only while many invocations run out of time. */
const maxWaiting = 1000;

/**
 * Collects the state events of an invocation, to put them together at its end. When the invocation is out of time, its events wait
 * for the next one.
 */
export function createStateEvents(put: PutStateEvents, metrics: Pick<Metrics, 'count'>): StateEvents {
  let waiting: StateChange[] = [];
  return {
    add(change) {
      if (waiting.length < maxWaiting) waiting.push(change);
      else metrics.count('StateEventsLost');
    },
    async during(signal, invocation) {
      try {
        return await invocation();
      } finally {
        const changes = signal.aborted ? [] : waiting;
        if (changes.length > 0) {
          waiting = [];
          await put(changes, signal);
        }
      }
    },
  };
}

/** Announces each dead letter, after its log line. */
export function announceDeadLetters(log: DeliveryLog, { add }: Pick<StateEvents, 'add'>, clock: Clock): DeliveryLog {
  return {
    record(conclusion) {
      log.record(conclusion);
      if (conclusion.settlement.kind === 'dead-lettered') add({ kind: 'conclusion', conclusion, atMs: clock.nowMs() });
    },
  };
}

/** Announces that an endpoint became unhealthy or healthy. The worker that made the change logs it, and so it announces it. */
export function announceHealth(log: HealthLog, { add }: Pick<StateEvents, 'add'>, clock: Clock): HealthLog {
  return {
    record(health) {
      log.record(health);
      if (health.event !== 'probe-failed') add({ kind: 'health', health, atMs: clock.nowMs() });
    },
  };
}
