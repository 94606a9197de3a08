/**
 * The arithmetic of slots. A slot is a time at which one request may begin. Slots are an interval of 1 / rate apart. Times are
 * whole microseconds since the epoch, which a double holds exactly until the year 2255. They are rounded so that slots are too
 * far apart rather than too close.
 */

/** The rate and burst that one bucket gives away: those of a destination, or a shard's part of them. */
export interface Share {
  /** A whole number from 1 to 100,000. */
  readonly ratePerSecond: number;
  /** A whole number from 1. */
  readonly burst: number;
}

export const secondUs = 1_000_000;

/** Source: SQS, the longest delay of a message. */
export const longestReturnUs = 900 * secondUs;

/** The time that `count` slots take up, in microseconds. */
export function costUs(count: number, { ratePerSecond }: Share): number {
  return Math.ceil((count * secondUs) / ratePerSecond);
}

/**
 * The oldest slot that may still be used: a burst may use up to `burst - 1` slots that have already passed. The stored time does
 * not depend on the burst, so a changed burst changes nothing in the table.
 *
 * @param startUs when a request could be sent at the earliest
 */
export function oldestSlotUs(startUs: number, { burst, ratePerSecond }: Share): number {
  return startUs - Math.floor(((burst - 1) * secondUs) / ratePerSecond);
}

/** How many slots begin before `endUs` if the first slot is at `fromUs`. */
export function slotsBefore(endUs: number, fromUs: number, share: Share): number {
  const roomUs = endUs - 1 - fromUs;
  return roomUs < 0 ? 0 : Math.floor((roomUs * share.ratePerSecond) / secondUs) + 1;
}

/** The latest time for the first of `count` slots that lets all of them begin before `endUs`. */
export function latestFromUs(endUs: number, count: number, share: Share): number {
  return endUs - 1 - costUs(count - 1, share);
}

/**
 * The slots that a worker has been given, ascending.
 *
 * @param fromUs the time of the first slot; must not be before `oldestSlotUs`
 * @param startUs when a request could be sent at the earliest; slots before this time are used at this time
 */
export function slotTimesUs(fromUs: number, startUs: number, count: number, share: Share): number[] {
  return Array.from({ length: count }, (_, index) => Math.max(startUs, fromUs + costUs(index, share)));
}

/** Largest expected difference between the clocks and timers of two workers. */
const clockErrorMs = 10;

/** How long a busy processor or a garbage collection usually delays a worker. */
const usualHoldUpMs = 20;

/**
 * How late a slot may still be used, in ms: an interval minus the clock error, but at least 20 ms. A late request is sent
 * closer to the next one, so one second can contain up to 1.03 times the rate, plus one request.
 */
export function slotToleranceMs(ratePerSecond: number): number {
  return Math.max(usualHoldUpMs, 1000 / ratePerSecond - clockErrorMs);
}
