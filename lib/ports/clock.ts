export interface Clock {
  /** Epoch milliseconds; may step back. */
  nowMs(): number;
  /** Resolves after the delay. If the signal aborts first, rejects with the signal's reason. */
  delay(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** Returns a number that is at least 0 and less than 1. */
export type Random = () => number;

/** Unpredictable bytes, for values that must never repeat. */
export type RandomBytes = (size: number) => Uint8Array;
