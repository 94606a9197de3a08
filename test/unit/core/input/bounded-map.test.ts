import { expect, test } from 'vitest';
import { BoundedMap } from '../../../../lib/core/input/bounded-map.ts';

test('a bounded map creates a value only once while it keeps that value', () => {
  const created: string[] = [];
  const map = new BoundedMap<string, number>(2);
  const create = (text: string) => {
    created.push(text);
    return text.length;
  };
  expect(['a', 'a', 'bb'].map((text) => map.getOrCreate(text, create))).toEqual([1, 1, 2]);
  expect(created).toEqual(['a', 'bb']);
});

test('a full bounded map drops its oldest entry, even one that was just used, and never grows', () => {
  const created: string[] = [];
  const map = new BoundedMap<string, string>(2);
  const create = (text: string) => {
    created.push(text);
    return text;
  };
  for (const text of ['a', 'b', 'a', 'c', 'b', 'a']) map.getOrCreate(text, create);
  expect(created).toEqual(['a', 'b', 'c', 'a']);
  expect(map.size).toBe(2);
});

test('an entry that is set again counts as the newest entry of a bounded map', () => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  map.set('a', 3);
  map.set('c', 4);
  expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([3, undefined, 4, 2]);
});

test('a bounded map keeps entries that are in use, and drops them when they are no longer in use', () => {
  const inUse = new Set(['one', 'two', 'three']);
  const map = new BoundedMap<string, string>(2, (text) => inUse.has(text));
  const keys = () => [...map.values()];
  for (const text of ['one', 'two', 'three', 'four']) map.set(text, text);
  expect(keys()).toEqual(['one', 'two', 'three', 'four']);
  map.set('five', 'five');
  expect(keys()).toEqual(['one', 'two', 'three', 'five']);
  inUse.clear();
  map.set('six', 'six');
  expect(keys()).toEqual(['five', 'six']);
});

test('deleting an entry of a bounded map makes room for another one', () => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  map.delete('b');
  map.set('c', 3);
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3]);
});

test('a bounded map throws each time a value cannot be created, and stores nothing', () => {
  const map = new BoundedMap<string, string>(2);
  const fail = () => {
    throw new Error('no');
  };
  expect(() => map.getOrCreate('a', fail)).toThrow('no');
  expect(() => map.getOrCreate('a', fail)).toThrow('no');
  expect(map.size).toBe(0);
});
