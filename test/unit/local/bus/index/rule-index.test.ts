import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../../../lib/core/input/json.ts';
import { isJsonObject } from '../../../../../lib/core/input/json.ts';
import { compileEventPattern } from '../../../../../lib/local/bus/pattern/event-pattern.ts';
import { createRuleIndex } from '../../../../../lib/local/bus/index/rule-index.ts';

function rules(patterns: readonly JsonValue[]): { key: string; pattern: string }[] {
  return patterns.map((pattern, index) => ({ key: `rule-${index}`, pattern: JSON.stringify(pattern) }));
}

/** The rules whose own patterns match, found without the index. */
function matchedAlone(patterns: readonly { key: string; pattern: string }[], event: JsonObject): readonly string[] {
  return patterns.filter(({ pattern }) => compileEventPattern(pattern)(event)).map(({ key }) => key);
}

test('the rule index returns each matching rule once, in the order of the rules', () => {
  const index = createRuleIndex(
    rules([
      { source: ['shop'] },
      { source: ['cart'] },
      { detail: { state: [{ exists: false }] } },
      { $or: [{ source: ['shop'] }, { source: [{ prefix: 'sh' }] }] },
      { source: ['shop', { suffix: 'op' }], detail: { sum: [{ numeric: ['>', 1] }] } },
    ]),
  );
  expect(index.match({ source: 'shop', detail: { sum: 2 } })).toEqual(['rule-0', 'rule-2', 'rule-3', 'rule-4']);
  expect(index.match({ source: 'cart', detail: { state: 'x' } })).toEqual(['rule-1']);
  expect(index.match({ source: 'none', detail: { state: 'x' } })).toEqual([]);
  expect(index.match({})).toEqual(['rule-2']);
});

test('a rule index without rules matches no event', () => {
  expect(createRuleIndex([]).match({ source: 'shop' })).toEqual([]);
});

test('a rule index cannot be created with an invalid pattern', () => {
  expect(() => createRuleIndex([{ key: 'a', pattern: '{"source": "shop"}' }])).toThrow(
    expect.objectContaining({ code: 'InvalidEventPatternException' }),
  );
});

describe('the rule index', () => {
  test.each<[what: string, element: (index: number) => JsonValue, value: (index: number) => JsonValue]>([
    ['strings', (index) => `id-${index}`, (index) => `id-${index}`],
    ['numbers', (index) => index, (index) => index],
    ['prefixes', (index) => ({ prefix: `${index}/` }), (index) => `${index}/x`],
    ['suffixes', (index) => ({ suffix: `/${index}` }), (index) => `x/${index}`],
    [
      'strings regardless of case',
      (index) => ({ 'equals-ignore-case': `Straße-${index}` }),
      (index) => `STRASSE-${index}`,
    ],
    ['wildcards', (index) => ({ wildcard: `${index}/*x*` }), (index) => `${index}/axb`],
    ['wildcards at the beginning', (index) => ({ wildcard: `*x*/${index}` }), (index) => `axb/${index}`],
    ['IP addresses', (index) => `2001:db8::${index.toString(16)}`, (index) => `2001:0DB8:0::${index.toString(16)}`],
    ['ranges of numbers', (index) => ({ numeric: ['>=', index, '<', index + 1] }), (index) => index + 0.5],
    ['blocks of IP addresses', (index) => ({ cidr: `10.${index}.0.0/16` }), (index) => `10.${index}.7.7`],
  ])('the rule index finds rules by %s', (_what, element, value) => {
    const given = rules(
      Array.from({ length: 200 }, (_, index) => ({ source: ['shop'], detail: { field: [element(index)] } })),
    );
    const index = createRuleIndex(given);
    for (const number of [0, 7, 77, 199]) {
      expect(index.match({ source: 'shop', detail: { field: value(number) } })).toEqual([`rule-${number}`]);
      expect(index.match({ source: 'shop', detail: { field: ['other', value(number)] } })).toEqual([`rule-${number}`]);
      expect(index.match({ source: 'cart', detail: { field: value(number) } })).toEqual([]);
    }
  });
});

const names = fc.constantFrom('a', 'b', 'c', 'a.b');
const text = fc.constantFrom('x', 'X', 'xy', 'yx', '', '10.0.0.1', '::ffff:a00:1', 'ß', 'ẞ', 'SS');
const scalar = fc.oneof(text, fc.constantFrom<JsonValue>(0, 1, 1.5, true, false, null));
const element = fc.oneof(
  { weight: 3, arbitrary: scalar },
  {
    weight: 2,
    arbitrary: fc.oneof(
      text.map((prefix): JsonValue => ({ prefix })),
      text.map((suffix): JsonValue => ({ suffix })),
      text.map((other): JsonValue => ({ 'equals-ignore-case': other })),
      text.map((other): JsonValue => ({ prefix: { 'equals-ignore-case': other } })),
      text.map((other): JsonValue => ({ 'anything-but': other })),
      fc.constantFrom<JsonValue>({ exists: true }, { exists: false }, { numeric: ['>', 0] }, { numeric: ['=', 1] }),
      fc.constantFrom<JsonValue>({ wildcard: 'x*' }, { wildcard: '*y' }, { wildcard: '*' }, { wildcard: 'xy' }),
      fc.constantFrom<JsonValue>({ cidr: '10.0.0.0/8' }, { 'anything-but': { wildcard: '*x*' } }),
    ),
  },
);
const { pattern, value } = fc.letrec<{ pattern: JsonValue; members: JsonObject; value: JsonValue }>((tie) => ({
  members: fc.dictionary(
    names,
    fc.oneof({ depthSize: 'small' }, fc.array(element, { minLength: 1, maxLength: 3 }), tie('pattern')),
    { minKeys: 1, maxKeys: 3 },
  ) as fc.Arbitrary<JsonObject>,
  pattern: fc.oneof(
    { depthSize: 'small' },
    { weight: 3, arbitrary: tie('members') },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie('members'), fc.array(tie('pattern'), { minLength: 2, maxLength: 2 }))
        .map(([members, alternatives]): JsonValue => ({ ...members, $or: alternatives })),
    },
  ),
  value: fc.oneof(
    { depthSize: 'small' },
    { weight: 3, arbitrary: scalar },
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(names, tie('value'), { maxKeys: 3 }),
  ),
}));

test('the rule index finds exactly the rules that match when each pattern is tried alone', () => {
  const event = fc.dictionary(names, value, { minKeys: 1, maxKeys: 4 });
  fc.assert(
    fc.property(
      fc.array(pattern, { maxLength: 12 }),
      fc.array(event, { minLength: 1, maxLength: 5 }),
      (asked, events) => {
        const given = rules(asked);
        const index = createRuleIndex(given);
        for (const happened of events) {
          if (isJsonObject(happened)) expect(index.match(happened)).toEqual(matchedAlone(given, happened));
        }
      },
    ),
    { numRuns: 200 },
  );
});
