import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonText } from '../../../../lib/core/input/json-text.ts';
import type { JsonValue } from '../../../../lib/core/input/json.ts';
import { parseJson, parseJsonBytes } from '../../../../lib/core/input/json.ts';

test('parsing a text that is not JSON gives undefined, and parsing null gives null', () => {
  expect(['{"a":[1]}', 'null', '', '{', 'null x'].map(parseJson)).toEqual([
    { a: [1] },
    null,
    ...Array(3).fill(undefined),
  ]);
});

test('parsing bytes that are not UTF-8 gives undefined', () => {
  expect(parseJsonBytes(new TextEncoder().encode('"ü"'))).toBe('ü');
  expect(parseJsonBytes(Uint8Array.of(0x22, 0xfc, 0x22))).toBeUndefined();
  expect(parseJsonBytes(new Uint8Array())).toBeUndefined();
});

/** A nesting that is too deep for JSON.stringify. */
const depth = 20_000;

function nested(innermost: string): string {
  return `${'{"a":['.repeat(depth)}${innermost}${']}'.repeat(depth)}`;
}

test('a value that is too deep for JSON.stringify still has a JSON text', () => {
  const text = nested('1.5,"x",null,true,{},[]');
  const value = JSON.parse(text) as JsonValue;
  expect(() => JSON.stringify(value)).toThrow(RangeError);
  expect(jsonText(value) === text).toBe(true);
});

test('the JSON text of a value equals that of JSON.stringify, at every depth', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { minLength: 5 }), (values) => {
      const innermost = values.map((value) => JSON.stringify(value)).join(',');
      expect(jsonText(JSON.parse(nested(innermost)) as JsonValue) === nested(innermost)).toBe(true);
    }),
    { numRuns: 4 },
  );
});
