import { ServiceError } from '../../core/failure/service-error.ts';

/** The most tries of one write. A try fails when another request has written the item since it was read, which is rare. */
const maxAttempts = 5;

interface PolicyOwner {
  readonly arn: string;
  readonly policy?: object;
}

/**
 * Writes the policy of a connection or API destination. Tries again when the item has changed since it was read.
 *
 * Failure policy: the client gets a conflict only if the policy itself was changed, or if the connection or destination was
 * deleted and created again. Other changes, such as a new rate or a new state of the credentials, do not affect a policy.
 *
 * @param isMerged whether the new policy is made from the one that was read, so that a change of the policy is not a conflict
 * @param read reads the connection or API destination; throws when it does not exist or cannot be changed now
 * @param write throws ServiceError ConcurrentModificationException, and writes nothing, when the item has changed
 */
export async function writePolicyTo<Owner extends PolicyOwner, Written>(
  read: () => Promise<Owner>,
  write: (before: Owner) => Promise<Written>,
  { isMerged }: { readonly isMerged: boolean } = { isMerged: false },
): Promise<Written> {
  const first = await read();
  let before = first;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write(before);
    } catch (error) {
      if (!isConflict(error) || attempt === maxAttempts) throw error;
      before = await read();
      if (before.arn !== first.arn || !(isMerged || isSame(before.policy, first.policy))) throw error;
    }
  }
}

/**
 * Compares JSON texts, which depend on the order of the members. The table returns members in a fixed order. If the order
 * differed, the client would get an unnecessary conflict.
 */
function isSame(one: object | undefined, other: object | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function isConflict(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'ConcurrentModificationException';
}
