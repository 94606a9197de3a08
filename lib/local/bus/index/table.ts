import { parseAddress } from '../pattern/address.ts';
import type { CompiledBranch } from '../pattern/event-pattern.ts';
import type { Scalar } from '../pattern/fields.ts';
import { fold } from '../pattern/ignore-case.ts';
import type { MatchTerm, ValueMatch } from '../pattern/match.ts';

/** One branch of a rule's pattern. */
export interface IndexedBranch {
  /** The position of the rule in the list from which the index was created. */
  readonly rule: number;
  readonly fields: CompiledBranch;
}

type Bucket = Set<IndexedBranch>;

/** Finds the branches of rules by the value of one field. */
export class RuleTable {
  readonly #present: Bucket = new Set();
  readonly #equal = new Map<Scalar, Bucket>();
  readonly #folded = new Map<string, Bucket>();
  readonly #address = new Map<string, Bucket>();
  /** Grouped by the length of the term, so that a value needs one look-up for each length that occurs. */
  readonly #prefix = new Map<number, Map<string, Bucket>>();
  readonly #suffix = new Map<number, Map<string, Bucket>>();

  add(branch: IndexedBranch, values: readonly ValueMatch[]): void {
    for (const { term } of values) this.#bucketOf(term).add(branch);
  }

  /** Adds every branch that the value can match, and perhaps some that it cannot match. */
  collect(value: Scalar, candidates: Set<IndexedBranch>): void {
    addAll(candidates, this.#present);
    addAll(candidates, this.#equal.get(value));
    if (typeof value !== 'string') return;
    if (this.#folded.size > 0) addAll(candidates, this.#folded.get(fold(value)));
    if (this.#address.size > 0) this.#collectAddress(value, candidates);
    for (const [length, buckets] of this.#prefix) {
      if (length <= value.length) addAll(candidates, buckets.get(value.slice(0, length)));
    }
    for (const [length, buckets] of this.#suffix) {
      if (length <= value.length) addAll(candidates, buckets.get(value.slice(value.length - length)));
    }
  }

  #collectAddress(value: string, candidates: Set<IndexedBranch>): void {
    const address = parseAddress(value);
    if (address !== undefined) addAll(candidates, this.#address.get(address));
  }

  #bucketOf(term: MatchTerm): Bucket {
    switch (term.kind) {
      case 'present':
        return this.#present;
      case 'equal':
        return bucket(this.#equal, term.value);
      case 'folded':
        return bucket(this.#folded, term.value);
      case 'address':
        return bucket(this.#address, term.value);
      case 'prefix':
        return bucket(lengthOf(this.#prefix, term.value), term.value);
      case 'suffix':
        return bucket(lengthOf(this.#suffix, term.value), term.value);
    }
  }
}

function lengthOf(lengths: Map<number, Map<string, Bucket>>, text: string): Map<string, Bucket> {
  const buckets = lengths.get(text.length) ?? new Map<string, Bucket>();
  lengths.set(text.length, buckets);
  return buckets;
}

function bucket<Key>(buckets: Map<Key, Bucket>, key: Key): Bucket {
  const found = buckets.get(key) ?? new Set();
  buckets.set(key, found);
  return found;
}

function addAll(candidates: Set<IndexedBranch>, found: Bucket | undefined): void {
  if (found === undefined) return;
  for (const branch of found) candidates.add(branch);
}
