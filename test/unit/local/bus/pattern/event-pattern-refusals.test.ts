import { describe, expect, test } from 'vitest';
import { refusalOf, unmarked } from './event-pattern-refused.ts';

const notString = (operator: string) => `${operator} match pattern must be a string`;
const oneKey = 'Only one key allowed in match expression';
const notValue = 'Value of anything-but must be an array or single string/number value.';
const affixNotString = 'prefix/suffix match pattern must be a string';
const ignoreCaseNotString = 'Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.';

/** In each pattern, `▲` marks the position that the error names, after the last character that the parser has read. */
const refusals: Readonly<Record<string, readonly (readonly [pattern: string, reason: string])[]>> = {
  structure: [
    ['[▲"a"]', 'Filter is not an object'],
    ['▲', 'Filter is not an object'],
    ['12▲', 'Filter is not an object'],
    ['{"count": 7▲}', '"count" must be an object or an array'],
    ['{"name": "▲Ada"}', '"name" must be an object or an array'],
    ['{"detail": {"gone": null▲}}', '"gone" must be an object or an array'],
    ['{"source": []▲}', 'Empty arrays are not allowed'],
    ['{}▲', 'Empty objects are not allowed'],
    ['{"detail": {}▲}', 'Empty objects are not allowed'],
    ['{"a": [[▲1]]}', 'Match value must be String, number, true, false, or null'],
    ['{"a": [{}▲]}', 'Match expression name not found'],
    ['{"a": [{"EXACT": [▲"x"]}]}', 'Unrecognized match type EXACT'],
    ['{"a": [{"Exists": false▲}]}', 'Unrecognized match type Exists'],
  ],
  'prefix and suffix': [
    ['{"a": [{"prefix": 9▲}]}', notString('prefix')],
    ['{"a": [{"prefix": [▲"x"]}]}', notString('prefix')],
    ['{"a": [{"suffix": null▲}]}', notString('suffix')],
    ['{"a": [{"suffix": [▲"x"]}]}', notString('suffix')],
    ['{"a": [{"prefix": "x", "suffix": "▲y"}]}', oneKey],
    ['{"a": [{"prefix": {}▲}]}', 'Prefix expression name not found'],
    ['{"a": [{"suffix": {}▲}]}', 'Suffix expression name not found'],
    ['{"a": [{"prefix": {"wildcard": "▲x"}}]}', 'Unsupported prefix pattern: wildcard'],
    ['{"a": [{"suffix": {"equals-ignore-case": 1▲}}]}', notString('equals-ignore-case')],
    ['{"a": [{"suffix": {"equals-ignore-case": "x", "y": 1▲}}]}', oneKey],
  ],
  'equals-ignore-case and exactly': [
    ['{"a": [{"equals-ignore-case": [▲"x"]}]}', notString('equals-ignore-case')],
    ['{"a": [{"equals-ignore-case": {▲"prefix": "x"}}]}', notString('equals-ignore-case')],
    ['{"a": [{"exactly": 1▲}]}', notString('exact')],
  ],
  wildcard: [
    ['{"a": [{"wildcard": 5▲}]}', notString('wildcard')],
    ['{"a": [{"wildcard": [▲"x*"]}]}', notString('wildcard')],
    ['{"a": [{"wildcard": "ab**"▲}]}', 'Consecutive wildcard characters at pos 3'],
    ['{"a": [{"wildcard": "é**"▲}]}', 'Consecutive wildcard characters at pos 3'],
    ['{"a": [{"wildcard": "a\\\\b"▲}]}', 'Invalid escape character at pos 2'],
    ['{"a": [{"wildcard": "a\\\\"▲}]}', 'Invalid escape character at pos 2'],
  ],
  numeric: [
    ['{"a": [{"numeric": 3▲}]}', 'Value of numeric must be an array.'],
    ['{"a": [{"numeric": []▲}]}', 'Invalid member in numeric match: ]'],
    ['{"a": [{"numeric": [1▲]}]}', 'Invalid member in numeric match: 1'],
    ['{"a": [{"numeric": ["!=", 1▲]}]}', 'Unrecognized numeric range operator: !='],
    ['{"a": [{"numeric": ["=", "▲1"]}]}', 'Value of equals must be numeric'],
    ['{"a": [{"numeric": [">=", null▲]}]}', 'Value of >= must be numeric'],
    ['{"a": [{"numeric": ["<"]▲}]}', 'Value of < must be numeric'],
    ['{"a": [{"numeric": [">", 0, "<"]▲}]}', 'Value of < must be numeric'],
    ['{"a": [{"numeric": [">", 0, 5▲]}]}', 'Bad value in numeric range: 5'],
    ['{"a": [{"numeric": [">=", 0, ">="▲, 5]}]}', 'Bad numeric range operator: >='],
    ['{"a": [{"numeric": ["<", 5, "▲>", 0]}]}', 'Too many elements in numeric expression'],
    ['{"a": [{"numeric": [">", 0, "<", 5, 6▲]}]}', 'Too many terms in numeric range expression'],
    ['{"a": [{"numeric": [">", 5, "<", 5]▲}]}', 'Bottom must be less than top'],
    ['{"a": [{"numeric": ["=", 1e999]▲}]}', 'Cannot compare number : 1e999'],
    ['{"a": [{"numeric": ["<", 9007199254740993]▲}]}', 'Cannot compare number : 9007199254740993'],
    ['{"a": [{"numeric": ["=", 1], "x": 2▲}]}', 'Too many elements in numeric expression'],
  ],
  exists: [
    ['{"a": [{"exists": 1▲}]}', 'exists match pattern must be either true or false.'],
    ['{"a": [{"exists": true, "x": 1▲}]}', oneKey],
  ],
  cidr: [['{"a": [{"cidr": [▲"10.0.0.0/8"]}]}', notString('prefix')]],
  'anything-but': [
    ['{"a": [{"anything-but": null▲}]}', notValue],
    ['{"a": [{"anything-but": true▲}]}', notValue],
    ['{"a": [{"anything-but": {}▲}]}', 'Anything-But expression name not found'],
    ['{"a": [{"anything-but": {"numeric": [▲"=", 3]}}]}', 'Unsupported anything-but pattern: numeric'],
    ['{"a": [{"anything-but": {"prefix": {▲"equals-ignore-case": "x"}}}]}', notValue],
    ['{"a": [{"anything-but": {"suffix": {▲"equals-ignore-case": "x"}}}]}', notValue],
    ['{"a": [{"anything-but": {"prefix": 1▲}}]}', affixNotString],
    ['{"a": [{"anything-but": {"suffix": 1▲}}]}', affixNotString],
    ['{"a": [{"anything-but": {"prefix": ""▲}}]}', 'Null prefix/suffix not allowed'],
    ['{"a": [{"anything-but": {"suffix": ""▲}}]}', 'Null prefix/suffix not allowed'],
    ['{"a": [{"anything-but": {"equals-ignore-case": 1▲}}]}', ignoreCaseNotString],
    ['{"a": [{"anything-but": {"wildcard": 1▲}}]}', notString('wildcard')],
    ['{"a": [{"anything-but": {"wildcard": "a**"▲}}]}', 'Consecutive wildcard characters at pos 2'],
    ['{"a": [{"anything-but": {"wildcard": ["b*", "a**"]▲}}]}', 'Consecutive wildcard characters at pos 2'],
    [
      '{"a": [{"anything-but": ["x", 1]▲}]}',
      'Inside anything but list, either all values are number or string, mixed type is not supported',
    ],
    [
      '{"a": [{"anything-but": []▲}]}',
      'Inside anything but list, either all values are number or string, mixed type is not supported',
    ],
    ['{"a": [{"anything-but": [1e999▲]}]}', 'Cannot compare number : 1e999'],
    ['{"a": [{"anything-but": "x", "prefix": "▲y"}]}', 'Too many elements in numeric expression'],
    ['{"a": [{"anything-but": {"prefix": "x"}, "y": 1▲}]}', 'Too many elements in numeric expression'],
  ],
  $or: [
    ['{"$or": {▲"a": [1]}}', 'It must be an Array followed with $or.'],
    ['{"$or": []▲}', 'There must have at least 2 Objects in $or relationship.'],
    ['{"$or": [{"a": [1]}]▲}', 'There must have at least 2 Objects in $or relationship.'],
    ['{"$or": [{"a": [1]}, "▲b"]}', 'Only JSON object is allowed in array of $or relationship.'],
    ['{"$or": [{"a": [1]}, {}▲]}', 'Empty objects are not allowed'],
    ['{"$or": [{"a": [1]}, {"a": 2▲}]}', '"a" must be an object or an array'],
    [
      '{"$or": [{"a": [1]}, {"b": {"cidr": [▲1]}}]}',
      'cidr is Ruler reserved fieldName which cannot be used inside $or.',
    ],
  ],
};

describe.each(Object.entries(refusals))('%s', (_subject, cases) => {
  test.each(cases)('the pattern %s is refused at the position of the mark ▲', (marked, reason) => {
    const { pattern, place } = unmarked(marked);
    const refusal = refusalOf(pattern);
    expect(refusal?.code).toBe('InvalidEventPatternException');
    expect(refusal?.message).toBe(`Event pattern is not valid. Reason: ${reason}\n at ${place}`);
  });
});

describe('refusals in the lists of anything-but', () => {
  test.each([
    ['{"a": [{"anything-but": ["x", null▲]}]}', 'Inside anything but list, start|null|boolean is not supported.'],
    ['{"a": [{"anything-but": [[▲1]]}]}', 'Inside anything but list, start|null|boolean is not supported.'],
    ['{"a": [{"anything-but": {"prefix": [1▲, "x"]}}]}', affixNotString],
    ['{"a": [{"anything-but": {"suffix": [null▲, "x"]}}]}', affixNotString],
    ['{"a": [{"anything-but": {"prefix": ["x", ""▲]}}]}', 'Null prefix/suffix not allowed'],
    ['{"a": [{"anything-but": {"equals-ignore-case": [1▲]}}]}', ignoreCaseNotString],
    ['{"a": [{"anything-but": {"wildcard": ["x*", 1▲]}}]}', notString('wildcard')],
  ])('the error for the anything-but list in %s names the position of the mark ▲ twice', (marked, reason) => {
    const { pattern, place } = unmarked(marked);
    expect(refusalOf(pattern)?.message).toBe(
      `Event pattern is not valid. Reason: ${reason}\n at ${place}\n at ${place}`,
    );
  });
});

describe('refusals of addresses and limits', () => {
  const tooComplex =
    'Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character';

  test.each([
    ['{"a": [{"cidr": "10.0.0.0"}]}', "Malformed CIDR, one '/' required"],
    ['{"a": [{"cidr": "10.0.0.0/8/8"}]}', "Malformed CIDR, one '/' required"],
    ['{"a": [{"cidr": "10.0.0.0/eight"}]}', 'Malformed CIDR, mask bits must be an integer'],
    ['{"a": [{"cidr": "10.0.0.0/99999999999"}]}', 'Malformed CIDR, mask bits must be an integer'],
    ['{"a": [{"cidr": "10.0.0.0/-8"}]}', 'Malformed CIDR, mask bits must not be negative'],
    ['{"a": [{"cidr": "10.0.0.0/32"}]}', 'IPv4 mask bits must be < 32'],
    ['{"a": [{"cidr": "::/128"}]}', 'IPv6 mask bits must be < 128'],
    ['{"a": [{"cidr": "ten.0.0.0/8"}]}', 'Nonstandard IP address: ten.0.0.0'],
    ['{"a": [{"cidr": "::ffff:10.0.0.0/8"}]}', 'Nonstandard IP address: ::ffff:10.0.0.0'],
    ['{"a": [{"cidr": "10.0.0.256/8"}]}', 'Invalid IP address: 10.0.0.256'],
    ['{"a": [{"cidr": "1::2::3/8"}]}', 'Invalid IP address: 1::2::3'],
    ['{"a": [{"anything-but": 1e999}]}', 'Cannot compare number : 1e999'],
    ['{"a": [{"wildcard": "*-*-*-*-*-last/*"}]}', tooComplex],
    ['{"a": [{"anything-but": {"wildcard": "*aaaaaaaaaa"}}]}', tooComplex],
    [JSON.stringify({ a: 'abcdefghijk'.split('').map((letter) => ({ wildcard: `${letter}*` })) }), tooComplex],
    [`{${'"$or": [{"a": [1]}, {"b": [1]}], '.repeat(10)}"c": [1]}`, 'Rule is too complex'],
  ])('the error for the pattern %s names no position', (pattern, reason) => {
    expect(refusalOf(pattern)?.message).toBe(`Event pattern is not valid. Reason: ${reason}`);
  });

  test.each([
    '{"a": [{"wildcard": "*-*-*-*-last/"}]}',
    '{"a": [{"wildcard": "/logs/*/day/day/day/day/day.txt"}]}',
    '{"a": [{"anything-but": {"wildcard": ["*/init/*", "*/dir/*"]}}], "b": [{"wildcard": "*/init/*/dir/*"}]}',
    `{${'"$or": [{"a": [1]}, {"b": [1]}], '.repeat(9)}"c": [1]}`,
    '{"a": [9007199254740993, 1e999, {"numeric": [">=", 1.50e1, "<", 9007199254740992]}, {"anything-but": -0.0}]}',
  ])('the pattern %s is accepted because it is within the limits', (pattern) => {
    expect(refusalOf(pattern)).toBeUndefined();
  });
});

test('a pattern may be nested 1,000 levels deep', () => {
  const nested = (depth: number) => `${'{"a":'.repeat(depth - 1)}[1]${'}'.repeat(depth - 1)}`;
  const limit = 'the maximum allowed (1000, from `StreamReadConstraints.getMaxNestingDepth()`)';
  expect(refusalOf(nested(1_000))).toBeUndefined();
  expect(refusalOf(nested(1_001))?.message).toBe(
    `Event pattern is not valid. Reason: Document nesting depth (1001) exceeds ${limit}`,
  );
});

test('a long wildcard is accepted when it is not complex', () => {
  const letters = Array.from({ length: 900 }, (_, index) => String.fromCharCode(0x400 + index));
  expect(refusalOf(JSON.stringify({ a: [{ wildcard: `*${letters.join('')}` }] }))).toBeUndefined();
});

test('an error quotes at most 500 characters of the pattern', () => {
  const pattern = `{"${'x'.repeat(600)}": 1}`;
  expect(refusalOf(pattern)?.message).toContain(
    `[Source: (String)"${pattern.slice(0, 500)}"[truncated 107 chars]; line: 1`,
  );
  expect(refusalOf('{"\u007f": 1}')?.message).toContain('(String)"{"\\u007F": 1}"');
});
