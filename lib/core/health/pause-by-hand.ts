import type { Bucket, BucketWrite, Clause } from '../rate/bucket.ts';
import { expiresAtSeconds } from '../rate/bucket.ts';
import type { Health } from './health.ts';
import { isPaused } from './health.ts';

/*
 * A person can pause a destination and resume it. The health in every shard stores this pause. The pause changes neither the
 * slots nor the circuit. So a pause that the endpoint asked for, or an open circuit, can outlast it.
 */

/**
 * Pauses the destination until `pausedUntilUs`. If this shortens an earlier pause, the return times start again, because the
 * old ones come after the end of the earlier pause.
 *
 * @param bucket as last seen; undefined when no worker has created it yet
 * @param revision revision of the API destination, stored if this write creates the bucket
 */
export function pauseByHandWrite(
  bucket: Bucket | undefined,
  pausedUntilUs: number,
  nowUs: number,
  revision: number,
): BucketWrite {
  const shortened = bucket !== undefined && bucket.health.pausedUntilUs > pausedUntilUs ? bucket : undefined;
  return {
    health: { set: { pausedUntilUs } },
    ...(shortened && returnsStartAgain(shortened)),
    where: [
      { of: 'pausedUntilUs', is: 'equalTo', than: bucket?.health.pausedUntilUs ?? 0 },
      ...(shortened ? [stillOf(shortened)] : []),
    ],
    orAbsent: bucket === undefined,
    revision,
    expiresAtSeconds: expiresAtSeconds(Math.max(nowUs, pausedUntilUs)),
  };
}

/**
 * Ends the pause. The waiting deliveries become newcomers of a new generation, so they do not wait until the planned end of
 * the pause.
 *
 * @returns undefined when the destination is not paused
 */
export function resumeByHandWrite(bucket: Bucket | undefined, nowUs: number): BucketWrite | undefined {
  if (bucket === undefined || !isPaused(bucket.health, nowUs)) return undefined;
  return {
    health: { set: { pausedUntilUs: 0 } },
    ...returnsStartAgain(bucket),
    where: [{ of: 'pausedUntilUs', is: 'equalTo', than: bucket.health.pausedUntilUs }, stillOf(bucket)],
    orAbsent: false,
    revision: bucket.revision,
    expiresAtSeconds: expiresAtSeconds(nowUs),
  };
}

function returnsStartAgain({ revision }: Bucket): Pick<BucketWrite, 'returns' | 'raiseTo'> {
  return { returns: { from: 0, byUs: 0 }, raiseTo: revision };
}

/** A write that starts the return times again must not set the bucket's revision back. */
function stillOf({ revision }: Bucket): Clause {
  return { of: 'revision', is: 'equalTo', than: revision };
}

/**
 * Makes a worker's write respect a pause by a person. The write is refused if somebody has paused or resumed the destination
 * since the worker last saw the bucket. So no worker takes slots during a pause that it has not seen, or gives return times
 * behind a pause that has ended. The write also keeps the bucket in the table until the pause has ended.
 *
 * @param health as the worker last saw it
 */
export function keepingPause(write: BucketWrite, { pausedUntilUs }: Health): BucketWrite {
  return {
    ...write,
    where: [...write.where, { of: 'pausedUntilUs', is: 'equalTo', than: pausedUntilUs }],
    expiresAtSeconds: Math.max(write.expiresAtSeconds, expiresAtSeconds(pausedUntilUs)),
  };
}
