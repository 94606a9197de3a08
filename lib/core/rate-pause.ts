import type { BucketWrite } from './rate-bucket.ts';
import { longestReturnUs } from './rate-decision.ts';
import { secondUs } from './rate-slots.ts';

/** A pause asks for no more precision than this, so that a hundred refused requests do not make a hundred writes. */
export const pauseToleranceUs = secondUs / 10;

const daySeconds = 86_400;

/**
 * Gives away every slot until then, at most 900 s ahead. Return times that lie before are not moved: who comes back in the
 * pause takes another one, behind all that wait already.
 */
export function pauseWrite(untilUs: number, nowUs: number, revision: number): BucketWrite {
  const limitedUs = Math.min(untilUs, nowUs + longestReturnUs);
  return {
    slots: { from: limitedUs, byUs: 0 },
    where: [{ of: 'slots', is: 'below', than: limitedUs }],
    orAbsent: true,
    revision,
    expiresAtSeconds: Math.ceil((nowUs + longestReturnUs) / secondUs) + daySeconds,
  };
}
