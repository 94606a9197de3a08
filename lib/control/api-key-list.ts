import { isDeleted } from '../core/api-key.ts';
import { formatPageToken, parsePageToken } from '../core/page-token.ts';
import { ServiceError } from '../core/service-error.ts';
import { apiKeyAnswer } from './api-key-answers.ts';
import type { ApiKeyDependencies } from './api-key-writes.ts';
import { requireApiId } from './api-key-writes.ts';
import { numberOf, textOf, withoutUndefined } from './input.ts';
import type { Operation } from './operation.ts';

/** Source: shape MaxResults of the service model. Zero asks for as many, too: a page of none would never end the list. */
const defaultPageSize = 25;

/** Public ids only: the rest of a key is nowhere to be read. */
export function listApiKeys({ apiKeys, clock }: ApiKeyDependencies): Operation {
  return async (input) => {
    const apiId = requireApiId(input);
    const binding = ['ListApiKeys', apiId];
    const token = textOf(input, 'nextToken');
    const afterName = token === undefined ? undefined : parsePageToken(binding, token);
    if (token !== undefined && afterName === undefined) {
      throw new ServiceError('BadRequestException', 'The nextToken was not given by a list of this API.');
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
