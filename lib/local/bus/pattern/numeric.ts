import type { ValueMatch } from './match.ts';
import { equal, test } from './match.ts';
import type { PatternTokens } from './tokens.ts';

/**
 * Converts a number that the service can compare by value. The digits of such a number are the same after a conversion to a
 * double (binary64) and back.
 *
 * @param text a JSON number
 * @returns undefined when the service would refuse the comparison
 */
export function comparableNumber(text: string): number | undefined {
  const number = Number(text);
  if (!Number.isFinite(number)) return undefined;
  return decimal(text) === decimal(String(number)) ? number : undefined;
}

/** Normalises a decimal number to its digits, without leading and trailing zeroes, and an exponent. */
function decimal(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  if (end === 0) return '0';
  return `${sign}${digits.slice(0, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}

/**
 * Matches a number in a field's list. Numbers that are too long to compare by value are compared as JavaScript numbers.
 */
export function equalNumber(text: string): ValueMatch {
  return equal(comparableNumber(text) ?? Number(text));
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
  return test((value) => typeof value === 'number' && isAbove(value, lower) && isBelow(value, upper));
}

function isAbove(value: number, bound: Bound<LowerOperator> | undefined): boolean {
  if (bound === undefined) return true;
  return bound.operator === '>' ? value > bound.number : value >= bound.number;
}

function isBelow(value: number, bound: Bound<UpperOperator> | undefined): boolean {
  if (bound === undefined) return true;
  return bound.operator === '<' ? value < bound.number : value <= bound.number;
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
