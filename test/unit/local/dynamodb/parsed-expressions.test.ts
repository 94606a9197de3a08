import { createRequire } from 'node:module';
import { beforeEach, expect, test } from 'vitest';
import { type ExpressionParser, rememberExpressions } from '../../../../lib/local/dynamodb/parsed-expressions.ts';

const require = createRequire(import.meta.url);
const { parse } = require('dynalite/db/conditionParser') as ExpressionParser;

let parsed: string[];
let parser: ExpressionParser;

beforeEach(() => {
  parsed = [];
  parser = {
    parse(text, options) {
      parsed.push(text);
      return parse(text, options);
    },
  };
  rememberExpressions(parser);
});

function contextOf(attrVals: Record<string, object>, attrNames: Record<string, string> = {}) {
  const unused = (members: object) =>
    Object.fromEntries(Object.keys(members).map((name): [string, true] => [name, true]));
  return {
    attrNames,
    attrVals: attrVals as Record<string, Record<string, unknown>>,
    unusedAttrNames: unused(attrNames),
    unusedAttrVals: unused(attrVals),
    isReserved: () => false,
    compare: (_operator: string, one: { N: string }, other: { N: string }) => Number(one.N) > Number(other.N),
  };
}

const text = '#s = :state AND (size(orders) > :count OR attribute_not_exists(orders[0].#s))';
const names = { '#s': 'state', '#unused': 'unused' };
const valuesOf = (number: number) => ({
  ':state': { S: `state ${number}` },
  ':count': { N: String(number) },
  ':extra': { N: '1' },
});

test('an expression is parsed once for all values, and each call gets the tree of its own values', () => {
  for (const number of [1, 2, 3]) {
    const [mine, plain] = [contextOf(valuesOf(number), names), contextOf(valuesOf(number), names)];
    expect(parser.parse(text, { context: mine })).toEqual(parse(text, { context: plain }));
  }
  expect(parsed).toEqual([text]);
});

test('each call marks the names and values that a remembered expression uses', () => {
  for (const number of [1, 2]) {
    const context = contextOf(valuesOf(number), names);
    parser.parse(text, { context });
    expect(context).toMatchObject({ unusedAttrNames: { '#unused': true }, unusedAttrVals: { ':extra': true } });
    expect(Object.keys(context.unusedAttrNames).length + Object.keys(context.unusedAttrVals).length).toBe(2);
  }
});

test('a value that an earlier expression of the same call has used counts as used in a remembered expression', () => {
  const earlier = contextOf({ ':a': { N: '1' } });
  delete earlier.unusedAttrVals[':a'];
  parser.parse('a = :a', { context: earlier });
  const later = contextOf({ ':a': { N: '2' } });
  parser.parse('a = :a', { context: later });
  expect(later.unusedAttrVals).toEqual({});
});

test('a change of one tree does not change the tree of a later call', () => {
  const tree = parser.parse('a = :a', { context: contextOf({ ':a': { N: '1' } }) }) as {
    expression: { args: unknown[] };
  };
  const before = JSON.stringify(tree);
  tree.expression.args.length = 0;
  expect(JSON.stringify(parser.parse('a = :a', { context: contextOf({ ':a': { N: '1' } }) }))).toBe(before);
});

test.each([
  ['another type of a value', { ':a': { S: 'text' } }, {}],
  ['another name', { ':a': { N: '1' } }, { '#n': 'two' }],
])('an expression is parsed again for %s', (_what, values, others) => {
  for (const [attrVals, attrNames] of [
    [{ ':a': { N: '1' } }, { '#n': 'one' }],
    [values, { '#n': 'one', ...others }],
  ] as const) {
    const [mine, plain] = [contextOf(attrVals, attrNames), contextOf(attrVals, attrNames)];
    expect(parser.parse('#n < :a', { context: mine })).toEqual(parse('#n < :a', { context: plain }));
  }
  expect(parsed).toHaveLength(2);
});

test('an expression that the parser refuses is refused each time', () => {
  for (let call = 0; call < 2; call += 1) {
    expect(() => parser.parse('size(a) AND', { context: contextOf({}) })).toThrow('Expected');
  }
});

test.each([
  [
    'the bounds of BETWEEN',
    'a BETWEEN :a AND :b',
    { ':a': { N: '1' }, ':b': { N: '2' } },
    { ':a': { N: '3' }, ':b': { N: '2' } },
    'lower bound',
  ],
  [
    'the type in attribute_type',
    'attribute_type(a, :a)',
    { ':a': { S: 'N' } },
    { ':a': { S: 'none' } },
    'Invalid attribute type',
  ],
])('%s are checked with the values of each call', (_what, expression, good, bad, message) => {
  const answers = [good, bad].map((values) => {
    try {
      return parser.parse(expression, { context: contextOf(values) });
    } catch (error) {
      return String(error);
    }
  });
  expect(JSON.stringify(answers[0])).not.toContain('rror');
  expect(JSON.stringify(answers[1])).toContain(message);
});
