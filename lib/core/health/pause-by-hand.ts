import type { Bucket, BucketWrite } from '../rate/bucket.ts';
import { expiresAtSeconds } from '../rate/bucket.ts';
import type { Health } from './health.ts';
import { isPaused } from './health.ts';

/*
 * A person pauses a destination and resumes it. The pause is a member of the health, and every shard of the rate has it. It
 * moves neither the slots nor the circuit, so a pause of the endpoint or an open circuit lasts beyond it.
 */

/**
 * Pauses the destination until then. If the earlier pause is longer, the return times behind it are too late, so they start
 * again.
 *
 * @param bucket as last seen; undefined when there is none yet
 * @param revision of the API destination, for a new bucket
 */
export function pauseByHandWrite(
  bucket: Bucket | undefined,
  pausedUntilUs: number,
  nowUs: number,
  revision: number,
): BucketWrite {
  return {
    health: { set: { pausedUntilUs } },
    ...(bucket !== undefined && bucket.health.pausedUntilUs > pausedUntilUs && returnsStartAgain(bucket)),
    where: [{ of: 'pausedUntilUs', is: 'equalTo', than: bucket?.health.pausedUntilUs ?? 0 }],
    orAbsent: bucket === undefined,
    revision,
    expiresAtSeconds: expiresAtSeconds(Math.max(nowUs, pausedUntilUs)),
  };
}

/**
 * Ends the pause. The waiting deliveries become newcomers of a new generation, so they need not wait for the end that the
 * pause had.
 *
 * @returns undefined when the destination is not paused
 */
export function resumeByHandWrite(bucket: Bucket | undefined, nowUs: number): BucketWrite | undefined {
  if (bucket === undefined || !isPaused(bucket.health, nowUs)) return undefined;
  return {
    health: { set: { pausedUntilUs: 0 } },
    ...returnsStartAgain(bucket),
    where: [
      { of: 'pausedUntilUs', is: 'equalTo', than: bucket.health.pausedUntilUs },
      { of: 'revision', is: 'equalTo', than: bucket.revision },
    ],
    orAbsent: false,
    revision: bucket.revision,
    expiresAtSeconds: expiresAtSeconds(nowUs),
  };
}

function returnsStartAgain({ revision }: Bucket): Pick<BucketWrite, 'returns' | 'raiseTo'> {
  return { returns: { from: 0, byUs: 0 }, raiseTo: revision };
}

/**
 * A worker's write, made safe for pauses by hand. It is refused when somebody has paused or resumed the destination since the
 * worker saw it; the refusal shows the bucket. So no worker takes slots in a pause that it has not seen, and none gives return
 * times behind a pause that has ended. It also keeps the bucket until the pause has ended.
 *
 * @param health as the worker has seen it
 */
export function keepingPause(write: BucketWrite, { pausedUntilUs }: Health): BucketWrite {
  return {
    ...write,
    where: [...write.where, { of: 'pausedUntilUs', is: 'equalTo', than: pausedUntilUs }],
    expiresAtSeconds: Math.max(write.expiresAtSeconds, expiresAtSeconds(pausedUntilUs)),
  };
}
