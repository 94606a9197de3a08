import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exactEvent, parseJsonExactly } from '../../../../lib/core/input/exact-json.ts';
import { jsonText } from '../../../../lib/core/input/json-text.ts';
import { ExactNumber, parseJson } from '../../../../lib/core/input/json.ts';
import { objectTexts } from './json-texts.ts';

const digits = fc.string({ unit: fc.constantFrom(...Array.from('00000123456789')), minLength: 1, maxLength: 22 });
const wholes = fc.oneof(
  fc.constant('0'),
  digits.map((text) => `1${text}`),
);
const fractions = fc.oneof(
  fc.constant(''),
  digits.map((text) => `.${text}`),
);
const exponents = fc.oneof(
  fc.constant(''),
  fc.tuple(fc.constantFrom('e', 'E', 'e+', 'E-'), fc.nat(500)).map((parts) => parts.join('')),
);
/** Every form of a JSON number. */
const numbers = fc.tuple(fc.constantFrom('', '-'), wholes, fractions, exponents).map((parts) => parts.join(''));

test('every number is printed with its own digits', () => {
  fc.assert(
    fc.property(numbers, fc.constantFrom('', ' ', '\n\t'), (number, space) => {
      expect(jsonText(parseJsonExactly(`${space}${number}`) ?? null)).toBe(number);
      const text = `{"a":${space}${number},"b":[${space}${number}${space},${number}]}`;
      expect(jsonText(parseJsonExactly(text) ?? null)).toBe(`{"a":${number},"b":[${number},${number}]}`);
    }),
    { numRuns: 2000 },
  );
});

test('a number is a plain number if JavaScript prints it with the same digits', () => {
  const value = parseJsonExactly('[1.0, 1, -7.25, 0.000001, 123456789012345, 1e2, 0.10, -0]');
  expect(value).toEqual([
    new ExactNumber('1.0'),
    1,
    -7.25,
    0.000001,
    123456789012345,
    new ExactNumber('1e2'),
    new ExactNumber('0.10'),
    new ExactNumber('-0'),
  ]);
});

// Not compared with JSON.parse itself: in Node 24.21 it confuses any escaped key with an earlier key `\\`.
test('apart from its numbers, any JSON object is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(objectTexts, ({ text }) => {
      const escapedKey = /"(?:[^"\\]|\\.)*\\(?:[^"\\]|\\.)*"\s*:/;
      fc.pre(!escapedKey.test(text));
      const exact = jsonText(parseJsonExactly(`[1.0,${text}]`) ?? null);
      expect(parseJson(exact)).toEqual(parseJson(`[1,${text}]`));
    }),
    { numRuns: 400 },
  );
});

test('a member named __proto__ is read like any other member, even in an object with a number that JavaScript would change', () => {
  const text = '{"__proto__":{"a":1.0},"constructor":2}';
  expect(jsonText(parseJsonExactly(text) ?? null)).toBe(text);
  expect(Object.hasOwn({}, 'a')).toBe(false);
});

test('of two equal keys the later one counts, even when both hold numbers that JavaScript would print with other digits', () => {
  expect(jsonText(parseJsonExactly('{"a":1.0,"b":2.0,"a":3.0}') ?? null)).toBe('{"a":3.0,"b":2.0}');
});

test.each(['', '{"a":1.0', '{"a":01.0}', '{"a":1.}', '[1.0,]', 'NaN'])(
  '%j is not JSON and has no exact value',
  (text) => {
    expect(parseJsonExactly(text)).toBeUndefined();
  },
);

test('a number keeps its digits in a value that is nested more deeply than JSON.stringify goes', () => {
  const depth = 20_000;
  const text = `${'['.repeat(depth)}19.90${']'.repeat(depth)}`;
  expect(jsonText(parseJsonExactly(text) ?? null)).toBe(text);
});

test('an event keeps its value when its text is not known, or when JavaScript prints its numbers with the same digits', () => {
  const value = { price: 19.9 };
  expect(exactEvent({ value })).toBe(value);
  expect(exactEvent({ value, text: '{"price":19.9, "at":"2026-03-04T10:30:00.000Z","note":"19.90 and 1E400"}' })).toBe(
    value,
  );
});

test('the exact value of an event is computed only once', () => {
  const event = { value: { price: 19.9 }, text: '{"price":19.90}' };
  expect(exactEvent(event)).toEqual({ price: new ExactNumber('19.90') });
  expect(exactEvent(event)).toBe(exactEvent(event));
});
