import { describe, expect, test } from 'vitest';
import { parseJsonExactly } from '../../../../../lib/core/input/exact-json.ts';
import type { JsonObject, JsonValue } from '../../../../../lib/core/input/json.ts';
import { createRuleIndex } from '../../../../../lib/local/bus/index/rule-index.ts';
import { compileEventPattern } from '../../../../../lib/local/bus/pattern/event-pattern.ts';

type Case = readonly [pattern: JsonValue, matching: readonly JsonValue[], other: readonly JsonValue[]];

/** Each row has one element of a pattern's list, values that match it, and values that do not. */
const operators: Readonly<Record<string, readonly Case[]>> = {
  'an exact string matches only the same bytes and never a number': [
    ['paid', ['paid', ['open', 'paid']], ['Paid', 'paid ', 'pai', '', null, { paid: 'paid' }]],
    ['7', ['7'], [7, '7.0']],
    ['', [''], [null, ' ', [], {}]],
    ['naïve 🚀', ['naïve 🚀'], ['naive 🚀']],
  ],
  'a number matches by value and never a string': [
    [300, [300, 3e2, [1, 300]], ['300', 301, null]],
    [0, [0, -0], [false, '', null, '0']],
    [0.1, [0.1], [0.10000000000000002]],
    [123456789012, [123456789012], ['123456789012']],
  ],
  'true, false and null match only themselves': [
    [true, [true], [false, 'true', 1]],
    [false, [false, [true, false]], [true, null, 0, '']],
    [null, [null, ['x', null]], ['null', [], '', 0, false]],
  ],
  'an exact IP address matches every spelling of it': [
    ['2001:db8::1', ['2001:db8::1', '2001:0db8:0:0:0:0:0:1', '2001:DB8::1'], ['2001:db8::2']],
    ['10.0.0.1', ['10.0.0.1', '::ffff:a00:1'], ['10.0.0.10', '10.0.0']],
  ],
  prefix: [
    [{ prefix: 'eu-' }, ['eu-west-1', 'eu-', ['us-east-1', 'eu-west-1']], ['EU-west-1', 'e', 7, null, true]],
    [{ prefix: '' }, ['', 'x'], [7, null]],
  ],
  suffix: [
    [{ suffix: '.png' }, ['a.png', '.png'], ['a.PNG', 'png', 'a.png ', 7]],
    [{ suffix: '' }, ['', 'x'], [7, null]],
  ],
  'prefix and suffix match regardless of case': [
    [{ prefix: { 'equals-ignore-case': 'Order' } }, ['ORDERED', 'order'], ['orde', 'an order', 7]],
    [{ suffix: { 'equals-ignore-case': '.Png' } }, ['a.PNG', '.png'], ['png', 'a.png2', 7]],
    [{ suffix: { 'equals-ignore-case': 'Straße' } }, ['die STRASSE', 'straße'], ['strase']],
  ],
  'equals-ignore-case': [
    [{ 'equals-ignore-case': 'aBc' }, ['abc', 'ABC', 'aBc'], ['abcd', 'ab', '', 7]],
    [{ 'equals-ignore-case': '' }, [''], ['x', null]],
    [{ 'equals-ignore-case': 'ß' }, ['ß', 'SS'], ['s', 'sS', 'ẞ']],
    [{ 'equals-ignore-case': 'É' }, ['é', 'É'], ['e']],
  ],
  wildcard: [
    [{ wildcard: '*' }, ['', 'anything'], [7, null, true]],
    [{ wildcard: 'a*' }, ['a', 'abc'], ['ba', '']],
    [{ wildcard: '*b*d*' }, ['bd', 'abcde', 'bbdd'], ['db', 'b', 'd']],
    [{ wildcard: '*aab*' }, ['aaab', 'xaabaab'], ['aaaa', 'abab']],
    [{ wildcard: 'a*a' }, ['aa', 'aba'], ['a', 'ab']],
    [{ wildcard: '/in/*/abab.txt' }, ['/in/x/ababab/abab.txt', '/in//abab.txt'], ['/in/abab.txt', '/in/x/aab.txt']],
    [{ wildcard: '2\\*2\\\\4' }, ['2*2\\4'], ['2x2\\4', '2*24']],
    [{ wildcard: '' }, [''], ['x']],
    [{ wildcard: 'plain' }, ['plain'], ['plainly']],
  ],
  numeric: [
    [{ numeric: ['=', 3.018e2] }, [301.8], [301.80001, '301.8']],
    [{ numeric: ['<', 10] }, [9.99, -1e300, [99, 9]], [10, '9', null, true]],
    [{ numeric: ['<=', 10] }, [10], [10.01]],
    [{ numeric: ['>', -1] }, [0], [-1]],
    [{ numeric: ['>=', -1] }, [-1], [-1.5]],
    [{ numeric: ['>', 0, '<=', 5] }, [0.5, 5], [0, 5.5]],
    [{ numeric: ['>=', 0, '<', 5] }, [0, 4.9], [5, -0.1]],
  ],
  exists: [
    [{ exists: true }, ['x', 0, null, false, '', [1]], [[], {}, [[]], { x: 1 }]],
    [{ exists: false }, [[], {}, { x: 1 }], ['x', 0, null, false, '', [1]]],
  ],
  cidr: [
    [{ cidr: '10.0.0.0/24' }, ['10.0.0.0', '10.0.0.255', '010.0.0.1'], ['10.0.1.0', '10.0.0.256', '10.0.0', 10, 'x']],
    [{ cidr: '10.1.2.3/0' }, ['0.0.0.0', '255.255.255.255'], ['::1']],
    [{ cidr: '192.168.1.7/31' }, ['192.168.1.6', '192.168.1.7'], ['192.168.1.5', '192.168.1.8']],
    [
      { cidr: '2001:db8:0:8::/61' },
      ['2001:db8:0:f::', '2001:0db8:0000:0008:ffff:ffff:ffff:ffff'],
      ['2001:db8:0:10::', '1::2::3', ':1', '2001:db8:0:8', '10.0.0.1', '2001:db8:0:8:::'],
    ],
    [
      { cidr: '::/1' },
      ['::', '7fff::', '1:2:3:4:5:6:7::'],
      ['8000::', '1:2:3:4:5:6:7:8:9', '12345::', '1:2:3:4:5:6:7::8'],
    ],
  ],
  'anything-but matches every other value, but not an absent field': [
    [{ 'anything-but': 'open' }, ['paid', 'Open', 7, null, ['open', 'paid']], ['open', ['open'], [], {}]],
    [{ 'anything-but': 7 }, [8, '7', null], [7, 7.0]],
    [{ 'anything-but': ['open', 'paid'] }, ['lost', null], ['open', 'paid', ['open', 'paid']]],
    [{ 'anything-but': [1, 2] }, [3, '1'], [1, 2]],
    [{ 'anything-but': { prefix: 'a' } }, ['ba', '', 7, null], ['ab', 'a']],
    [{ 'anything-but': { prefix: ['a', 'b'] } }, ['ca'], ['ab', 'bc']],
    [{ 'anything-but': { suffix: 'a' } }, ['ab', 7], ['ba']],
    [{ 'anything-but': { suffix: ['.txt', '.jpg'] } }, ['x.txt.zip'], ['x.txt', 'x.jpg']],
    [{ 'anything-but': { 'equals-ignore-case': 'Open' } }, ['opened', null], ['OPEN', 'open']],
    [{ 'anything-but': { 'equals-ignore-case': ['a', 'B'] } }, ['c'], ['A', 'b']],
    [{ 'anything-but': { wildcard: '*/tmp/*' } }, ['/var/tmp', 7], ['/var/tmp/x', '/tmp/']],
    [{ 'anything-but': { wildcard: ['*.log', 'a*'] } }, ['b.txt'], ['b.log', 'ab']],
    [{ 'anything-but': { wildcard: '' } }, ['x'], ['']],
  ],
};

describe.each(Object.entries(operators))('%s', (_operator, cases) => {
  test.each(cases)(
    'the pattern element %j matches each of the values %j and none of %j',
    (pattern, matching, other) => {
      const matches = compileEventPattern(JSON.stringify({ detail: { field: [pattern] } }));
      expect(matching.filter((field) => !matches({ detail: { field } }))).toEqual([]);
      expect(other.filter((field) => matches({ detail: { field } }))).toEqual([]);
    },
  );
});

test('a list of values and operators matches when one of its elements matches', () => {
  const matches = compileEventPattern('{"n": ["x", 3, {"numeric": [">", 100]}, {"prefix": "ab"}, {"exists": false}]}');
  for (const event of [{ n: 'x' }, { n: 3 }, { n: 101 }, { n: 'abc' }, {}, { m: 1 }]) expect(matches(event)).toBe(true);
  for (const event of [{ n: 'y' }, { n: 4 }, { n: null }]) expect(matches(event)).toBe(false);
});

test('every field of a pattern must match, and other fields of the event are ignored', () => {
  const matches = compileEventPattern(
    '{"source": ["shop"], "detail": {"state": ["paid"], "sum": [{"numeric": ["<", 9]}]}}',
  );
  expect(matches({ source: 'shop', detail: { state: 'paid', sum: 8, more: 1 }, id: 'x' })).toBe(true);
  expect(matches({ source: 'shop', detail: { state: 'paid', sum: 9 } })).toBe(false);
  expect(matches({ source: 'shop', detail: { state: 'paid' } })).toBe(false);
  expect(matches({ source: 'shop', detail: '{"state":"paid","sum":8}' })).toBe(false);
});

test('the second list of a repeated field in a pattern replaces the first', () => {
  const matches = compileEventPattern('{"region": ["us-east-1"], "region": ["eu-west-1"]}');
  expect(matches({ region: 'eu-west-1' })).toBe(true);
  expect(matches({ region: 'us-east-1' })).toBe(false);
});

test('names that are joined by dots mean the same as nested names', () => {
  for (const pattern of ['{"a": {"b": {"c": [1]}}}', '{"a.b": {"c": [1]}}', '{"a.b.c": [1]}', '{"a": {"b.c": [1]}}']) {
    const matches = compileEventPattern(pattern);
    expect(matches({ a: { b: { c: 1 } } })).toBe(true);
    expect(matches({ 'a.b': { c: 1 } })).toBe(true);
    expect(matches({ a: [{ 'b.c': 1 }] })).toBe(true);
    expect(matches({ 'a.b.c': { c: 1 }, a: { b: 1 } })).toBe(false);
  }
});

test('field names in patterns are case-sensitive and may be empty or __proto__', () => {
  expect(compileEventPattern('{"Key": ["x"]}')({ key: 'x' })).toBe(false);
  expect(compileEventPattern('{"": ["x"]}')({ '': 'x' })).toBe(true);
  const matches = compileEventPattern('{"constructor": {"name": [{"exists": true}]}, "__proto__": ["x"]}');
  expect(matches({})).toBe(false);
  expect(matches(JSON.parse('{"constructor": {"name": "y"}, "__proto__": "x"}'))).toBe(true);
});

describe('$or', () => {
  test('a pattern with $or matches when one alternative and all fields beside the $or match', () => {
    const matches = compileEventPattern('{"source": ["shop"], "$or": [{"a": [1]}, {"b": [2], "c": [3]}]}');
    expect(matches({ source: 'shop', a: 1 })).toBe(true);
    expect(matches({ source: 'shop', b: 2, c: 3 })).toBe(true);
    expect(matches({ source: 'shop', b: 2 })).toBe(false);
    expect(matches({ source: 'cart', a: 1 })).toBe(false);
  });

  test('$or may be used below a field, several times and within itself', () => {
    const matches = compileEventPattern(
      '{"detail": {"$or": [{"a": [1]}, {"b": {"$or": [{"c": [2]}, {"d": [3]}]}}]}, "$or": [{"e": [4]}, {"f": [5]}]}',
    );
    expect(matches({ detail: { a: 1 }, f: 5 })).toBe(true);
    expect(matches({ detail: { b: { d: 3 } }, e: 4 })).toBe(true);
    expect(matches({ detail: { b: { c: 2 } } })).toBe(false);
    expect(matches({ detail: { b: { e: 4 } }, e: 4 })).toBe(false);
  });

  test('an alternative of $or replaces a field of the same name beside the $or', () => {
    const matches = compileEventPattern('{"a": [1], "$or": [{"a": [2]}, {"b": [3]}]}');
    expect(matches({ a: 2 })).toBe(true);
    expect(matches({ a: 1, b: 3 })).toBe(true);
    expect(matches({ a: 1 })).toBe(false);
  });

  test('the alternatives of $or may require that a field is absent', () => {
    const matches = compileEventPattern('{"$or": [{"a": [{"exists": false}]}, {"b": [{"anything-but": "x"}]}]}');
    expect(matches({})).toBe(true);
    expect(matches({ a: 1, b: 'y' })).toBe(true);
    expect(matches({ a: 1, b: 'x' })).toBe(false);
  });
});

test('matching a wildcard takes time in proportion to the length of the value', () => {
  const matches = compileEventPattern('{"a": [{"wildcard": "*abab*abc*b"}]}');
  expect(matches({ a: `${'ab'.repeat(500_000)}c` })).toBe(false);
  expect(matches({ a: `${'ab'.repeat(500_000)}cb` })).toBe(true);
});

/** Texts, because the numbers of a JSON text have more digits than those of JavaScript. */
function matchesText(pattern: string, event: string): boolean {
  const value = parseJsonExactly(`{"detail":{"id":${event}}}`) as JsonObject;
  const text = `{"detail":{"id":[${pattern}]}}`;
  const index = createRuleIndex([{ key: 'rule', pattern: text }]);
  const matched = compileEventPattern(text)(value);
  expect(index.match(value)).toEqual(matched ? ['rule'] : []);
  return matched;
}

test.each([
  ['1152921506151679042', '1152921506151679042'],
  ['1152921506151679042', '1.152921506151679042e18'],
  ['1152921506151679042', '[1, 1152921506151679042.00]'],
  ['1.0', '1'],
  ['1', '1.0'],
  ['1e2', '100'],
  ['100', '1E+2'],
  ['0', '-0.0'],
  ['-0', '0e5'],
  ['0.1', '0.10'],
  ['1E400', '10e399'],
  ['-1E400', '-1e400'],
  ['1e-400', '0.1e-399'],
  ['{"exists": true}', '1E400'],
  ['{"anything-but": 1152921506151679000}', '1152921506151679042'],
  ['{"anything-but": [7, 8]}', '1E400'],
  ['{"numeric": [">", 1152921506151679000]}', '1152921506151679042'],
  ['{"numeric": ["<=", 1152921506151679000]}', '1152921506151678999'],
  ['{"numeric": [">", 5]}', '1E400'],
  ['{"numeric": ["<", -5]}', '-1E400'],
  ['{"numeric": [">", 0, "<", 1]}', '1e-400'],
  ['{"numeric": ["<", 0.1]}', '0.09999999999999999999999'],
  ['{"numeric": ["<", -1]}', '-1.00000000000000000000001'],
  ['{"numeric": [">", -1]}', '-0.99999999999999999999999'],
  ['{"numeric": ["=", 100]}', '1.0e2'],
])('the number pattern %s matches the event value %s', (pattern, value) => {
  expect(matchesText(pattern, value)).toBe(true);
});

test.each([
  ['1152921506151679042', '1152921506151679043'],
  ['1152921506151679042', '-1152921506151679042'],
  ['1152921506151679042', '"1152921506151679042"'],
  ['1152921506151679000', '1152921506151679042'],
  ['1152921506151679042', '1152921506151679000'],
  ['0.1', '0.1000000000000000000001'],
  ['1E400', '1E401'],
  ['1E400', '-1E400'],
  ['0', '1e-400'],
  ['null', '1E400'],
  ['{"exists": false}', '1E400'],
  ['{"prefix": "115"}', '1152921506151679042'],
  ['{"numeric": ["=", 1152921506151679000]}', '1152921506151679042'],
  ['{"numeric": ["<=", 1152921506151679000]}', '1152921506151679042'],
  ['{"numeric": ["<", 0]}', '1e-400'],
  ['{"numeric": [">=", 0]}', '-1e-400'],
  ['{"numeric": [">=", -1]}', '-1.00000000000000000000001'],
  ['{"numeric": [">", 0]}', '"1E400"'],
])('the number pattern %s does not match the event value %s', (pattern, value) => {
  expect(matchesText(pattern, value)).toBe(false);
});
