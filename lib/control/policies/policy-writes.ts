import { ServiceError } from '../../core/failure/service-error.ts';

/** The most tries of one write. Other writes to the same item are rare, so five tries are enough. */
const maxAttempts = 5;

interface PolicyOwner {
  readonly arn: string;
  readonly policy?: object;
}

/**
 * Writes the policy of a connection or API destination, and tries again when another write to the same item came first.
 *
 * Failure policy: a new state of the credentials, or a new rate, does not conflict with a policy, so the client need not try
 * again. If another policy was written, that is a conflict, because the client did not know of it. It is also a conflict if
 * the connection or destination was deleted and created again under the same name.
 *
 * @param read reads the connection or API destination; throws when it may not have a policy
 * @param write throws ServiceError ConcurrentModificationException, and writes nothing, when the item has changed
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

/**
 * Compares the JSON text. The store returns members in a fixed order; if the order differed, the only harm would be an
 * unnecessary conflict.
 */
function isSame(one: object | undefined, other: object | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function isConflict(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'ConcurrentModificationException';
}
