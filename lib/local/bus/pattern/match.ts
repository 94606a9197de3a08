import type { PlainValue, Scalar } from './fields.ts';

/**
 * A condition that every matching value meets, so rules can be indexed by it. The value equals the term, begins or ends with
 * it, equals it without regard to case (`folded`), is this IP address, or only has to exist (`present`).
 */
export type MatchTerm =
  | { readonly kind: 'equal'; readonly value: PlainValue }
  | { readonly kind: 'prefix' | 'suffix' | 'folded' | 'address'; readonly value: string }
  | { readonly kind: 'present' };

/** One element of a field's list in an event pattern. */
export interface ValueMatch {
  readonly term: MatchTerm;
  matches(value: Scalar): boolean;
  /** The wildcard texts of this match. The complexity of the rule is computed from them. */
  readonly wildcards?: readonly string[];
}

/** The condition of an event pattern for one field. */
export interface FieldMatch {
  /** The path to the field, joined by dots: the service treats `{"a": {"b": ...}}` and `{"a.b": ...}` alike. */
  readonly name: string;
  /** Whether the field may be absent. */
  readonly absent: boolean;
  readonly values: readonly ValueMatch[];
}

const present: MatchTerm = { kind: 'present' };

export function equal(value: PlainValue): ValueMatch {
  return { term: { kind: 'equal', value }, matches: (candidate) => candidate === value };
}

export function prefix(text: string): ValueMatch {
  return {
    term: { kind: 'prefix', value: text },
    matches: (value) => typeof value === 'string' && value.startsWith(text),
  };
}

export function suffix(text: string): ValueMatch {
  return {
    term: { kind: 'suffix', value: text },
    matches: (value) => typeof value === 'string' && value.endsWith(text),
  };
}

/** Matches any value except a list or an object. */
export const exists: ValueMatch = { term: present, matches: () => true };

/** Makes a match for which the index has no term to search for. So the index returns it for every value of the field. */
export function test(matches: (value: Scalar) => boolean): ValueMatch {
  return { term: present, matches };
}

/** Matches every value that none of the given matches accepts, including null, booleans and numbers. */
export function noneOf(matches: readonly ValueMatch[]): ValueMatch {
  const wildcards = matches.flatMap((match) => match.wildcards ?? []);
  return { term: present, wildcards, matches: (value) => !matches.some((match) => match.matches(value)) };
}
