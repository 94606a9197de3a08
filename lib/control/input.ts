import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { isJsonObject, ownMember } from '../core/input/json.ts';
import { formatPageToken, parsePageToken } from '../core/input/page-token.ts';
import type { Page, PageRequest } from '../ports/control.ts';
import type { Kind } from './refusals.ts';
import { invalidParameter } from './refusals.ts';

/*
 * Members of an input that the first stage of validation has passed: what is there has the type of the service model.
 */

export function textOf(input: JsonObject, name: string): string | undefined {
  const value = ownMember(input, name);
  return typeof value === 'string' ? value : undefined;
}

/** @throws TypeError when the model requires the member and it is not there: the first stage has not been passed */
export function requiredTextOf(input: JsonObject, name: string): string {
  const text = textOf(input, name);
  if (text === undefined) throw new TypeError(`The input has passed validation without '${name}'.`);
  return text;
}

export function numberOf(input: JsonObject, name: string): number | undefined {
  const value = ownMember(input, name);
  return typeof value === 'number' ? value : undefined;
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

/** An answer, or a part of one: what is undefined is left out. */
export function withoutUndefined(members: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined),
  );
}

/** Answers show whole epoch seconds. */
export function epochSeconds(timeMs: number): number {
  return Math.floor(timeMs / 1000);
}

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
