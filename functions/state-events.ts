import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import type { Config } from '../lib/config.ts';
import type { PutStateEvents } from '../lib/delivery/state-event-calls.ts';
import { announceDeadLetters, announceHealth, createStateEvents } from '../lib/delivery/state-events.ts';
import type { Clock } from '../lib/ports/clock.ts';
import type { DeliveryLog } from '../lib/ports/delivery.ts';
import type { HealthLog, InvocationMetrics } from '../lib/ports/metrics.ts';
import type { StateEvents } from '../lib/ports/state-events.ts';
import type { StateEventParts } from './state-event-calls.ts';

/**
 * Performance: the code that puts the events is loaded with the first of them.
 *
 * @returns undefined when the configuration names no event bus for state events
 */
export function wireStateEvents(config: Config, aws: AwsClientConfig, parts: StateEventParts): StateEvents | undefined {
  if (config.STATE_EVENTS_BUS_NAME === undefined) return undefined;
  let put: PutStateEvents | undefined;
  return createStateEvents(async (changes, signal) => {
    put ??= (await import('./state-event-calls.ts')).wireStateEventCalls(config, aws, parts);
    await put(changes, signal);
  }, parts.metrics);
}

/** Runs an invocation, then puts its state events and writes its remaining metrics. */
export function withStateEvents(
  metrics: InvocationMetrics,
  stateEvents: StateEvents | undefined,
): InvocationMetrics['during'] {
  if (stateEvents === undefined) return (signal, invocation) => metrics.during(signal, invocation);
  return (signal, invocation) => metrics.during(signal, () => stateEvents.during(signal, invocation));
}

interface Logs {
  readonly deliveryLog: DeliveryLog;
  readonly healthLog: HealthLog;
}

/** The logs of deliveries and of health, which also announce dead letters and changes of health. */
export function announcedBy(stateEvents: StateEvents | undefined, logs: Logs, clock: Clock): Logs {
  if (stateEvents === undefined) return logs;
  return {
    deliveryLog: announceDeadLetters(logs.deliveryLog, stateEvents, clock),
    healthLog: announceHealth(logs.healthLog, stateEvents, clock),
  };
}
