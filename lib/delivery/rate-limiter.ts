import type { RatedDestination, Reservation, Turn } from '../core/rate-reservation.ts';

export type { RatedDestination, Reservation, Turn } from '../core/rate-reservation.ts';

export interface ReserveOptions {
  /** Only slots that begin before now + this are taken. */
  readonly horizonMs: number;
  /** Of a delivery that comes back; absent for a newcomer. */
  readonly turn?: Turn;
}

/** Holds the rate of every destination, for the whole fleet. */
export interface RateLimiter {
  /**
   * Slots and, for what does not fit before the horizon, return times: `slotTimesMs.length + returns.length === count`.
   * Never throws for a bucket that cannot be reached; a Failure `StoreRefused` when the table refuses.
   */
  reserve(destination: RatedDestination, count: number, options: ReserveOptions): Promise<Reservation>;
  /** Moves the whole fleet's next slot to that time, at most 900 s ahead (Retry-After of a 429 or 503). Never throws. */
  pause(destination: RatedDestination, untilMs: number): Promise<void>;
}
