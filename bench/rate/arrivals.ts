/** Evaluates the arrival times at an endpoint, by its own clock. */

/** The most requests within any period of one second. A request exactly one second after the first is outside the period. */
export function fullestSecond(arrivedAtMs: readonly number[]): number {
  const sorted = Float64Array.from(arrivedAtMs).toSorted();
  let most = 0;
  let first = 0;
  for (const [index, atMs] of sorted.entries()) {
    while (atMs - (sorted[first] ?? atMs) >= 1000) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

/** Requests per second between the first and the last request in a period. */
export function meanRate(arrivedAtMs: readonly number[], fromMs: number, toMs: number): number {
  const sorted = Float64Array.from(arrivedAtMs).toSorted();
  const between = sorted.filter((atMs) => atMs >= fromMs && atMs < toMs);
  const spanMs = (between.at(-1) ?? Number.NaN) - (between[0] ?? Number.NaN);
  return ((between.length - 1) * 1000) / spanMs;
}

/** @returns the time at which this part of all requests had arrived */
export function timeOfPart(arrivedAtMs: readonly number[], part: number): number {
  const sorted = Float64Array.from(arrivedAtMs).toSorted();
  return sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
}
