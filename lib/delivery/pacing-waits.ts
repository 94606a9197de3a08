import type { Clock } from '../ports.ts';

/** Resolves at the moment of a slot, or at once when it has passed; rejects with the signal's reason when it aborts first. */
export type WaitUntil = (slotMs: number, signal: AbortSignal) => Promise<void> | undefined;

/**
 * Slots of one invocation that lie in the same millisecond share a timer. A timer knows no smaller unit, so that apart they
 * would wake up together all the same, and each would pay for a timer and for a listener of the signal.
 */
export function createWaits(clock: Clock): WaitUntil {
  const waitsBySignal = new WeakMap<AbortSignal, Map<number, Promise<void>>>();

  function waitsOf(signal: AbortSignal): Map<number, Promise<void>> {
    const known = waitsBySignal.get(signal);
    if (known !== undefined) return known;
    const waits = new Map<number, Promise<void>>();
    waitsBySignal.set(signal, waits);
    return waits;
  }

  return (slotMs, signal) => {
    const atMs = Math.ceil(slotMs);
    const delayMs = atMs - clock.nowMs();
    if (delayMs <= 0) return undefined;
    const waits = waitsOf(signal);
    const shared = waits.get(atMs);
    if (shared !== undefined) return shared;
    const wait = clock.delay(delayMs, signal).finally(() => waits.delete(atMs));
    waits.set(atMs, wait);
    return wait;
  };
}
