import { LongNumber, comparableNumber, decimalOf } from './decimal.ts';
import type { ValueMatch } from './match.ts';
import { equal, test } from './match.ts';
import type { PatternTokens } from './tokens.ts';

/** Matches a number in a field's list by its value, also a number that JavaScript cannot hold. */
export function equalNumber(text: string): ValueMatch {
  const number = comparableNumber(text);
  if (number !== undefined) return equal(number);
  const decimal = decimalOf(text);
  return test((value) => value instanceof LongNumber && value.equals(decimal));
}

export type LowerOperator = '>' | '>=';
export type UpperOperator = '<' | '<=';

function isLowerOperator(operator: string): operator is LowerOperator {
  return operator === '>' || operator === '>=';
}

function isUpperOperator(operator: string): operator is UpperOperator {
  return operator === '<' || operator === '<=';
}

interface Bound<Operator> {
  readonly operator: Operator;
  readonly number: number;
}

/** Matches numbers between two bounds, but never strings that look like numbers. */
function numberBetween(lower?: Bound<LowerOperator>, upper?: Bound<UpperOperator>): ValueMatch {
  return test((value) => {
    if (typeof value !== 'number' && !(value instanceof LongNumber)) return false;
    return isAbove(value, lower) && isBelow(value, upper);
  });
}

function isAbove(value: number | LongNumber, bound: Bound<LowerOperator> | undefined): boolean {
  if (bound === undefined) return true;
  const difference = compared(value, bound.number);
  return bound.operator === '>' ? difference > 0 : difference >= 0;
}

function isBelow(value: number | LongNumber, bound: Bound<UpperOperator> | undefined): boolean {
  if (bound === undefined) return true;
  const difference = compared(value, bound.number);
  return bound.operator === '<' ? difference < 0 : difference <= 0;
}

/** @returns a negative number when the value is less than the bound, 0 when both are equal, a positive number otherwise */
function compared(value: number | LongNumber, bound: number): number {
  return typeof value === 'number' ? value - bound : value.compareTo(bound);
}

/** Parses the rest of a `numeric` object, after its name. */
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
