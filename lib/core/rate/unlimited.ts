import { hasStarted, isSlow } from '../health/allowance.ts';
import type { Health } from '../health/health.ts';
import { isOpen, isPaused } from '../health/health.ts';
import type { Bucket } from './bucket.ts';
import { endsInPause } from './bucket.ts';
import { secondUs } from './slots.ts';

/*
 * A destination whose delivery policy sets no rate limit. Its requests take no slots, so they cost no write. A worker learns from
 * a copy of the bucket, which it reads again when the copy is too old, whether the endpoint is healthy and nobody has paused it.
 */

/** A worker that uses the destination reads the bucket again when its copy is older than this. Meanwhile it uses the copy. */
export const copyRefreshUs = secondUs;

/** No request begins because of a copy that is older than this. */
export const oldestCopyUs = 1.5 * secondUs;

/**
 * How late such a request may be sent if it has to wait for a connection. Together with `oldestCopyUs`, a pause takes effect
 * within two seconds.
 */
export const sendWithinMs = 500;

/**
 * Whether requests may begin without slots. They need slots while a pause, an open circuit or the slow start after it limits
 * the endpoint, while it is slow, and until it is known how long it takes to answer: then the slots keep the destination from
 * occupying all invocations.
 *
 * @param health the health in the bucket, with the worker's own latest answers
 */
export function needsNoSlot(bucket: Bucket, health: Health, revision: number, nowUs: number): boolean {
  if (bucket.revision < revision || bucket.health.answerUs === 0) return false;
  if (isPaused(health, nowUs) || isOpen(health) || isSlow(health)) return false;
  const isAskedToWait = endsInPause(bucket) && bucket.slotsUntilUs > nowUs;
  return !isAskedToWait && hasStarted(health, nowUs);
}
