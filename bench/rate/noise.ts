/** Measures how much other processes on the machine may have distorted a run. */
import { cpus } from 'node:os';

const tickMs = 5;

/** Returns the largest delay of a timer of this process since the last call. */
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

/** Returns the share of all processors' time that was idle since the start of the watch. */
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

/** With less idle time than this, the workers must wait for a processor, and the figures get worse. */
const leastIdle = 0.15;

/**
 * A worker checks its slot just before it sends, and does not use a slot that is too old. So a delayed worker sends a request
 * at most this late.
 */
const longestHoldUpMs = 100;

export interface Noise {
  /** The lag of the endpoint. Because of it, a request that is in time can get a late timestamp. */
  readonly endpointLagMs: number;
  readonly workerLagMs: number;
  readonly idle: number;
}

/** Requests that the noise may have moved from one second into another. */
export function strayRequests(ratePerSecond: number, { endpointLagMs, workerLagMs }: Noise): number {
  return (ratePerSecond * (endpointLagMs + Math.min(workerLagMs, longestHoldUpMs))) / 1000;
}

/** Share of the rate that may be missing because the machine was busy. */
export function missingPart({ idle }: Noise): number {
  return idle < leastIdle ? 0.4 : 0.02;
}
