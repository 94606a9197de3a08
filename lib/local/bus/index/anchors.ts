import type { CompiledField } from '../pattern/event-pattern.ts';
import type { FieldNode } from '../pattern/fields.ts';
import type { MatchTerm } from '../pattern/match.ts';
import type { IndexedBranch } from './table.ts';

/** For each field and each of its terms, the number of branches that contain this term. */
type BranchCounts = ReadonlyMap<FieldNode, ReadonlyMap<string, number>>;

/**
 * Chooses the field by which each branch is indexed: the field whose values are shared by the fewest other branches. There is
 * no such field for a branch in which every field may be absent.
 */
export function* chooseAnchors(
  branches: readonly IndexedBranch[],
): Generator<readonly [branch: IndexedBranch, anchor: CompiledField | undefined]> {
  const counts = countBranches(branches);
  for (const branch of branches) {
    let anchor: CompiledField | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const field of branch.fields) {
      const count = field.absent ? Number.POSITIVE_INFINITY : mostBranches(field, counts);
      if (count >= least) continue;
      anchor = field;
      least = count;
    }
    yield [branch, anchor];
  }
}

function countBranches(branches: readonly IndexedBranch[]): BranchCounts {
  const counts = new Map<FieldNode, Map<string, number>>();
  for (const { fields } of branches) {
    for (const { node, absent, values } of fields) {
      if (absent) continue;
      const terms = counts.get(node) ?? new Map<string, number>();
      counts.set(node, terms);
      for (const { term } of values) terms.set(termKey(term), (terms.get(termKey(term)) ?? 0) + 1);
    }
  }
  return counts;
}

function mostBranches({ node, values }: CompiledField, counts: BranchCounts): number {
  const terms = counts.get(node);
  return Math.max(0, ...values.map(({ term }) => terms?.get(termKey(term)) ?? 0));
}

function termKey(term: MatchTerm): string {
  if (term.kind === 'present') return term.kind;
  return `${term.kind} ${typeof term.value} ${String(term.value)}`;
}
