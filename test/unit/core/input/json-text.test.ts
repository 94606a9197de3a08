import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../../lib/core/input/json.ts';
import { jsonText } from '../../../../lib/core/input/json-text.ts';

/** Deeper than the call stack of JSON.stringify. */
const depth = 20_000;

function nested(innermost: string): string {
  return `${'{"a":['.repeat(depth)}${innermost}${']}'.repeat(depth)}`;
}

describe('the JSON text of a value', () => {
  test('is printed for what JSON.stringify gives up on', () => {
    const text = nested('1.5,"x",null,true,{},[]');
    const value = JSON.parse(text) as JsonValue;
    expect(() => JSON.stringify(value)).toThrow(RangeError);
    expect(jsonText(value) === text).toBe(true);
  });

  test('is the same as that of JSON.stringify, however deep it lies', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const innermost = JSON.stringify(value);
        expect(jsonText(JSON.parse(nested(innermost)) as JsonValue) === nested(innermost)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});
