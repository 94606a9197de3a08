import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeForSqs } from '../../../../lib/core/message/raw-message.ts';
import { jsonTexts } from '../input/json-texts.ts';

/** Source: the XML 1.0 specification, Char, to which the SQS API reference refers. */
function isAccepted(codePoint: number): boolean {
  if (codePoint === 0x9 || codePoint === 0xa || codePoint === 0xd) return true;
  if (codePoint >= 0x20 && codePoint <= 0xd7ff) return true;
  return (codePoint >= 0xe000 && codePoint <= 0xfffd) || codePoint >= 0x10000;
}

const codePoints = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0) ?? -1);

test('exactly the code points that SQS refuses are escaped, as four hexadecimal digits each', () => {
  for (let codePoint = 0; codePoint <= 0x10ffff; codePoint += 1) {
    const character = String.fromCodePoint(codePoint);
    const escaped = `\\u${codePoint.toString(16).padStart(4, '0')}`;
    const expected = isAccepted(codePoint) ? character : escaped;
    if (escapeForSqs(character) !== expected) expect(escapeForSqs(character)).toBe(expected);
  }
  expect(escapeForSqs('\uffff')).toBe('\\uffff');
});

/** The strings of a JSON text and the text between them, in order. */
function partsOf(json: string): { readonly strings: readonly unknown[]; readonly between: readonly string[] } {
  const string = /"(?:[^"\\]|\\.)*"/gs;
  return { strings: (json.match(string) ?? []).map((each) => JSON.parse(each)), between: json.split(string) };
}

// The strings are parsed one by one: in Node 24.21 JSON.parse confuses an escaped key with an earlier key `\\`.
test('an escaped JSON text has the same value as before, and SQS accepts it', () => {
  fc.assert(
    fc.property(jsonTexts, (text) => {
      const escaped = escapeForSqs(text);
      expect(codePoints(escaped).every(isAccepted)).toBe(true);
      expect(partsOf(escaped)).toEqual(partsOf(text));
    }),
    { numRuns: 300 },
  );
});

test('a text that SQS accepts stays the same, byte for byte', () => {
  const accepted = fc
    .integer({ min: 0, max: 0x10ffff })
    .filter(isAccepted)
    .map((codePoint) => String.fromCodePoint(codePoint));
  fc.assert(
    fc.property(fc.string({ unit: accepted }), (text) => {
      expect(escapeForSqs(text)).toBe(text);
    }),
  );
});

test('an unpaired surrogate is escaped, and a whole surrogate pair is not', () => {
  expect(escapeForSqs('"\ud83d \ud83d\ude00 \ude00"')).toBe('"\\ud83d \ud83d\ude00 \\ude00"');
});
