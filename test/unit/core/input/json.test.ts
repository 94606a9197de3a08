import { expect, test } from 'vitest';
import { parseJson, parseJsonBytes } from '../../../../lib/core/input/json.ts';

test('a text that is not JSON has no value, and null is a value', () => {
  expect(['{"a":[1]}', 'null', '', '{', 'null x'].map(parseJson)).toEqual([
    { a: [1] },
    null,
    ...Array(3).fill(undefined),
  ]);
});

test('JSON in bytes that are not UTF-8 has no value', () => {
  expect(parseJsonBytes(new TextEncoder().encode('"ü"'))).toBe('ü');
  expect(parseJsonBytes(Uint8Array.of(0x22, 0xfc, 0x22))).toBeUndefined();
  expect(parseJsonBytes(new Uint8Array())).toBeUndefined();
});
