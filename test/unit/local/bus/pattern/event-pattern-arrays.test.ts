import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../../../lib/core/input/json.ts';
import { isJsonObject } from '../../../../../lib/core/input/json.ts';
import { compileEventPattern } from '../../../../../lib/local/bus/pattern/event-pattern.ts';

const crew = {
  crew: [
    {
      first: 'Ada',
      last: 'Byron',
      langs: [
        { name: 'en', level: 1 },
        { name: 'fr', level: 3 },
      ],
    },
    {
      first: 'Kurt',
      last: 'Gödel',
      langs: [
        { name: 'de', level: 1 },
        { name: 'en', level: 3 },
      ],
    },
  ],
};

function matches(pattern: JsonValue, event: JsonObject): boolean {
  return compileEventPattern(JSON.stringify(pattern))(event);
}

describe('fields within elements of an array', () => {
  test('a field within the elements of an array matches in any of them', () => {
    expect(matches({ crew: { first: ['Kurt'] } }, crew)).toBe(true);
    expect(matches({ crew: { langs: { name: ['fr'] } } }, crew)).toBe(true);
    expect(matches({ crew: { first: ['Emmy'] } }, crew)).toBe(false);
  });

  test('two fields within the elements of an array must match in the same element', () => {
    expect(matches({ crew: { first: ['Ada'], last: ['Byron'] } }, crew)).toBe(true);
    expect(matches({ crew: { first: ['Ada'], last: ['Gödel'] } }, crew)).toBe(false);
  });

  test('two fields within nested arrays must match in the same element of each array', () => {
    expect(matches({ crew: { langs: { name: ['en'], level: [3] } } }, crew)).toBe(true);
    expect(matches({ crew: { first: ['Ada'], langs: { name: ['en'], level: [3] } } }, crew)).toBe(false);
    expect(matches({ crew: { first: ['Kurt'], langs: { name: ['de'], level: [3] } } }, crew)).toBe(false);
  });

  test('fields in separate arrays may match in elements at different positions', () => {
    const event = { a: [{ x: 1 }, { x: 2 }], b: [{ y: 1 }, { y: 2 }] };
    expect(matches({ a: { x: [2] }, b: { y: [1] } }, event)).toBe(true);
  });

  test('fields are found in arrays of arrays', () => {
    const event = { a: [[{ x: 1, y: 2 }], [[{ x: 3 }], { y: 4 }]] };
    expect(matches({ a: { x: [1], y: [2] } }, event)).toBe(true);
    expect(matches({ a: { x: [3], y: [4] } }, event)).toBe(false);
    expect(matches({ a: { x: [3], y: [2] } }, event)).toBe(false);
  });
});

test('a pattern can match a plain element and an object of the same list', () => {
  const event = { a: ['x', 'y', { b: 1 }], c: 'z' };
  expect(matches({ a: ['y'], 'a.b': [1], c: ['z'] }, event)).toBe(true);
});

test('a field counts as absent if it is missing in the array element that an earlier field has matched', () => {
  const event = { a: [{ k: 1 }, { k: 2, z: 3, b: 4 }] };
  expect(matches({ a: { k: [1], z: [{ exists: false }] } }, event)).toBe(true);
  expect(matches({ a: { k: [2], z: [{ exists: false }] } }, event)).toBe(false);
  expect(matches({ a: { b: [{ exists: false }], k: [1] } }, event)).toBe(false);
});

test('a pattern with absent fields is tried in every combination of array elements', () => {
  const event = {
    a: [
      { k: 1, z: 'no' },
      { k: 1, z: 'yes' },
    ],
  };
  expect(matches({ a: { k: [1], z: [{ exists: false }, 'yes'] } }, event)).toBe(true);
  expect(matches({ a: { k: [1], z: [{ exists: false }, 'maybe'] } }, event)).toBe(false);
});

test('arrays beyond the nesting limit of EventBridge are ignored without an error', () => {
  let nested: JsonValue = { b: 1 };
  for (let depth = 0; depth < 100_000; depth += 1) nested = [nested];
  expect(matches({ a: { b: [1] }, c: [2] }, { a: nested, c: 2 })).toBe(false);
  expect(matches({ c: [2] }, { a: nested, c: 2 })).toBe(true);
});

test('matching many array elements does not try every pair of them', () => {
  const a = Array.from({ length: 20_000 }, (_, index) => (index % 2 === 0 ? { b: 1, c: 0 } : { b: 0, c: 1 }));
  expect(matches({ a: { b: [1], c: [1] } }, { a })).toBe(false);
  expect(matches({ a: { b: [1], c: [1] } }, { a: [...a, { b: 1, c: 1 }] })).toBe(true);
});

test('a search that failed for one array element is not repeated for equivalent elements', () => {
  const many = Array.from({ length: 200 }, () => ({ x: 1 }));
  const apart = { k: 1, p: many, q: many, r: many, s: [{ u: 1 }, { v: 1 }] };
  const together = { ...apart, s: [{ u: 1, v: 1 }] };
  const pattern = { a: { k: [1], p: { x: [1] }, q: { x: [1] }, r: { x: [1] }, s: { u: [1], v: [1] } } };
  expect(matches(pattern, { a: [apart, together] })).toBe(true);
  expect(matches(pattern, { a: [together, apart] })).toBe(true);
  expect(matches(pattern, { a: [apart, apart] })).toBe(false);
});

test('an event whose match would take too many steps does not match', () => {
  const keys = Array.from({ length: 17 }, (_, index) => `k${index}`);
  const list = keys.map((key) => ({ [key]: 1 }));
  const event = spelled(['a', 'b', 'c', 'd', 'e'], list);
  const pattern = { 'a.b.c.d.e': Object.fromEntries(keys.map((key) => [key, [1]])) };
  expect(matches(pattern, event)).toBe(false);
  const { k0, ...others } = pattern['a.b.c.d.e'];
  expect(k0).toEqual([1]);
  expect(matches({ 'a.b.c.d.e': others }, event)).toBe(true);
});

/** The nested value in every spelling. In each spelling, other names of the path are joined by dots. */
function spelled(path: readonly string[], value: JsonValue): JsonObject {
  const ways = path.map((_, index): [string, JsonValue] => {
    const rest = path.slice(index + 1);
    return [path.slice(0, index + 1).join('.'), rest.length === 0 ? value : spelled(rest, value)];
  });
  return Object.fromEntries(ways);
}

/** Every way to reduce the event to one element of each array that holds objects or lists. */
function choices(value: JsonValue): readonly JsonValue[] {
  if (Array.isArray(value)) {
    const plain = value.filter((element) => typeof element !== 'object' || element === null);
    const chosen = value.filter((element) => typeof element === 'object' && element !== null).flatMap(choices);
    return chosen.length === 0 ? [plain] : chosen.map((element) => [...plain, element]);
  }
  if (!isJsonObject(value)) return [value];
  let objects: readonly JsonObject[] = [{}];
  for (const [name, member] of Object.entries(value)) {
    objects = objects.flatMap((object) => choices(member).map((chosen) => ({ ...object, [name]: chosen })));
  }
  return objects;
}

test('an event matches exactly when it matches with one chosen element in place of each array', () => {
  const names = fc.constantFrom('a', 'b', 'c');
  const leaf = fc.constantFrom('x', 'y');
  const { event } = fc.letrec<{ event: JsonValue; member: JsonValue }>((tie) => ({
    event: fc.dictionary(names, tie('member'), { minKeys: 1, maxKeys: 3 }),
    member: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('member'), { maxLength: 2 }), tie('event')),
  }));
  const fields = fc.constantFrom<JsonValue>(['x'], ['y'], [{ prefix: 'x' }], [{ exists: true }]);
  const inner = fc.dictionary(names, fields, { minKeys: 1, maxKeys: 3 });
  const pattern = fc.dictionary(names, fc.oneof(fields, inner), { minKeys: 1, maxKeys: 2 });
  fc.assert(
    fc.property(pattern, event, (asked, given) => {
      fc.pre(isJsonObject(given) && choices(given).length < 200);
      if (!isJsonObject(given)) return;
      const expected = choices(given).some((chosen) => isJsonObject(chosen) && matches(asked, chosen));
      expect(matches(asked, given)).toBe(expected);
    }),
    { numRuns: 500 },
  );
});
