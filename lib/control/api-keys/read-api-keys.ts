import type { ApiKey } from '../../core/api-key/api-key.ts';
import { isDeleted } from '../../core/api-key/api-key.ts';
import { ServiceError } from '../../core/failure/service-error.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { withoutUndefined } from '../../core/input/json.ts';
import { formatPageToken, parsePageToken } from '../../core/input/page-token.ts';
import { numberOf, textOf } from '../input.ts';
import type { Operation } from '../operation.ts';
import type { ApiKeyDependencies } from './api-key-writes.ts';
import { requireApiId } from './api-key-writes.ts';

/** Source: shape MaxResults of the service model. `maxResults: 0` gets it too, because a list of empty pages would never end. */
const defaultPageSize = 25;

/** Shows public ids only. The secret part of a key is not stored anywhere. */
export function listApiKeys({ apiKeys, clock }: ApiKeyDependencies): Operation {
  return async (input) => {
    const apiId = requireApiId(input);
    const binding = ['ListApiKeys', apiId];
    const token = textOf(input, 'nextToken');
    const afterName = token === undefined ? undefined : parsePageToken(binding, token);
    if (token !== undefined && afterName === undefined) {
      throw new ServiceError(
        'BadRequestException',
        'Parameter nextToken is not valid: it does not come from ListApiKeys for this API. Leave it out to get the first page.',
      );
    }
    const limit = numberOf(input, 'maxResults') || defaultPageSize;
    const page = await apiKeys.list(apiId, { limit, ...(afterName === undefined ? {} : { afterName }) });
    const nowMs = clock.nowMs();
    return withoutUndefined({
      apiKeys: page.items.filter((key) => !isDeleted(key, nowMs)).map((key) => apiKeyAnswer(key)),
      nextToken: page.nextAfterName === undefined ? undefined : formatPageToken(binding, page.nextAfterName),
    });
  };
}

/** @param id the public id; only CreateApiKey passes the whole key here. */
export function apiKeyAnswer(key: ApiKey, id = key.publicId): JsonObject {
  const { description, expiresAtSeconds, deletesAtSeconds } = key;
  return withoutUndefined({ id, description, expires: expiresAtSeconds, deletes: deletesAtSeconds });
}
