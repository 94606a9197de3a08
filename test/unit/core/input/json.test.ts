import { expect, test } from 'vitest';
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
