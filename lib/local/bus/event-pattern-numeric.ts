import type { ValueMatch } from './event-pattern-match.ts';
import { equal } from './event-pattern-match.ts';
import type { LowerOperator, UpperOperator } from './event-pattern-number.ts';
import { comparableNumber, isLowerOperator, isUpperOperator, numberBetween } from './event-pattern-number.ts';
import type { PatternTokens } from './event-pattern-tokens.ts';

/** What follows the name `numeric`, to the end of its object. */
export function parseNumeric(tokens: PatternTokens): ValueMatch {
  if (tokens.next() !== '[') tokens.refuse('Value of numeric must be an array.');
  const match = parseComparison(tokens);
  if (tokens.next() !== '}') refuseMore(tokens);
  return match;
}

function parseComparison(tokens: PatternTokens): ValueMatch {
  if (tokens.next() !== 'string') tokens.refuse(`Invalid member in numeric match: ${tokens.text()}`);
  const operator = tokens.text();
  const token = tokens.next();
  const known = operator === '=' || isLowerOperator(operator) || isUpperOperator(operator);
  if (!known) tokens.refuse(`Unrecognized numeric range operator: ${operator}`);
  if (token !== 'number') tokens.refuse(`Value of ${operator === '=' ? 'equals' : operator} must be numeric`);
  const text = tokens.text();
  if (isLowerOperator(operator)) return parseUpperBound(tokens, operator, text);
  if (tokens.next() !== ']') refuseMore(tokens);
  const number = comparable(tokens, text);
  return operator === '=' ? equal(number) : numberBetween(undefined, { operator, number });
}

function parseUpperBound(tokens: PatternTokens, operator: LowerOperator, lowerText: string): ValueMatch {
  const token = tokens.next();
  if (token === ']') return numberBetween({ operator, number: comparable(tokens, lowerText) });
  if (token !== 'string') tokens.refuse(`Bad value in numeric range: ${tokens.text()}`);
  const upperOperator = tokens.text();
  if (!isUpperOperator(upperOperator)) tokens.refuse(`Bad numeric range operator: ${upperOperator}`);
  if (tokens.next() !== 'number') tokens.refuse(`Value of ${upperOperator} must be numeric`);
  const upperText = tokens.text();
  if (tokens.next() !== ']') tokens.refuse('Too many terms in numeric range expression');
  const lower = { operator, number: comparable(tokens, lowerText) };
  const upper: { operator: UpperOperator; number: number } = {
    operator: upperOperator,
    number: comparable(tokens, upperText),
  };
  if (lower.number >= upper.number) tokens.refuse('Bottom must be less than top');
  return numberBetween(lower, upper);
}

function comparable(tokens: PatternTokens, text: string): number {
  const number = comparableNumber(text);
  if (number === undefined) tokens.refuse(`Cannot compare number : ${text}`);
  return number;
}

function refuseMore(tokens: PatternTokens): never {
  tokens.refuse('Too many elements in numeric expression');
}
