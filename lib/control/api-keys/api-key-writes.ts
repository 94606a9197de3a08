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

/** @throws ServiceError NotFoundException for an API that is not one of the two */
export function requireApiId(input: JsonObject): ApiId {
  const asked = requiredTextOf(input, 'apiId');
  const apiId = apiIds.find((known) => known === asked);
  if (apiId !== undefined) return apiId;
  throw new ServiceError(
    'NotFoundException',
    "There is no such API here: API keys are those of 'control' or 'events'.",
  );
}

/** How many keys there are; those count not that only wait for the table to remove them. */
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

/** How often a write is tried anew on what another one has just left. */
const maximumTries = 5;

interface Change {
  readonly after: ApiKey;
  readonly written: 'written' | WriteConflict;
}

/**
 * Changes the key that the input names, by its public id or whole.
 *
 * Failure policy: these operations have no name for a conflict, so the change is made again on what the other one has
 * written; the members that this one sends win, the others stay.
 *
 * @throws ServiceError NotFoundException also when the key is past its deletion, or the rest of it is wrong
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
  throw new ServiceError('InternalException', 'The API key is being changed by others all the time. Try again.');
}

async function publicIdOf({ rootSecret }: ApiKeyDependencies, apiId: ApiId, id: string): Promise<string> {
  if (isPublicId(id)) return id;
  const key = parseApiKey(id);
  if (key === undefined) throw notFound();
  const secret = deriveSecret(await rootSecret.read(), apiId, key.publicId);
  if (!equalsInConstantTime(secret, key.secret)) throw notFound();
  return key.publicId;
}

/** @param publicId left out when what was sent is none: it may be a secret in the wrong place */
function notFound(publicId?: string): ServiceError {
  return new ServiceError(
    'NotFoundException',
    `The API key ${publicId === undefined ? '' : `'${publicId}' `}does not exist.`,
  );
}
