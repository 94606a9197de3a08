import fc from 'fast-check';
import { expect } from 'vitest';
import { Failure } from '../../../lib/core/failure/failure.ts';
import type { JsonObject, JsonValue } from '../../../lib/core/input/json.ts';
import { ExactNumber, isJsonObject, ownMember } from '../../../lib/core/input/json.ts';
import { jsonText } from '../../../lib/core/input/json-text.ts';

/** A part of values that no failure may show. */
export const canary = 'c4n4ry';

/** Names with a special meaning in JavaScript, in a library, or in another program that reads the message. */
const keys = fc.oneof(
  { arbitrary: fc.constantFrom('__proto__', 'constructor', 'prototype'), weight: 4 },
  fc.constantFrom(
    'toString',
    'valueOf',
    'hasOwnProperty',
    'toJSON',
    'then',
    'length',
    '',
    '0',
    '-1',
    '$or',
    'v',
    'key',
  ),
  fc.string({ unit: 'binary', maxLength: 8 }),
);

const strangeTexts: readonly string[] = [
  ['', ' ', '\0', '\r\n', '*', '..', '/', '\\', '"', '%', '%2e', '$', '$.', '$[', '$.*', '$[*]', '<', '{{', '}}'],
  ['__proto__', 'constructor', '$.__proto__', '$.constructor.prototype', "$['__proto__']", '<__proto__>', '{{a}}'],
  ['\ud800', '\udfff', '\ufeff', '\u2028', 'é', '😀', 'x\r\ny: z', 'null', '[]', '{}', 'http://[::1', 'https://*/*'],
  ['9'.repeat(400), '-1', '1e999', '0x10', canary, canary.repeat(100), ' '.repeat(300), '='.repeat(300)],
].flat();

const hostileTexts = fc.oneof(fc.constantFrom(...strangeTexts), fc.string({ unit: 'binary', maxLength: 40 }));

const numbers = fc.oneof(
  fc.constantFrom(0, -0, -1, 1.5, 1e308, -1e308, 2 ** 31, 2 ** 53, Number.MAX_SAFE_INTEGER, 8.64e15 + 1, 5e-324),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** The nesting is far deeper than recursive code such as JSON.stringify can read. */
export const deepJson: readonly JsonValue[] = [
  JSON.parse(`${'['.repeat(40_000)}${']'.repeat(40_000)}`) as JsonValue,
  JSON.parse(`${'{"a":'.repeat(40_000)}0${'}'.repeat(40_000)}`) as JsonValue,
];

/** Any JSON value. As with JSON.parse, an object may have its own member `__proto__`. */
export const anyJson: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.oneof(hostileTexts, numbers, fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(keys, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value;

type Change = (value: JsonValue | undefined) => JsonValue | undefined;

/** Ways to change one place of a value. */
const changes: fc.Arbitrary<Change> = fc.oneof(
  {
    arbitrary: anyJson.map(
      (other): Change =>
        () =>
          other,
    ),
    weight: 6,
  },
  { arbitrary: fc.constant<Change>(() => undefined), weight: 2 },
  { arbitrary: fc.constant<Change>((value) => [value ?? null]), weight: 1 },
  {
    arbitrary: fc.tuple(keys, anyJson).map(
      ([key, added]): Change =>
        (value) =>
          isJsonObject(value) ? withMember(value, key, added) : added,
    ),
    weight: 4,
  },
);

type Way = readonly string[];

/** The paths to every place within a value, including the value itself. */
function waysInto(value: JsonValue): readonly Way[] {
  if (typeof value !== 'object' || value === null) return [[]];
  return [[], ...Object.entries(value).flatMap(([name, part]) => waysInto(part).map((way) => [name, ...way]))];
}

/** One of the examples with up to three changes. */
export function nearly(examples: readonly JsonValue[]): fc.Arbitrary<JsonValue> {
  const changed = examples.map((example) =>
    fc
      .array(fc.tuple(fc.constantFrom(...waysInto(example)), changes), { maxLength: 3 })
      .map((made) => made.reduce<JsonValue>((value, [way, change]) => changedAt(value, way, change), example)),
  );
  return fc.oneof(...changed);
}

const extremes: readonly JsonValue[] = [
  [0, -1, 1.5, 1e308, 2 ** 31, Number.MAX_SAFE_INTEGER, 8.64e15 + 1, 2 ** 53, true, null, [], {}, [[]], [null], [{}]],
  ['', ' ', '\0', '\ud800', '$.__proto__', '<__proto__>', '9'.repeat(16), '9'.repeat(400), '*', '__proto__'],
  ['1970-01-01', 'x'.repeat(3000), 'http://[::1', 'a\r\nb', '"', '{', '[1', '-0', 'ÿ', '😀'],
  [JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}') as JsonValue],
].flat(1);

/** Checks the example with one change at a time: each place is removed, then replaced by each extreme value. */
export function assertEveryChange(
  example: JsonValue,
  check: (changed: JsonValue) => void,
  values: readonly (JsonValue | undefined)[] = [undefined, ...extremes],
): void {
  for (const way of waysInto(example)) {
    for (const extreme of values) {
      try {
        check(changedAt(example, way, () => extreme));
      } catch (cause) {
        throw new Error(`With ${jsonText(extreme ?? 'nothing').slice(0, 100)} at ${way.join('.')}`, { cause });
      }
    }
  }
}

/** A text similar to one of the examples: cut, or with another text inserted. */
export function nearlyText(examples: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    hostileTexts,
    fc
      .tuple(fc.constantFrom(...examples), fc.nat(), fc.nat({ max: 20 }), hostileTexts, fc.boolean())
      .map(([text, at, length, put, isCut]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + put + (isCut ? '' : text.slice(place + (length % (text.length + 1))));
      }),
  );
}

/** JSON text of values similar to the examples, at any depth, and texts that are almost JSON. */
export function nearlyJsonText(examples: readonly JsonValue[]): fc.Arbitrary<string> {
  const texts = nearly(examples).map(jsonText);
  return fc.oneof({ arbitrary: texts, weight: 4 }, nearlyText(examples.map((example) => JSON.stringify(example))));
}

function withMember(object: JsonObject, key: string, value: JsonValue | undefined): JsonObject {
  const others = Object.entries(object).filter(([name]) => name !== key);
  return Object.fromEntries(value === undefined ? others : [...others, [key, value]]);
}

/** If an earlier change removed a part of the path, this changes the last place that still exists. */
function changedAt(value: JsonValue, way: Way, change: Change): JsonValue {
  const [name, ...further] = way;
  if (name === undefined || typeof value !== 'object' || value === null) return change(value) ?? null;
  if (isJsonObject(value)) {
    const member = ownMember(value, name) ?? null;
    return withMember(value, name, further.length === 0 ? change(member) : changedAt(member, further, change));
  }
  if (value instanceof ExactNumber) return value;
  return value.map((member, index) => (String(index) === name ? changedAt(member, further, change) : member));
}

const before = [Object, Array, Function, String, Number, Map].map(({ prototype }) => [
  prototype,
  JSON.stringify(Object.getOwnPropertyNames(prototype)),
]);

/** Checks that no shared prototype got a new member. */
function expectCleanPrototypes(): void {
  for (const [prototype, names] of before) {
    expect(JSON.stringify(Object.getOwnPropertyNames(prototype as object))).toBe(names);
  }
  expect(Object.getPrototypeOf({})).toBe(Object.prototype);
}

type ErrorClass = abstract new (...parameters: never[]) => Error;

/**
 * Runs a parser. It may return any result, and may throw only the given errors. A Failure must not show any value.
 *
 * @returns undefined when the parser refused the input
 */
export function parsed<Result>(parse: () => Result, refusals: readonly ErrorClass[] = [Failure]): Result | undefined {
  try {
    return parse();
  } catch (error) {
    if (!refusals.some((refusal) => error instanceof refusal)) throw error;
    if (error instanceof Failure) {
      expect(error.message).not.toContain(canary);
      expect(error.message.length).toBeLessThan(2000);
    }
    return undefined;
  } finally {
    expectCleanPrototypes();
  }
}
