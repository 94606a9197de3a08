import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../../lib/core/input/json.ts';
import { parseJsonPath, readJsonPath, requireJsonPath } from '../../../../lib/core/request/json-path.ts';
import { failureOf } from '../failure/failing.ts';

const event: JsonValue = JSON.parse(`{
  "detail-type": "Order",
  "resources": ["arn:one", "arn:two"],
  "detail": {
    "id": 17, "none": null, "a-b": 1, "a_b": 2, "a/b": 3, "with space": 4, "it's": 5, "größe": 6, "a.b": 7, "say \\"hi\\"": 8,
    "lines": [{"sku": "x", "tags": ["p", "q"]}, {"sku": "y"}, {"tags": []}],
    "empty": [], "__proto__": {"own": true}, "matrix": [[1, 2], [3]]
  }
}`);

function read(path: string): JsonValue | undefined {
  return readJsonPath(requireJsonPath(path, 'the path'), event);
}

describe('readJsonPath', () => {
  test.each<[path: string, value: JsonValue]>([
    ['$.detail.id', 17],
    ['$.detail-type', 'Order'],
    ['$.resources[1]', 'arn:two'],
    ['$.detail.a-b', 1],
    ['$.detail.a_b', 2],
    ['$.detail.a/b', 3],
    ["$.detail['with space']", 4],
    ["$.detail['it\\'s']", 5],
    ['$.detail["it\'s"]', 5],
    ['$.detail.größe', 6],
    ["$.detail['a.b']", 7],
    ['$["detail"]["say \\"hi\\""]', 8],
    ['$.detail.none', null],
    ['$.detail.lines[0].tags[1]', 'q'],
    ['$.detail.__proto__.own', true],
    ['$.detail.lines[*].sku', ['x', 'y']],
    ['$.detail.lines[*].tags[*]', ['p', 'q']],
    ['$.detail.matrix[*][*]', [1, 2, 3]],
    ['$.detail.matrix[1].*', [3]],
    ['$.detail.empty[*]', []],
    ['$.detail.lines[*].nothing', []],
  ])('the JSON path %s gives the value %j', (path, value) => {
    expect(read(path)).toEqual(value);
  });

  test('the JSON path $ gives the whole event', () => {
    expect(read('$')).toBe(event);
  });

  test.each([
    '$.missing',
    '$.detail.id.more',
    '$.resources[2]',
    '$.resources.length',
    '$.detail[0]',
    '$.detail.missing[*]',
    '$.detail.id[*]',
    '$.constructor',
    '$.detail.toString',
    '$.resources[0][0]',
    '$.detail.none.more',
  ])('the JSON path %s finds nothing in the event', (path) => {
    expect(read(path)).toBeUndefined();
  });
});

describe('parseJsonPath', () => {
  test.each([
    '',
    'detail',
    'detail.id',
    '$detail',
    '$.',
    '$..id',
    '$.detail.',
    '$.detail[',
    '$.detail[]',
    '$.detail[-1]',
    '$.detail[1:2]',
    '$.detail[?(@.a)]',
    '$.detail[a]',
    "$.detail['a]",
    "$.detail['a'",
    '$.a b',
    '$.a ',
    ' $.a',
    '$.a.b*',
    '$.length()',
    '$.resources[99999999999]',
  ])('the malformed JSON path %j is refused, and the error names the field but does not show the path', (text) => {
    expect(parseJsonPath(text)).toBeUndefined();
    expect(failureOf(() => requireJsonPath(text, 'target.InputPath'))).toBe(
      'InvalidInvocation: target.InputPath is not a JSON path.',
    );
  });

  test('a JSON path that is used again is not compiled again', () => {
    expect(parseJsonPath('$.detail.id')).toBe(parseJsonPath('$.detail.id'));
  });
});

test('any JSON path is refused, or reads any event without an exception', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc
      .array(fc.constantFrom('.', 'a', '[0]', '[*]', "['a']", '[', '*', '__proto__', '"', '\\', '1'), { maxLength: 12 })
      .map((parts) => `$${parts.join('')}`),
  );
  fc.assert(
    fc.property(text, fc.jsonValue(), (path, value) => {
      const parsed = parseJsonPath(path);
      if (parsed === undefined) return;
      const found = readJsonPath(parsed, value as JsonValue);
      expect(found === undefined || JSON.stringify(found) !== undefined).toBe(true);
    }),
  );
});

test('a JSON path with wildcards visits each value once', () => {
  const wide = { rows: Array.from({ length: 300 }, () => Array.from({ length: 300 }, (_, index) => index)) };
  let visits = 0;
  const counted = new Proxy(wide.rows, {
    get(rows, key, receiver) {
      visits += 1;
      return Reflect.get(rows, key, receiver);
    },
  });
  const found = readJsonPath(requireJsonPath('$.rows[*][*]', 'p'), { rows: counted });
  expect(Array.isArray(found) && found.length).toBe(90_000);
  expect(visits).toBeLessThanOrEqual(302);
});
