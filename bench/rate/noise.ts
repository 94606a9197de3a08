/** What a run's figures cannot be more exact than: on a machine that others use too, it says more than the run does. */
import { cpus } from 'node:os';

const tickMs = 5;

/** How late a timer of this process was at worst since the last look. */
export function watchLag(): () => number {
  let worstMs = 0;
  let tickedAtMs = performance.now();
  setInterval(() => {
    const nowMs = performance.now();
    worstMs = Math.max(worstMs, nowMs - tickedAtMs - tickMs);
    tickedAtMs = nowMs;
  }, tickMs).unref();
  return () => {
    const sinceMs = performance.now() - tickedAtMs - tickMs;
    const seenMs = Math.max(worstMs, sinceMs);
    worstMs = 0;
    return seenMs;
  };
}

/** The part of all processors' time that nobody has used since it was called. */
export function watchIdle(): () => number {
  const before = processorTimes();
  return () => {
    const after = processorTimes();
    return (after.idle - before.idle) / (after.all - before.all);
  };
}

function processorTimes() {
  const times = cpus().map((each) => each.times);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    idle: sum(times.map(({ idle }) => idle)),
    all: sum(times.map(({ user, nice, sys, idle, irq }) => user + nice + sys + idle + irq)),
  };
}

/** With less idle time the workers wait for a processor, and what they send says so. */
const leastIdle = 0.15;

/** What a worker sends late because it was held up after it looked at the slot counts as noise for so long at most. */
const longestHoldUpMs = 100;

export interface Noise {
  /** Of the endpoint, which stamps late what came in time. */
  readonly endpointLagMs: number;
  readonly workerLagMs: number;
  readonly idle: number;
}

/** Requests of one second that the noise may have brought into another. */
export function strayRequests(ratePerSecond: number, { endpointLagMs, workerLagMs }: Noise): number {
  return (ratePerSecond * (endpointLagMs + Math.min(workerLagMs, longestHoldUpMs))) / 1000;
}

/** Part of the rate that may be missing because the machine had no time. */
export function missingPart({ idle }: Noise): number {
  return idle < leastIdle ? 0.4 : 0.02;
}
