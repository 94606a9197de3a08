import type { ValueMatch } from './event-pattern-match.ts';
import { equal, test } from './event-pattern-match.ts';

/**
 * A number that the service compares by value: one that a binary64 holds without loss, as `Double` of Java prints it.
 *
 * @param text a JSON number
 * @returns undefined when the service would refuse to compare it
 */
export function comparableNumber(text: string): number | undefined {
  const number = Number(text);
  if (!Number.isFinite(number)) return undefined;
  return decimal(text) === decimal(String(number)) ? number : undefined;
}

/** A decimal number in one form: digits without zeroes at either end, and an exponent. */
function decimal(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  if (end === 0) return '0';
  return `${sign}${digits.slice(0, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}

/** A number in a field's list. Those too long to compare by value are equal to what JavaScript reads as the same. */
export function equalNumber(text: string): ValueMatch {
  return equal(comparableNumber(text) ?? Number(text));
}

export type LowerOperator = '>' | '>=';
export type UpperOperator = '<' | '<=';

export function isLowerOperator(operator: string): operator is LowerOperator {
  return operator === '>' || operator === '>=';
}

export function isUpperOperator(operator: string): operator is UpperOperator {
  return operator === '<' || operator === '<=';
}

interface Bound<Operator> {
  readonly operator: Operator;
  readonly number: number;
}

/** Numbers between two bounds; strings that look like numbers are none. */
export function numberBetween(lower?: Bound<LowerOperator>, upper?: Bound<UpperOperator>): ValueMatch {
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
