import type { AttemptOutcome } from '../delivery/delivery.ts';
import type { FailureCode } from '../failure/failure.ts';
import type { Bucket, BucketWrite, Clause } from '../rate/bucket.ts';
import { endsInPause, expiresAtSeconds, keepingSlotsBefore } from '../rate/bucket.ts';
import { secondUs } from '../rate/slots.ts';
import type { Health, HealthChange } from './health.ts';

/** Evidence from one request about its endpoint. */
export type Signal =
  | { readonly kind: 'alive' }
  | { readonly kind: 'failed'; readonly code: FailureCode }
  /** No evidence: the failure was our own, or the endpoint asked everybody to wait. */
  | { readonly kind: 'none' };

export const aliveSignal: Signal = { kind: 'alive' };
export const noSignal: Signal = { kind: 'none' };

/** Failures that have no HTTP status and are caused by the endpoint or the network on the way to it. */
const failuresOfEndpoint: ReadonlySet<FailureCode> = new Set([
  'DnsFailed',
  'ConnectionRefused',
  'ConnectionFailed',
  'ConnectionReset',
  'TlsFailed',
  'AnswerInvalid',
  'TimedOut',
]);

/**
 * An endpoint fails when it cannot be reached, does not answer in time, or answers 5xx. Every other answer shows that the
 * endpoint works, even one that refuses the event. A 5xx with Retry-After counts as neither: the endpoint asks for a wait.
 */
export function signalOf(outcome: AttemptOutcome): Signal {
  // Stryker disable next-line ConditionalExpression,StringLiteral: a delivered event has a status below 500, so it is alive anyway.
  if (outcome.kind === 'delivered') return aliveSignal;
  const { code, status, retryAfterMs } = outcome;
  if (status === undefined) return failuresOfEndpoint.has(code) ? { kind: 'failed', code } : noSignal;
  if (status < 500) return aliveSignal;
  return retryAfterMs === undefined ? { kind: 'failed', code } : noSignal;
}

/** The number of failures in a row that open the circuit. */
export const failuresToOpen = 5;

/**
 * The number of failures in a row that open the circuit of an endpoint that sometimes answers and sometimes fails. If 30 % of
 * its requests fail, five failures in a row occur every few hundred requests, but twenty in a row hardly ever do.
 */
export const mixedFailuresToOpen = 20;

/** For this long after an answer has ended a run of failures, `mixedFailuresToOpen` applies. */
const mixedForUs = 60 * secondUs;

const firstProbeAfterUs = secondUs;
const longestProbeIntervalUs = 60 * secondUs;

export function mustOpen({ failuresInRow, openedAtUs, mixedUntilUs }: Health, nowUs: number): boolean {
  return openedAtUs === 0 && failuresInRow >= (mixedUntilUs > nowUs ? mixedFailuresToOpen : failuresToOpen);
}

/** The wait before the next probe, before jitter shortens it. It doubles with each failed probe, up to a minute. */
export function probeIntervalUs(failedProbes: number): number {
  return Math.min(longestProbeIntervalUs, firstProbeAfterUs * 2 ** Math.min(failedProbes, 10));
}

/** Jitter shortens the wait by up to a quarter, so that destinations that failed together are not probed together. */
export function untilNextProbeUs(failedProbes: number, random: () => number): number {
  return Math.ceil(probeIntervalUs(failedProbes) * (1 - random() / 4));
}

function nextProbeUs(failedProbes: number, nowUs: number, random: () => number): number {
  return nowUs + untilNextProbeUs(failedProbes, random);
}

/** Records failures of the endpoint. It does not open the circuit; `openWrite` does. */
export function failureWrite(failures: number, code: FailureCode, nowUs: number, revision: number): BucketWrite {
  const health = { addFailures: failures, set: { lastFailureAtUs: nowUs, lastFailureCode: code } };
  return healthWrite(health, [], nowUs, revision);
}

/** Opens the circuit. The first probe may be sent after about a second, but not before the last slot that was given away. */
export function openWrite(bucket: Bucket, nowUs: number, random: () => number): BucketWrite {
  const { health, slotsUntilUs, revision } = bucket;
  const probeAtUs = nextProbeUs(0, nowUs, random);
  const { where: unchanged, ...keeps } = keepingSlotsBefore(bucket, nowUs);
  const where: Clause[] = [
    ...unchanged,
    { of: 'openedAtUs', is: 'equalTo', than: 0 },
    { of: 'pauseEndUs', is: 'equalTo', than: health.pauseEndUs },
  ];
  const set = { openedAtUs: nowUs, failedProbes: 0, stalledUs: 0 };
  const write = { ...healthWrite({ set }, where, nowUs, revision), ...keeps };
  if (slotsUntilUs >= probeAtUs) return write;
  where.push({ of: 'slots', is: 'below', than: probeAtUs });
  return { ...write, slots: { from: probeAtUs, byUs: 0 } };
}

/**
 * Sets the time of the next probe after a probe has failed. Only probes take slots while the circuit is open, so the write
 * may overwrite the end of the slots.
 */
export function failedProbeWrite(bucket: Bucket, code: FailureCode, nowUs: number, random: () => number): BucketWrite {
  const failedProbes = bucket.health.failedProbes + 1;
  const set = { failedProbes, lastFailureAtUs: nowUs, lastFailureCode: code };
  const where = [
    { of: 'openedAtUs', is: 'equalTo', than: bucket.health.openedAtUs },
    { of: 'slots', is: 'equalTo', than: bucket.slotsUntilUs },
  ] as const;
  return {
    ...healthWrite({ addFailures: 1, set }, where, nowUs, bucket.revision),
    slots: { from: nextProbeUs(failedProbes, nowUs, random), byUs: 0 },
  };
}

/**
 * Closes the circuit. The waiting deliveries become newcomers of a new generation. Slots start again in a second, or at the
 * end of a pause that the endpoint has asked for.
 */
export function closeWrite(bucket: Bucket, nowUs: number): BucketWrite {
  const { openedAtUs } = bucket.health;
  const set = { openedAtUs: 0, failuresInRow: 0, failedProbes: 0, closedAtUs: nowUs, stalledUs: 0 };
  return {
    ...healthWrite(
      { set },
      [
        { of: 'openedAtUs', is: 'equalTo', than: openedAtUs },
        { of: 'slots', is: 'equalTo', than: bucket.slotsUntilUs },
        { of: 'revision', is: 'equalTo', than: bucket.revision },
      ],
      nowUs,
      bucket.revision,
    ),
    ...(!endsInPause(bucket) && {
      slots: { from: Math.max(nowUs + secondUs, bucket.health.slotsBeforePauseUs), byUs: 0 },
    }),
    returns: { from: 0, byUs: 0 },
    raiseTo: bucket.revision,
  };
}

/**
 * Only the first shard keeps the circuit. The other shards are paused while the circuit is open. This ends the pause of such a
 * shard.
 */
export function resumeWrite(bucket: Bucket, nowUs: number): BucketWrite | undefined {
  if (!endsInPause(bucket)) return undefined;
  const { slotsUntilUs, revision, health } = bucket;
  return {
    slots: { from: Math.max(nowUs, health.slotsBeforePauseUs), byUs: 0 },
    returns: { from: 0, byUs: 0 },
    raiseTo: revision,
    where: [
      { of: 'slots', is: 'equalTo', than: slotsUntilUs },
      { of: 'revision', is: 'equalTo', than: revision },
    ],
    orAbsent: false,
    revision,
    expiresAtSeconds: expiresAtSeconds(nowUs),
  };
}

/**
 * Ends a run of failures that was too short to open the circuit. `failuresSince` counts the failures after the answer that
 * ended the run.
 */
export function answeredWrite({ health, revision }: Bucket, failuresSince: number, nowUs: number): BucketWrite {
  const hadFailures = health.failuresInRow > 0;
  const set = {
    failuresInRow: failuresSince,
    stalledUs: 0,
    ...(hadFailures && { mixedUntilUs: nowUs + mixedForUs }),
  };
  return healthWrite({ set }, [{ of: 'openedAtUs', is: 'equalTo', than: 0 }], nowUs, revision);
}

/** Records that requests are waiting unusually long for an answer. */
export function stalledWrite(waitedUs: number, nowUs: number, revision: number): BucketWrite {
  const set = { stalledUs: waitedUs };
  return healthWrite({ set }, [{ of: 'stalledUs', is: 'below', than: waitedUs }], nowUs, revision);
}

/** A write that changes only the health, in a bucket that already exists. */
function healthWrite(health: HealthChange, where: BucketWrite['where'], nowUs: number, revision: number): BucketWrite {
  return { health, where, orAbsent: false, revision, expiresAtSeconds: expiresAtSeconds(nowUs) };
}
