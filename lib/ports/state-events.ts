import type { StateChange } from '../core/destination/state-event.ts';

/** The event bus on which state events are put. */
export interface StateEventBus {
  /**
   * Puts an event on the bus for each change that must be announced. Without such a change, it makes no call.
   *
   * @param changes at most ten
   * @returns how many of the events the bus has refused
   * @throws Failure StoreUnavailable or StoreRefused when none may have been accepted
   */
  put(changes: readonly StateChange[], signal: AbortSignal): Promise<number>;
}

/** Announces changes in the stack. */
export interface StateEvents {
  /** Never throws and never waits. */
  add(change: StateChange): void;
  /** Runs an invocation, and then puts the events that were added. Rejects only if the invocation rejects. */
  during<Result>(signal: AbortSignal, invocation: () => Promise<Result>): Promise<Result>;
}
