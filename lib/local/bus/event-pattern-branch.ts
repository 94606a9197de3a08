import { consistent } from './event-pattern-consistency.ts';
import type { SearchedField } from './event-pattern-consistency.ts';
import type { EventFields, FieldNode, Occurrences, Scalar } from './event-pattern-fields.ts';
import { askFor } from './event-pattern-fields.ts';
import type { FieldMatch, ValueMatch } from './event-pattern-match.ts';
import type { Branch } from './event-pattern-parse.ts';

/** A field of a pattern, ready to be compared. */
export interface CompiledField {
  readonly node: FieldNode;
  readonly absent: boolean;
  readonly values: readonly ValueMatch[];
  matches(value: Scalar): boolean;
}

export type CompiledBranch = readonly CompiledField[];

/** @param root asked for the branch's fields from now on */
export function compileBranch(root: FieldNode, branch: Branch): CompiledBranch {
  return branch.map((field) => compileField(root, field));
}

/** Equal values are looked up at once, so that a long list costs what a short one does. */
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

/** @param fields of the event, as read for a root that the branch was compiled with */
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
