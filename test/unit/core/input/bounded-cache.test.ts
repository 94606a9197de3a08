import { expect, test } from 'vitest';
import { BoundedCache } from '../../../../lib/core/input/bounded-cache.ts';

test('a value is derived once while it is cached', () => {
  const derived: string[] = [];
  const cache = new BoundedCache(2, (text) => {
    derived.push(text);
    return text.length;
  });
  expect([cache.get('a'), cache.get('a'), cache.get('bb')]).toEqual([1, 1, 2]);
  expect(derived).toEqual(['a', 'bb']);
});

test('a full cache drops its oldest entry and never grows', () => {
  const derived: string[] = [];
  const cache = new BoundedCache(2, (text) => {
    derived.push(text);
    return text;
  });
  for (const text of ['a', 'b', 'c', 'b', 'a']) cache.get(text);
  expect(derived).toEqual(['a', 'b', 'c', 'a']);
  expect(cache.size).toBe(2);
});

test('a text that cannot be derived fails each time and takes no room in the cache', () => {
  const cache = new BoundedCache<string>(2, () => {
    throw new Error('no');
  });
  expect(() => cache.get('a')).toThrow('no');
  expect(() => cache.get('a')).toThrow('no');
  expect(cache.size).toBe(0);
});
