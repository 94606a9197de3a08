import type { Scalar } from './fields.ts';

/**
 * What a value must at least be to match, in a form by which rules can be found: equal to it, beginning or ending with
 * it, equal but for case, an IP address, or just there.
 */
export type MatchTerm =
  | { readonly kind: 'equal'; readonly value: Scalar }
  | { readonly kind: 'prefix' | 'suffix' | 'folded' | 'address'; readonly value: string }
  | { readonly kind: 'present' };

/** One element of a field's list in an event pattern. */
export interface ValueMatch {
  readonly term: MatchTerm;
  matches(value: Scalar): boolean;
  /** The wildcard texts behind it, which the complexity of a rule is reckoned from. */
  readonly wildcards?: readonly string[];
}

/** What an event pattern asks of one field. */
export interface FieldMatch {
  /** The names on the way to the field, joined by dots: `{"a": {"b": ...}}` and `{"a.b": ...}` are the same to the service. */
  readonly name: string;
  /** Whether the pattern is content with the field's absence. */
  readonly absent: boolean;
  readonly values: readonly ValueMatch[];
}

const present: MatchTerm = { kind: 'present' };

export function equal(value: Scalar): ValueMatch {
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

/** Any value at all; a list or an object is none. */
export const exists: ValueMatch = { term: present, matches: () => true };

/** A match that rules cannot be found by. */
export function test(matches: (value: Scalar) => boolean): ValueMatch {
  return { term: present, matches };
}

/** Every value that none of them matches, null, booleans and numbers included. */
export function noneOf(matches: readonly ValueMatch[]): ValueMatch {
  const wildcards = matches.flatMap((match) => match.wildcards ?? []);
  return { term: present, wildcards, matches: (value) => !matches.some((match) => match.matches(value)) };
}
