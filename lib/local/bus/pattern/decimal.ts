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
  return isSame(decimalOf(text), decimalOf(String(number))) ? number : undefined;
}

/** A number as its digits without zeroes at either end, times a power of ten; zero has no digits. */
interface Decimal {
  readonly sign: 1 | -1;
  readonly digits: string;
  readonly exponent: number;
}

/** @param text a JSON number */
export function decimalOf(text: string): Decimal {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  if (end === 0) return { sign: 1, digits: '', exponent: 0 };
  return {
    sign: sign === '' ? 1 : -1,
    digits: digits.slice(0, end),
    exponent: Number(exponent) - fraction.length + digits.length - end,
  };
}

function isSame(one: Decimal, other: Decimal): boolean {
  return one.sign === other.sign && one.exponent === other.exponent && one.digits === other.digits;
}

/** @returns a negative number when the first decimal is less, 0 when both are the same, a positive number otherwise */
function compareDecimals(one: Decimal, other: Decimal): number {
  const signs = signOf(one) - signOf(other);
  if (signs !== 0) return signs;
  const places = one.digits.length + one.exponent - (other.digits.length + other.exponent);
  if (places !== 0) return places * one.sign;
  if (one.digits === other.digits) return 0;
  return one.digits < other.digits ? -one.sign : one.sign;
}

function signOf({ sign, digits }: Decimal): number {
  return digits === '' ? 0 : sign;
}

/** A number of an event that JavaScript cannot hold. */
export class LongNumber {
  readonly #decimal: Decimal;
  /** The nearest number that JavaScript has. */
  readonly #nearest: number;

  /** @param text a JSON number */
  constructor(text: string) {
    this.#decimal = decimalOf(text);
    this.#nearest = Number(text);
  }

  equals(other: Decimal): boolean {
    return isSame(this.#decimal, other);
  }

  /** @returns a negative number when this one is less than the other, and a positive one when it is greater; never 0 */
  compareTo(other: number): number {
    if (this.#nearest !== other) return this.#nearest - other;
    return compareDecimals(this.#decimal, decimalOf(String(other)));
  }
}

/** The value of an event's number, for comparisons by value. */
export function numberOfEvent(text: string): number | LongNumber {
  return comparableNumber(text) ?? new LongNumber(text);
}
