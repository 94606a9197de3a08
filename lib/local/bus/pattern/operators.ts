import { inBlock } from './address.ts';
import { parseAnythingBut } from './anything-but.ts';
import { equalIgnoringCase, prefixIgnoringCase, suffixIgnoringCase } from './ignore-case.ts';
import type { ValueMatch } from './match.ts';
import { equal, exists, prefix, suffix } from './match.ts';
import { parseNumeric } from './numeric.ts';
import type { PatternTokens } from './tokens.ts';
import { wildcard, wildcardFault } from './wildcard.ts';

/** Parses the value of one operator; returns undefined when the field must be absent. */
type Operator = (tokens: PatternTokens) => ValueMatch | undefined;

const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['exactly', (tokens) => closed(tokens, equal(takeText(tokens, 'exact match pattern must be a string')))],
  ['prefix', (tokens) => parseAffix(tokens, 'prefix')],
  ['suffix', (tokens) => parseAffix(tokens, 'suffix')],
  [
    'equals-ignore-case',
    (tokens) => closed(tokens, equalIgnoringCase(takeText(tokens, mustBeString('equals-ignore-case')))),
  ],
  ['wildcard', parseWildcard],
  ['cidr', (tokens) => closed(tokens, inBlock(takeText(tokens, mustBeString('prefix'))))],
  ['numeric', parseNumeric],
  ['exists', parseExists],
  ['anything-but', parseAnythingBut],
]);

/**
 * Parses the rest of an object in a field's list, after its opening brace: one operator and its value.
 *
 * @returns undefined when the field must be absent
 * @throws RefusedPattern
 */
export function parseOperator(tokens: PatternTokens): ValueMatch | undefined {
  if (tokens.next() !== 'name') tokens.refuse('Match expression name not found');
  const operator = operators.get(tokens.name);
  if (operator === undefined) tokens.refuse(`Unrecognized match type ${tokens.name}`);
  return operator(tokens);
}

function mustBeString(operator: string): string {
  return `${operator} match pattern must be a string`;
}

function takeText(tokens: PatternTokens, refusal: string): string {
  if (tokens.next() !== 'string') tokens.refuse(refusal);
  return tokens.text();
}

function closed<Match>(tokens: PatternTokens, match: Match): Match {
  if (tokens.next() !== '}') tokens.refuse('Only one key allowed in match expression');
  return match;
}

function parseAffix(tokens: PatternTokens, operator: 'prefix' | 'suffix'): ValueMatch {
  const token = tokens.next();
  if (token === '{') return parseAffixIgnoringCase(tokens, operator);
  if (token !== 'string') tokens.refuse(mustBeString(operator));
  const text = tokens.text();
  return closed(tokens, operator === 'prefix' ? prefix(text) : suffix(text));
}

function parseAffixIgnoringCase(tokens: PatternTokens, operator: 'prefix' | 'suffix'): ValueMatch {
  const title = operator === 'prefix' ? 'Prefix' : 'Suffix';
  if (tokens.next() !== 'name') tokens.refuse(`${title} expression name not found`);
  if (tokens.name !== 'equals-ignore-case') tokens.refuse(`Unsupported ${operator} pattern: ${tokens.name}`);
  const text = takeText(tokens, mustBeString('equals-ignore-case'));
  return closed(tokens, closed(tokens, operator === 'prefix' ? prefixIgnoringCase(text) : suffixIgnoringCase(text)));
}

function parseWildcard(tokens: PatternTokens): ValueMatch {
  const text = takeText(tokens, mustBeString('wildcard'));
  const fault = wildcardFault(text);
  if (fault !== undefined) tokens.refuse(fault);
  return closed(tokens, wildcard(text));
}

function parseExists(tokens: PatternTokens): ValueMatch | undefined {
  const token = tokens.next();
  if (token !== 'true' && token !== 'false') tokens.refuse('exists match pattern must be either true or false.');
  return closed(tokens, token === 'true' ? exists : undefined);
}
