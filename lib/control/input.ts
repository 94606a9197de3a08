import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { isJsonObject, ownMember } from '../core/input/json.ts';
import { formatPageToken, parsePageToken } from '../core/input/page-token.ts';
import type { Page, PageRequest } from '../ports/control.ts';
import type { Kind } from './refusals.ts';
import { invalidFilter, invalidParameter } from './refusals.ts';

/*
 * These functions read members of an input that has passed the first stage of validation. A member that is present has the
 * type that the service model gives it.
 */

export function textOf(input: JsonObject, name: string): string | undefined {
  const value = ownMember(input, name);
  return typeof value === 'string' ? value : undefined;
}

/** @throws TypeError when the member is missing. This is a bug, because the first stage of validation refuses such an input */
export function requiredTextOf(input: JsonObject, name: string): string {
  const text = textOf(input, name);
  if (text === undefined) throw new TypeError(`The input has passed validation without its required member '${name}'.`);
  return text;
}

export function numberOf(input: JsonObject, name: string): number | undefined {
  const value = ownMember(input, name);
  return typeof value === 'number' ? value : undefined;
}

/** A time of the service model, epoch seconds. */
export function timeMsOf(input: JsonObject, name: string): number | undefined {
  const seconds = numberOf(input, name);
  return seconds === undefined ? undefined : Math.round(seconds * 1000);
}

export function objectOf(input: JsonObject, name: string): JsonObject | undefined {
  const value = ownMember(input, name);
  return isJsonObject(value) ? value : undefined;
}

export function objectListOf(input: JsonObject, name: string): readonly JsonObject[] | undefined {
  const value = ownMember(input, name);
  return Array.isArray(value) ? value.filter((member: JsonValue) => isJsonObject(member)) : undefined;
}

export function textListOf(input: JsonObject, name: string): readonly string[] | undefined {
  const value = ownMember(input, name);
  return Array.isArray(value) ? value.filter((member: JsonValue) => typeof member === 'string') : undefined;
}

export function numberListOf(input: JsonObject, name: string): readonly number[] | undefined {
  const value = ownMember(input, name);
  return Array.isArray(value) ? value.filter((member: JsonValue) => typeof member === 'number') : undefined;
}

export function epochSeconds(timeMs: number): number {
  return Math.floor(timeMs / 1000);
}

/** The default is the maximum. Source: shape LimitMax100 of the service model. */
export const defaultLimit = 100;

const ofOtherList = 'It does not come from a list with the same filters. Leave it out to get the first page.';

/** The operation and the filters that a NextToken belongs to. */
export type Binding = readonly (string | undefined)[];

/**
 * A page begins after the last name of the page before, so resources that are created or deleted meanwhile do not shift it. A
 * resource that exists during the whole listing is listed exactly once.
 *
 * @throws ServiceError ValidationException for a NextToken of another list
 */
export function pageRequestOf(input: JsonObject, kind: Kind, binding: Binding): PageRequest {
  const namePrefix = textOf(input, 'NamePrefix');
  const token = textOf(input, 'NextToken');
  const afterName = token === undefined ? undefined : parsePageToken(binding, token);
  const isOfThisList = afterName?.startsWith(namePrefix ?? '') ?? false;
  if (token !== undefined && !isOfThisList) {
    throw invalidParameter('list', kind, 'NextToken', ofOtherList);
  }
  return {
    ...(namePrefix === undefined ? {} : { namePrefix }),
    ...(afterName === undefined ? {} : { afterName }),
    limit: numberOf(input, 'Limit') ?? defaultLimit,
  };
}

/**
 * The page of a list whose entries have positions instead of names, such as the deliveries.
 *
 * @param what the entries of the list
 * @throws ServiceError ValidationException for a NextToken of another list
 */
export function positionRequestOf(
  input: JsonObject,
  binding: Binding,
  what: string,
): { readonly limit: number; readonly after?: string } {
  const limit = numberOf(input, 'Limit') ?? defaultLimit;
  const token = textOf(input, 'NextToken');
  if (token === undefined) return { limit };
  const after = parsePageToken(binding, token);
  if (after !== undefined) return { limit, after };
  throw invalidFilter(what, 'NextToken', ofOtherList);
}

/** @throws ServiceError ValidationException when the times of a filter contradict each other */
export function requireOrder(
  filter: { readonly afterMs?: number | undefined; readonly beforeMs?: number | undefined },
  what: string,
): void {
  const { afterMs = Number.NEGATIVE_INFINITY, beforeMs = Number.POSITIVE_INFINITY } = filter;
  if (afterMs >= beforeMs) throw invalidFilter(what, 'After', 'It is not earlier than Before.');
}

export function nextTokenOf({ nextAfterName }: Page<unknown>, binding: Binding): string | undefined {
  return nextAfterName === undefined ? undefined : formatPageToken(binding, nextAfterName);
}
