import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ServiceError } from '../../../../../lib/core/failure/service-error.ts';
import { compileEventPattern } from '../../../../../lib/local/bus/pattern/event-pattern.ts';
import { refusalOf, refusedTest, unmarked } from './event-pattern-refused.ts';

const anyValue = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
const notAllowed = (name: string) => `enable \`JsonReadFeature.${name}\` to allow`;
const inNumber = (character: string) =>
  `Unexpected character ('${character}' (code ${character.charCodeAt(0)})) in numeric value`;

/** In each text, `▲` marks the position that the error names. It is not part of the JSON. */
test.each([
  ['hello▲ there', `Unrecognized token 'hello': was expecting ${anyValue}`],
  ['{"a": oops▲"', `Unrecognized token 'oops': was expecting ${anyValue}`],
  ['{"a": [truest▲]}', `Unrecognized token 'truest': was expecting ${anyValue}`],
  ['{"a": [nul▲]}', `Unrecognized token 'nul': was expecting ${anyValue}`],
  ["{▲'a': [1]}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name"],
  ['{"a": [▲\'x\']}', `Unexpected character (''' (code 39)): expected a valid value ${anyValue}`],
  ['{"a": [▲.5]}', `Unexpected character ('.' (code 46)): expected a valid value ${anyValue}`],
  ['{"a": [1, ▲]}', `Unexpected character (']' (code 93)): expected a valid value ${anyValue}`],
  ['{"a": ▲}', "Unexpected character ('}' (code 125)): expected a value"],
  ['{"a": [1], ▲}', "Unexpected character ('}' (code 125)): was expecting double-quote to start field name"],
  ['{"a" ▲[1]}', "Unexpected character ('[' (code 91)): was expecting a colon to separate field name and value"],
  ['{"a": [1 ▲2]}', "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries"],
  ['{"a": [1] ▲"b": [2]}', "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries"],
  [
    '{▲/* no */"a": [1]}',
    "Unexpected character ('/' (code 47)): maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)",
  ],
  ['7▲up', "Unexpected character ('u' (code 117)): Expected space separating root-level values"],
  ['▲→', `Unexpected character ('→' (code 8594 / 0x2192)): expected a valid value ${anyValue}`],
  ['{"a": [NaN▲]}', `Non-standard token 'NaN': ${notAllowed('ALLOW_NON_NUMERIC_NUMBERS')}`],
  ['{"a": [-Infinity▲]}', `Non-standard token '-Infinity': ${notAllowed('ALLOW_NON_NUMERIC_NUMBERS')}`],
  [
    '{"a": [+▲5]}',
    `${inNumber('+')}: JSON spec does not allow numbers to have plus signs: ${notAllowed('ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS')}`,
  ],
  ['{"a": [0▲7]}', 'Invalid numeric value: Leading zeroes not allowed'],
  ['{"a": [-▲x]}', `${inNumber('x')}: expected digit (0-9) to follow minus sign, for valid numeric value`],
  ['{"a": [1▲.x]}', `${inNumber('x')}: Decimal point not followed by a digit`],
  ['{"a": [1▲ex]}', `${inNumber('x')}: Exponent indicator not followed by a digit`],
  ['{"a": [1e▲', 'Unexpected end-of-inputexpected a digit for number exponent'],
  ['{"a": ["x▲', 'Unexpected end-of-input: was expecting closing quote for a string value'],
  ['{"a▲', 'Unexpected end-of-input in field name'],
  ['{"a": ["\\▲', 'Unexpected end-of-input in character escape sequence'],
  ['{"a": ["\\▲x"]}', "Unrecognized character escape 'x' (code 120)"],
  ['{"a": ["\\u00▲xy"]}', "Unexpected character ('x' (code 120)): expected a hex-digit for character escape sequence"],
  [
    '{"a": ["x▲\n"]}',
    'Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in string value',
  ],
  [
    '{"a▲\n": [1]}',
    'Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in name',
  ],
  ['{"a"▲', 'Unexpected end-of-input within/between Object entries'],
  ['{"a": [1],▲', 'Unexpected end-of-input within/between Object entries'],
  ['{"a":\r\n[1],\n\r "b": 3▲}', '"b" must be an object or an array'],
])('the invalid JSON %j is refused at the position of the mark ▲', (marked, reason) => {
  const { pattern, place } = unmarked(marked.replace('\r\n', '\n').replace('\n\r', '\n\n'));
  expect(refusalOf(pattern)?.message).toBe(`Event pattern is not valid. Reason: ${reason}\n at ${place}`);
});

test('the error for an unclosed bracket names the position of that bracket', () => {
  expect(refusalOf('{"a": [1')?.message).toBe(
    'Event pattern is not valid. Reason: Unexpected end-of-input: expected close marker for Array (start marker at [Source: (String)"{"a": [1"; line: 1, column: 7])\n at [Source: (String)"{"a": [1"; line: 1, column: 9]',
  );
  expect(refusalOf('{"a": [1}')?.message).toBe(
    'Event pattern is not valid. Reason: Unexpected close marker \'}\': expected \']\' (for Array starting at [Source: (String)"{"a": [1}"; line: 1, column: 7])\n at [Source: (String)"{"a": [1}"; line: 1, column: 9]',
  );
});

test('line numbers in errors count every kind of line end', () => {
  expect(refusalOf('{\r\n\r\n\n"b": 3}')?.message).toContain('line: 4, column: 7]');
});

test('escapes in names and values are decoded', () => {
  const matches = compileEventPattern('{"\\u0061\\n": ["\\"\\\\\\/\\b\\f\\r\\t\\ud83d\\ude80"]}');
  expect(matches({ 'a\n': '"\\/\b\f\r\t🚀' })).toBe(true);
});

test('any text is accepted as a pattern or refused with an InvalidEventPatternException', () => {
  const alphabet = fc.constantFrom(
    ...'{}[]":,\\ \n0-.eE+tfn"a*$or'.split(''),
    '"$or"',
    '"a"',
    '{"prefix":',
    '{"numeric":[">",',
    '\u0001',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(alphabet).map((parts) => parts.join('')),
    fc.json(),
    fc.array(alphabet, { maxLength: 12 }).map((parts) => `{"a":[${parts.join('')}]}`),
  );
  fc.assert(
    fc.property(text, (pattern) => {
      const refusal = refusalOf(pattern);
      expect([undefined, 'InvalidEventPatternException']).toContain(refusal?.code);
    }),
    { numRuns: 3_000 },
  );
});

test('every accepted pattern is valid JSON up to its closing brace', () => {
  const text = fc.array(
    fc.constantFrom('{"a":', '[1]', '["x"]', '}', ',"b":', '[{"exists":', 'true}]', 'false}]', ' '),
  );
  fc.assert(
    fc.property(text, (parts) => {
      const pattern = `{"c":[1],"a":${parts.join('')}`;
      fc.pre(refusalOf(pattern) === undefined);
      const ends = [...pattern.matchAll(/\}/g)].map(({ index }) => pattern.slice(0, index + 1));
      expect(ends.some(isJson)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const event = {
  id: '1',
  account: '123456789012',
  source: 'shop',
  time: '2026-01-01T00:00:00Z',
  region: 'r',
  'detail-type': 't',
};

test('TestEventPattern tells whether the event matches', () => {
  expect(refusedTest('{"source": ["shop"]}', JSON.stringify(event))).toBe(true);
  expect(refusedTest('{"source": ["cart"]}', JSON.stringify(event))).toBe(false);
});

test.each(['no JSON', '["an array"]', '"a string"', 'null', '{}', JSON.stringify({ ...event, id: undefined })])(
  'TestEventPattern refuses the event %s',
  (text) => {
    expect(refusedTest('{"source": ["shop"]}', text)).toEqual(
      new ServiceError('ValidationException', 'Parameter Event is not valid.'),
    );
  },
);
