import { ServiceError } from '../../../core/failure/service-error.ts';
import { parseJsonExactly } from '../../../core/input/exact-json.ts';
import type { JsonObject } from '../../../core/input/json.ts';
import { isJsonObject } from '../../../core/input/json.ts';
import type { SearchedField } from './consistency.ts';
import { consistent } from './consistency.ts';
import { RefusedPattern, toServiceError } from './cursor.ts';
import type { EventFields, Occurrences, Scalar } from './fields.ts';
import { FieldNode, askFor, readFields } from './fields.ts';
import type { FieldMatch, ValueMatch } from './match.ts';
import type { Branch } from './parse.ts';
import { parseEventPattern } from './parse.ts';

/** The members that TestEventPattern requires in an event. Source: recorded answers of the service. */
const requiredMembers = ['id', 'account', 'source', 'time', 'region', 'detail-type'];

/**
 * @param text an event pattern as JSON
 * @returns a function that tells whether an event matches
 * @throws ServiceError InvalidEventPatternException
 */
export function compileEventPattern(text: string): (event: JsonObject) => boolean {
  const root = new FieldNode();
  const branches = readEventPattern(text).map((branch) => compileBranch(root, branch));
  return (event) => {
    const fields = readFields(root, event);
    return branches.some((branch) => matchesBranch(branch, fields));
  };
}

/**
 * Returns the branches of an event pattern; an event matches when one branch matches.
 *
 * @throws ServiceError InvalidEventPatternException
 */
export function readEventPattern(text: string): readonly Branch[] {
  try {
    return parseEventPattern(text);
  } catch (error) {
    if (error instanceof RefusedPattern) throw toServiceError(error);
    throw error;
  }
}

/**
 * The operation TestEventPattern.
 *
 * @param eventText an event as JSON
 * @throws ServiceError InvalidEventPatternException, or ValidationException when the text is not an event
 */
export function testEventPattern(pattern: string, eventText: string): boolean {
  const matches = compileEventPattern(pattern);
  return matches(parseEvent(eventText));
}

function parseEvent(text: string): JsonObject {
  const event = parseJsonExactly(text);
  const complete = isJsonObject(event) && requiredMembers.every((name) => Object.hasOwn(event, name));
  if (!complete) throw new ServiceError('ValidationException', 'Parameter Event is not valid.');
  return event;
}

/** A field of a pattern, prepared for matching. */
export interface CompiledField {
  readonly node: FieldNode;
  readonly absent: boolean;
  readonly values: readonly ValueMatch[];
  matches(value: Scalar): boolean;
}

export type CompiledBranch = readonly CompiledField[];

/** @param root the tree of field names, to which the fields of this branch are added */
export function compileBranch(root: FieldNode, branch: Branch): CompiledBranch {
  return branch.map((field) => compileField(root, field));
}

/** Values that a field must equal are looked up in a set, so a long list costs the same as a short one. */
function compileField(root: FieldNode, { name, absent, values }: FieldMatch): CompiledField {
  const equals = new Set<Scalar>();
  const others: ValueMatch[] = [];
  for (const match of values) {
    if (match.term.kind === 'equal') equals.add(match.term.value);
    else others.push(match);
  }
  const matches = (value: Scalar): boolean => equals.has(value) || others.some((match) => match.matches(value));
  return { node: askFor(root, name), absent, values, matches };
}

/** @param fields the fields of the event, read with the `root` that `compileBranch` got for this branch */
export function matchesBranch(branch: CompiledBranch, fields: EventFields): boolean {
  let searched: SearchedField[] | undefined;
  for (const field of branch) {
    const occurrences = fields.get(field.node);
    if (occurrences === undefined) {
      if (!field.absent) return false;
      continue;
    }
    if (!occurrences.nested) {
      if (!occurrences.all.some(({ value }) => field.matches(value))) return false;
      continue;
    }
    searched ??= [];
    searched.push(searchedField(field, occurrences));
  }
  return searched === undefined || consistent(searched);
}

function searchedField(field: CompiledField, { all }: Occurrences): SearchedField {
  return {
    absent: field.absent,
    all: all.map(({ within }) => within),
    matching: all.filter(({ value }) => field.matches(value)).map(({ within }) => within),
  };
}
