import { numberOf, textOf } from '../../../control/input.ts';
import type { JsonObject } from '../../../core/input/json.ts';
import { formatPageToken, parsePageToken } from '../../../core/input/page-token.ts';
import { invalidParameter } from './operation.ts';
import type { Keyset } from '../store/database.ts';

/** Source: shape LimitMax100 of the service model. The default is the maximum. */
const defaultLimit = 100;

export interface ListPage<Item> {
  readonly items: readonly Item[];
  readonly nextToken: string | undefined;
}

/**
 * Returns one page of a list. Each page continues after the last name of the previous page. So an item that exists during the
 * whole listing appears exactly once, even if other items are created or deleted meanwhile.
 *
 * @param binding the operation, the region and the filters; a NextToken is valid only for a list with the same binding
 * @throws ServiceError ValidationException for a NextToken that does not come from this list
 */
export function listPage<Item>(
  input: JsonObject,
  binding: readonly (string | undefined)[],
  read: (page: Keyset) => readonly Item[],
  nameOf: (item: Item) => string,
): ListPage<Item> {
  const namePrefix = textOf(input, 'NamePrefix');
  const limit = numberOf(input, 'Limit') ?? defaultLimit;
  const afterName = afterNameOf(input, [...binding, namePrefix]);
  const found = read({
    ...(namePrefix === undefined ? {} : { namePrefix }),
    ...(afterName === undefined ? {} : { afterName }),
    // Reads one item more than the page holds, to see whether another page follows.
    limit: limit + 1,
  });
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const isWhole = found.length <= limit || last === undefined;
  return { items, nextToken: isWhole ? undefined : formatPageToken([...binding, namePrefix], nameOf(last)) };
}

function afterNameOf(input: JsonObject, binding: readonly (string | undefined)[]): string | undefined {
  const token = textOf(input, 'NextToken');
  if (token === undefined) return undefined;
  const afterName = parsePageToken(binding, token);
  if (afterName !== undefined) return afterName;
  throw invalidParameter(
    'NextToken',
    'It does not come from a list with the same filters. Leave it out to get the first page.',
  );
}
