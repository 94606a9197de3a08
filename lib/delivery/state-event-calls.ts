import type { StateChange } from '../core/destination/state-event.ts';
import type { Clock } from '../ports/clock.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { StateEventBus } from '../ports/state-events.ts';

export interface StateEventCallsDependencies {
  readonly bus: StateEventBus;
  readonly metrics: Pick<Metrics, 'count'>;
  readonly clock: Clock;
}

/** Puts the state events of an invocation. Resolves when the calls have ended or the time is over. */
export type PutStateEvents = (changes: readonly StateChange[], signal: AbortSignal) => Promise<void>;

/** The most entries of one call. Source: EventBridge API reference, PutEvents. */
const entriesPerCall = 10;

/** How long an invocation waits for its events to be put. A call of PutEvents usually takes 20 to 50 ms. */
const longestPutMs = 1000;

/**
 * Failure policy: no delivery and no operation fails because of a state event. An event that cannot be put within a second is
 * lost and counted, although the bus may still have got it.
 */
export function createStateEventCalls({ bus, metrics, clock }: StateEventCallsDependencies): PutStateEvents {
  async function put(changes: readonly StateChange[], signal: AbortSignal): Promise<void> {
    const lost = await bus.put(changes, signal).catch(() => changes.length);
    for (let count = 0; count < lost; count += 1) metrics.count('StateEventsLost');
  }

  return async (changes, signal) => {
    const [expiry, ended] = [new AbortController(), new AbortController()];
    clock.delay(longestPutMs, ended.signal).then(
      () => expiry.abort(),
      () => undefined,
    );
    const bounded = AbortSignal.any([signal, expiry.signal]);
    const calls: Promise<void>[] = [];
    for (let first = 0; first < changes.length; first += entriesPerCall)
      calls.push(put(changes.slice(first, first + entriesPerCall), bounded));
    await Promise.all(calls);
    ended.abort();
  };
}
