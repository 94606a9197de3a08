import { equalAddress, parseAddress } from './address.ts';
import { refuseComplexity } from './complexity.ts';
import type { FieldMatch, ValueMatch } from './match.ts';
import { equal } from './match.ts';
import { equalNumber } from './numeric.ts';
import { parseOperator } from './operators.ts';
import { RefusedPattern } from './cursor.ts';
import { PatternTokens } from './tokens.ts';

/**
 * One alternative of a pattern. An event matches it when all its fields match. The fields are in the order in which the
 * service compares them.
 */
export type Branch = readonly FieldMatch[];

/** The fields of a branch that have been parsed so far, by name. A repeated name replaces the earlier one. */
type OpenBranch = ReadonlyMap<string, FieldMatch>;

/** Limit for the combinations of `$or` alternatives in one pattern. Source: the EventBridge user guide. */
const maxBranches = 1_000;

/** Field names that are not allowed in the alternatives of `$or`. Source: the public event-ruler. */
const reservedInAlternatives = new Set(
  [
    'exactly equals-ignore-case prefix suffix anything-but exists wildcard numeric cidr = < <= > >= regex',
    'not-wildcard not-equals-ignore-case date-after date-on-or-after date-before date-on-or-before in-date-range',
    'ip-address-in-range ip-address-not-in-range',
  ].flatMap((names) => names.split(' ')),
);

/**
 * @param text an event pattern
 * @returns its branches: more than one if the pattern contains `$or`
 * @throws RefusedPattern
 */
export function parseEventPattern(text: string): readonly Branch[] {
  const tokens = new PatternTokens(text);
  if (tokens.next() !== '{') tokens.refuse('Filter is not an object');
  const open = parseMembers(tokens, [new Map()], '', false);
  const branches = open.map((branch) => [...branch.values()].sort((one, other) => (one.name < other.name ? -1 : 1)));
  refuseComplexity(branches);
  return branches;
}

/** Parses the members of an object, after its opening brace, and adds them to every branch. */
function parseMembers(
  tokens: PatternTokens,
  before: readonly OpenBranch[],
  path: string,
  inAlternative: boolean,
): readonly OpenBranch[] {
  let branches = before;
  let empty = true;
  while (tokens.next() !== '}') {
    empty = false;
    const { name } = tokens;
    if (name === '$or') {
      branches = parseAlternatives(tokens, branches, path);
      continue;
    }
    if (inAlternative && reservedInAlternatives.has(name)) {
      tokens.refuse(`${name} is Ruler reserved fieldName which cannot be used inside $or.`);
    }
    const token = tokens.next();
    if (token === '{') branches = parseMembers(tokens, branches, `${path}${name}.`, inAlternative);
    else if (token === '[') branches = withField(branches, parseField(tokens, path + name));
    else tokens.refuse(`"${name}" must be an object or an array`);
  }
  if (empty) tokens.refuse('Empty objects are not allowed');
  return branches;
}

function withField(branches: readonly OpenBranch[], field: FieldMatch): readonly OpenBranch[] {
  return branches.map((branch) => new Map(branch).set(field.name, field));
}

/** Parses the value of `$or`: each branch is combined with each alternative. */
function parseAlternatives(tokens: PatternTokens, before: readonly OpenBranch[], path: string): readonly OpenBranch[] {
  if (tokens.next() !== '[') tokens.refuse('It must be an Array followed with $or.');
  const branches: OpenBranch[] = [];
  let alternatives = 0;
  for (let token = tokens.next(); token !== ']'; token = tokens.next()) {
    alternatives += 1;
    if (token !== '{') tokens.refuse('Only JSON object is allowed in array of $or relationship.');
    branches.push(...parseMembers(tokens, before, path, true));
    if (branches.length > maxBranches) throw new RefusedPattern('Rule is too complex');
  }
  if (alternatives < 2) tokens.refuse('There must have at least 2 Objects in $or relationship.');
  return branches;
}

/** Parses a field's list, after its opening bracket. */
function parseField(tokens: PatternTokens, name: string): FieldMatch {
  const values: ValueMatch[] = [];
  let absent = false;
  for (let token = tokens.next(); token !== ']'; token = tokens.next()) {
    if (token === '{') {
      const match = parseOperator(tokens);
      if (match === undefined) absent = true;
      else values.push(match);
    } else if (token === 'string') values.push(equalText(tokens.text()));
    else if (token === 'number') values.push(equalNumber(tokens.text()));
    else if (token === 'null') values.push(equal(null));
    else if (token === 'true' || token === 'false') values.push(equal(token === 'true'));
    else tokens.refuse('Match value must be String, number, true, false, or null');
  }
  if (values.length === 0 && !absent) tokens.refuse('Empty arrays are not allowed');
  return { name, absent, values };
}

function equalText(text: string): ValueMatch {
  const address = parseAddress(text);
  return address === undefined ? equal(text) : equalAddress(address);
}
