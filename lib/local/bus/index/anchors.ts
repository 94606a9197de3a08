import type { CompiledField } from '../pattern/event-pattern.ts';
import type { FieldNode } from '../pattern/fields.ts';
import type { MatchTerm } from '../pattern/match.ts';
import type { IndexedBranch } from './table.ts';

/** How many branches would be found by each term of a field. */
type Crowds = ReadonlyMap<FieldNode, ReadonlyMap<string, number>>;

/**
 * The field by which each branch is to be found: the one whose values the fewest other branches share. Undefined for a
 * branch whose every field may be absent.
 */
export function* chooseAnchors(
  branches: readonly IndexedBranch[],
): Generator<readonly [branch: IndexedBranch, anchor: CompiledField | undefined]> {
  const crowds = countCrowds(branches);
  for (const branch of branches) {
    let anchor: CompiledField | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const field of branch.fields) {
      const crowd = field.absent ? Number.POSITIVE_INFINITY : largestCrowd(field, crowds);
      if (crowd >= least) continue;
      anchor = field;
      least = crowd;
    }
    yield [branch, anchor];
  }
}

function countCrowds(branches: readonly IndexedBranch[]): Crowds {
  const crowds = new Map<FieldNode, Map<string, number>>();
  for (const { fields } of branches) {
    for (const { node, absent, values } of fields) {
      if (absent) continue;
      const terms = crowds.get(node) ?? new Map<string, number>();
      crowds.set(node, terms);
      for (const { term } of values) terms.set(termKey(term), (terms.get(termKey(term)) ?? 0) + 1);
    }
  }
  return crowds;
}

function largestCrowd({ node, values }: CompiledField, crowds: Crowds): number {
  const terms = crowds.get(node);
  return Math.max(0, ...values.map(({ term }) => terms?.get(termKey(term)) ?? 0));
}

function termKey(term: MatchTerm): string {
  if (term.kind === 'present') return term.kind;
  return `${term.kind} ${typeof term.value} ${String(term.value)}`;
}
