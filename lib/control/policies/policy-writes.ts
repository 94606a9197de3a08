import { ServiceError } from '../../core/failure/service-error.ts';

/** How often it is written at most. Whoever else writes meanwhile does so a few times in the life of its credentials. */
const maxAttempts = 5;

interface PolicyOwner {
  readonly arn: string;
  readonly policy?: object;
}

/**
 * Writes a policy to what has one, and once more to what that has become when somebody else was quicker.
 *
 * Failure policy: what a worker finds out about the credentials, or a new rate, is no conflict with a policy, and no user
 * should have to try again for it. Another policy is one, and so is another connection or destination of that name: whoever
 * put this one did not know of it.
 *
 * @param read what the policy belongs to, as it is now; throws when it may not have one
 * @param write throws ServiceError ConcurrentModificationException when that is not as it was read any more, having written
 *   nothing
 */
export async function writePolicyTo<Owner extends PolicyOwner, Written>(
  read: () => Promise<Owner>,
  write: (before: Owner) => Promise<Written>,
): Promise<Written> {
  const first = await read();
  let before = first;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write(before);
    } catch (error) {
      if (!isConflict(error) || attempt === maxAttempts) throw error;
      before = await read();
      if (before.arn !== first.arn || !isSame(before.policy, first.policy)) throw error;
    }
  }
}

/** Both as the store reads them, members in one order; another order were a conflict too many. */
function isSame(one: object | undefined, other: object | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function isConflict(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'ConcurrentModificationException';
}
