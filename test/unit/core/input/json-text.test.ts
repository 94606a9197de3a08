import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../../lib/core/input/json.ts';
import { jsonText } from '../../../../lib/core/input/json-text.ts';

/** A nesting that is too deep for JSON.stringify. */
const depth = 20_000;

function nested(innermost: string): string {
  return `${'{"a":['.repeat(depth)}${innermost}${']}'.repeat(depth)}`;
}

describe('the JSON text of a value', () => {
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
});
