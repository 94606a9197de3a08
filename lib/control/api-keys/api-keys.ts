import type { ApiId, ApiKey } from '../../core/api-key/api-key.ts';
import { maximumApiKeys, validityFrom } from '../../core/api-key/api-key.ts';
import { deriveSecret, formatPublicId, publicIdBytes } from '../../core/api-key/text.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { ServiceError } from '../../core/failure/service-error.ts';
import { apiKeyAnswer, listApiKeys } from './read-api-keys.ts';
import type { ApiKeyDependencies } from './api-key-writes.ts';
import { changeApiKey, liveApiKeys, requireApiId } from './api-key-writes.ts';
import { numberOf, textOf } from '../input.ts';
import type { Operation } from '../operation.ts';

/** The keys are the names of AppSync's operations. */
export function createApiKeyOperations(dependencies: ApiKeyDependencies): Readonly<Record<string, Operation>> {
  return {
    CreateApiKey: createApiKey(dependencies),
    ListApiKeys: listApiKeys(dependencies),
    UpdateApiKey: updateApiKey(dependencies),
    DeleteApiKey: deleteApiKey(dependencies),
  };
}

/** A random public id is hardly ever taken already, so three draws are more than enough. */
const maximumDraws = 3;

/**
 * Failure policy: when two requests try to create the last allowed key at once, both may be refused, but they never both
 * succeed. After its write, each request counts the keys again, and removes its own key if there are too many.
 */
function createApiKey(dependencies: ApiKeyDependencies): Operation {
  const { apiKeys, rootSecret } = dependencies;
  return async (input, { identity }) => {
    const apiId = requireApiId(input);
    const key = newApiKey(dependencies, apiId, input, identity?.incarnation);
    if ((await liveApiKeys(dependencies, apiId)) >= maximumApiKeys) throw limitExceeded();
    // The root secret is read before the key is written. Otherwise a failed read would leave a key that no client knows.
    const root = await rootSecret.read();
    const created = await createUnique(dependencies, key, identity?.publicId);
    if ((await liveApiKeys(dependencies, apiId)) > maximumApiKeys) {
      await apiKeys.remove(created);
      throw limitExceeded();
    }
    return { apiKey: apiKeyAnswer(created, created.publicId + deriveSecret(root, apiId, created.publicId)) };
  };
}

async function createUnique(
  dependencies: ApiKeyDependencies,
  key: Omit<ApiKey, 'publicId'>,
  chosen: string | undefined,
): Promise<ApiKey> {
  for (let draw = 1; draw <= maximumDraws; draw += 1) {
    const drawn = { ...key, publicId: chosen ?? formatPublicId(dependencies.randomBytes(publicIdBytes)) };
    if ((await dependencies.apiKeys.create(drawn)) === 'written') return drawn;
  }
  throw new Error('Every random public id exists already.');
}

function newApiKey(
  { clock, newUuid }: ApiKeyDependencies,
  apiId: ApiId,
  input: JsonObject,
  chosenIncarnation: string | undefined,
): Omit<ApiKey, 'publicId'> {
  const description = descriptionOf(input);
  return {
    apiId,
    incarnation: chosenIncarnation ?? newUuid(),
    ...(description === undefined || description === '' ? {} : { description }),
    ...validityFrom(clock.nowMs(), numberOf(input, 'expires')),
    revision: 1,
  };
}

/** Changes only the members that the request contains. An empty description removes the old one. */
function updateApiKey(dependencies: ApiKeyDependencies): Operation {
  return async (input) => {
    const sent = descriptionOf(input);
    const expires = numberOf(input, 'expires');
    const updated = await changeApiKey(dependencies, input, async (before) => {
      const { description, ...rest } = before;
      const next = sent ?? description ?? '';
      const after: ApiKey = {
        ...rest,
        ...(next === '' ? {} : { description: next }),
        ...(expires === undefined ? {} : validityFrom(dependencies.clock.nowMs(), expires)),
        revision: before.revision + 1,
      };
      return { after, written: await dependencies.apiKeys.update(before, after) };
    });
    return { apiKey: apiKeyAnswer(updated) };
  };
}

function deleteApiKey(dependencies: ApiKeyDependencies): Operation {
  return async (input) => {
    await changeApiKey(dependencies, input, async (before) => {
      return { after: before, written: await dependencies.apiKeys.remove(before) };
    });
    return {};
  };
}

/** Our own limit: the service model sets none, but DynamoDB limits the size of an item. */
const maxDescriptionCharacters = 1024;

function descriptionOf(input: JsonObject): string | undefined {
  const description = textOf(input, 'description');
  if (description === undefined || description.length <= maxDescriptionCharacters) return description;
  throw new ServiceError(
    'BadRequestException',
    `Parameter description must have at most ${maxDescriptionCharacters} characters.`,
  );
}

function limitExceeded(): ServiceError {
  return new ServiceError(
    'ApiKeyLimitExceededException',
    `The API already has ${maximumApiKeys} API keys, which is the maximum. Delete one first.`,
  );
}
