import { formatPageToken, parsePageToken } from '../core/page-token.ts';
import type { JsonObject } from '../core/json.ts';
import type { Page, PageRequest } from '../control-ports.ts';
import { numberOf, textOf } from './input.ts';
import type { Kind } from './refusals.ts';
import { invalidParameter } from './refusals.ts';

/** Source: shape LimitMax100 of the service model; the default is the most. */
const defaultLimit = 100;

/** What ties a NextToken to its list: the operation and its filters. */
export type Binding = readonly (string | undefined)[];

/**
 * Pages go by names, so what is created or deleted meanwhile shifts nothing: each resource that is there throughout
 * comes exactly once.
 *
 * @throws ServiceError ValidationException for a NextToken that this list has not given
 */
export function pageRequestOf(input: JsonObject, kind: Kind, binding: Binding): PageRequest {
  const namePrefix = textOf(input, 'NamePrefix');
  const token = textOf(input, 'NextToken');
  const afterName = token === undefined ? undefined : parsePageToken(binding, token);
  const isOfThisList = afterName?.startsWith(namePrefix ?? '') ?? false;
  if (token !== undefined && !isOfThisList) {
    throw invalidParameter('list', kind, 'NextToken', 'It was not given by a list with these filters.');
  }
  return {
    ...(namePrefix === undefined ? {} : { namePrefix }),
    ...(afterName === undefined ? {} : { afterName }),
    limit: numberOf(input, 'Limit') ?? defaultLimit,
  };
}

export function nextTokenOf({ nextAfterName }: Page<unknown>, binding: Binding): string | undefined {
  return nextAfterName === undefined ? undefined : formatPageToken(binding, nextAfterName);
}
