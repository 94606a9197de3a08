import type { ApiId, ApiKey } from '../../core/api-key/api-key.ts';
import { apiIds, isDeleted, maximumApiKeys } from '../../core/api-key/api-key.ts';
import { deriveSecret, equalsInConstantTime, isPublicId, parseApiKey } from '../../core/api-key/text.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { ServiceError } from '../../core/failure/service-error.ts';
import type { ApiKeyRepository, RootSecret, WriteConflict } from '../../ports/control.ts';
import type { Clock, RandomBytes } from '../../ports/clock.ts';
import { requiredTextOf } from '../input.ts';

export interface ApiKeyDependencies {
  readonly apiKeys: ApiKeyRepository;
  readonly rootSecret: RootSecret;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly randomBytes: RandomBytes;
  readonly newUuid: () => string;
}

/** @throws ServiceError NotFoundException when the API is neither `control` nor `events` */
export function requireApiId(input: JsonObject): ApiId {
  const asked = requiredTextOf(input, 'apiId');
  const apiId = apiIds.find((known) => known === asked);
  if (apiId !== undefined) return apiId;
  throw new ServiceError('NotFoundException', "Parameter apiId is not valid: it must be 'control' or 'events'.");
}

/** Counts the keys of an API. Deleted keys that the table has not removed yet do not count. */
export async function liveApiKeys({ apiKeys, clock }: ApiKeyDependencies, apiId: ApiId): Promise<number> {
  let [count, afterName]: [number, string | undefined] = [0, undefined];
  do {
    const page = await apiKeys.list(apiId, {
      limit: 2 * maximumApiKeys,
      ...(afterName === undefined ? {} : { afterName }),
    });
    const nowMs = clock.nowMs();
    count += page.items.filter((key) => !isDeleted(key, nowMs)).length;
    afterName = page.nextAfterName;
  } while (afterName !== undefined);
  return count;
}

/** The most tries of one change. A try fails when another request has changed the key since it was read. */
const maximumTries = 5;

interface Change {
  readonly after: ApiKey;
  readonly written: 'written' | WriteConflict;
}

/**
 * Changes the key that the input names, either by its public id or by the whole key.
 *
 * Failure policy: AppSync has no error code for a conflict. After a conflict, the change is therefore applied again to the
 * newer record. The members of this request replace those of the record; all others stay as they are.
 *
 * @throws ServiceError NotFoundException also when the key is deleted, or its secret part is wrong
 */
export async function changeApiKey(
  dependencies: ApiKeyDependencies,
  input: JsonObject,
  change: (before: ApiKey) => Promise<Change>,
): Promise<ApiKey> {
  const apiId = requireApiId(input);
  const publicId = await publicIdOf(dependencies, apiId, requiredTextOf(input, 'id'));
  for (let tries = 1; tries <= maximumTries; tries += 1) {
    const before = await dependencies.apiKeys.read(apiId, publicId);
    if (before === undefined || isDeleted(before, dependencies.clock.nowMs())) throw notFound(publicId);
    const { after, written } = await change(before);
    if (written === 'written') return after;
  }
  throw new ServiceError('InternalException', 'Other requests keep changing this API key. Try again.');
}

async function publicIdOf({ rootSecret }: ApiKeyDependencies, apiId: ApiId, id: string): Promise<string> {
  if (isPublicId(id)) return id;
  const key = parseApiKey(id);
  if (key === undefined) throw notFound();
  const secret = deriveSecret(await rootSecret.read(), apiId, key.publicId);
  if (!equalsInConstantTime(secret, key.secret)) throw notFound();
  return key.publicId;
}

/** @param publicId absent when the client sent something else, which may be a secret and must not appear in the message */
function notFound(publicId?: string): ServiceError {
  return new ServiceError(
    'NotFoundException',
    `The API key ${publicId === undefined ? '' : `'${publicId}' `}does not exist.`,
  );
}
