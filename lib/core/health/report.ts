import type { FailureCode } from '../failure/failure.ts';
import type { Bucket } from '../rate/bucket.ts';
import type { Share } from '../rate/slots.ts';
import { longestReturnUs, secondUs } from '../rate/slots.ts';
import type { EndpointLimits } from './allowance.ts';
import { allowanceOf, earlyReturnUs } from './allowance.ts';
import type { HealthState } from './health.ts';
import { forEverUs, healthStateOf, isOpen, isPaused, unknownHealth } from './health.ts';

/** The health of a destination as the control API shows it. Times are epoch milliseconds. */
export interface HealthReport {
  readonly state: HealthState;
  /** When the circuit opened; absent while it is closed. */
  readonly sinceMs?: number;
  /** Absent when the destination is not paused, or when the pause has no end. */
  readonly pausedUntilMs?: number;
  /** Present only when the state is UNHEALTHY. */
  readonly nextProbeAtMs?: number;
  /** Absent before the first failure. */
  readonly lastFailure?: { readonly code: FailureCode; readonly atMs: number };
  readonly failuresInRow: number;
  /** Absent when not known. */
  readonly meanAnswerMs?: number;
  /** An estimate from the return times; absent during a pause of more than 900 s, because deliveries then get no return times. */
  readonly waitingEvents?: number;
}

/** One shard of a destination's rate, with its part of the rate and of the limits. */
export interface ReportedShard {
  /** Undefined when no worker has used the shard yet. */
  readonly bucket: Bucket | undefined;
  readonly share: Share;
  readonly limits: EndpointLimits;
}

const neverUsed = { health: unknownHealth, slotsUntilUs: 0 };

/** Reads the health from the first shard, which keeps it, and adds up the waiting events of all shards. */
export function healthReport(shards: readonly ReportedShard[], nowUs: number): HealthReport {
  const [{ health, slotsUntilUs } = neverUsed] = shards.map(({ bucket }) => bucket);
  const { openedAtUs, pausedUntilUs, lastFailureCode, lastFailureAtUs, failuresInRow, answerUs } = health;
  const state = healthStateOf(health, nowUs);
  const isLongPause = pausedUntilUs > nowUs + longestReturnUs;
  return {
    state,
    ...(isOpen(health) && { sinceMs: openedAtUs / 1000 }),
    ...(isPaused(health, nowUs) && pausedUntilUs < forEverUs && { pausedUntilMs: pausedUntilUs / 1000 }),
    ...(state === 'UNHEALTHY' && { nextProbeAtMs: slotsUntilUs / 1000 }),
    ...(lastFailureCode !== '' && { lastFailure: { code: lastFailureCode, atMs: lastFailureAtUs / 1000 } }),
    failuresInRow,
    ...(answerUs > 0 && { meanAnswerMs: answerUs / 1000 }),
    // Deliveries that wait for the end of such a long pause have no return times to count.
    ...(!isLongPause && { waitingEvents: sum(shards.map((shard) => waitingEvents(shard, nowUs))) }),
  };
}

/**
 * Estimates how many return times of a shard lie ahead. It assumes that the interval between them has always been the present
 * one.
 */
function waitingEvents({ bucket, share, limits }: ReportedShard, nowUs: number): number {
  if (bucket === undefined) return 0;
  const { health, slotsUntilUs, returnsUntilUs } = bucket;
  const { returnShare } = allowanceOf(health, share, limits, nowUs);
  const fromUs = Math.max(nowUs, Math.max(slotsUntilUs, health.pausedUntilUs) - earlyReturnUs);
  return Math.max(0, Math.round(((returnsUntilUs - fromUs) * returnShare.ratePerSecond) / secondUs));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
