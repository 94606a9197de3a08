import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memberText } from '../../../../lib/core/input/member-text.ts';
import { keys, objectTexts } from '../input/json-texts.ts';

describe('any JSON object, however it is printed', () => {
  // JSON.parse cannot be the reference here: in Node 24.21 it confuses any escaped key with an earlier key `\\`.
  test('the text of each member of any JSON object is found', () => {
    fc.assert(
      fc.property(objectTexts, keys, ({ text, members }, key) => {
        expect(memberText(text, key)).toBe(new Map(members).get(key));
      }),
      { numRuns: 400 },
    );
  });
});

describe('the text of a member', () => {
  test.each([
    ['numbers beyond 2^53 and trailing zeros', '{"event": {"n": 9007199254740993, "f": 1.0}}'],
    ['the order of keys that are numbers', '{"event": {"2":0,"1":0}}'],
    ['equal keys within it', '{"event": {"a":1,"a":2}}'],
    ['escapes', '{"event": {"a":"\\u0041\\/"}}'],
    ['brackets and quotes in strings', '{"event": {"a":"}],\\"{[","b":"\\\\"}}'],
  ])('the text of a member keeps %s', (_what, text) => {
    expect(memberText(text, 'event')).toBe(text.slice('{"event": '.length, -1));
  });

  test('a member is found when its key is written with escapes', () => {
    expect(memberText('{"\\u0065vent":1}', 'event')).toBe('1');
  });

  test('the text of a member is not taken from a nested member or from a string that looks like it', () => {
    expect(memberText('{"a":{"event":1},"b":["event",2],"c":"\\"event\\":3"}', 'event')).toBeUndefined();
  });

  test('the text of a member does not include the white space around it', () => {
    expect(memberText(' \r\n\t{ "event" \n:\t 7 \r}  ', 'event')).toBe('7');
  });

  test('the text of a member is cut in linear time from a text of many megabytes', () => {
    const count = 1_000_000;
    const hostile = [
      `${'['.repeat(count)}${']'.repeat(count)}`,
      `"${'\\\\'.repeat(count)}"`,
      `{${Array.from({ length: 200_000 }, (_, index) => `"k${index}":[{}]`).join(',')}}`,
      `"${'x'.repeat(count)}"`,
      `[${' '.repeat(count)}]`,
    ];
    for (const text of hostile) {
      expect(memberText(`{"before":${text},"event":${text},"after":0}`, 'event')).toBe(text);
    }
    const many = Array.from({ length: 200_000 }, (_, index) => `"event":${index}`).join(',');
    expect(memberText(`{${many}}`, 'event')).toBe('199999');
  });
});
