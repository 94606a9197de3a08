import { describe, expect, test } from 'vitest';
import type { EventDocument } from '../../../../lib/core/delivery/delivery.ts';
import { isDynamic, parameterText, pathParameterText } from '../../../../lib/core/request/target-parameters.ts';
import { failureOf } from '../failure/failing.ts';

const event: EventDocument = {
  value: { detail: { id: 'o 1', n: 7, yes: false, none: null, list: [1, 'a'], object: { a: 1 }, empty: '' } },
};

test.each([
  ['$.detail.id', 'is'],
  ["$['detail']", 'is'],
  ['$', 'is not'],
  ['$5', 'is not'],
  ['$filter', 'is not'],
  ['price: $.detail.id', 'is not'],
  ['', 'is not'],
])('the parameter %j %s a JSON path', (text, verb) => {
  expect(isDynamic(text)).toBe(verb === 'is');
});

describe('header and query values', () => {
  test.each([
    ['$.detail.id', 'o 1'],
    ['$.detail.n', '7'],
    ['$.detail.yes', 'false'],
    ['$.detail.none', 'null'],
    ['$.detail.list', '[1,"a"]'],
    ['$.detail.object', '{"a":1}'],
    ['$.detail.absent', ''],
    ['literal', 'literal'],
    ['$', '$'],
  ])('the header or query parameter %s is sent as %j', (parameter, text) => {
    expect(parameterText(parameter, event, 'f')).toBe(text);
  });

  test('a parameter with a malformed path is refused, and the error names its field', () => {
    expect(failureOf(() => parameterText('$.a..b', event, 'f'))).toBe('InvalidInvocation: f is not a JSON path.');
  });
});

describe('path parameters', () => {
  test.each([
    ['$.detail.id', 'o 1'],
    ['$.detail.n', '7'],
    ['$.detail.yes', 'false'],
    ['literal', 'literal'],
  ])('the path parameter %s is sent as %j', (parameter, text) => {
    expect(pathParameterText(parameter, event, 'f')).toBe(text);
  });

  test.each(['$.detail.absent', '$.detail.empty', '$.detail.none'])(
    'the path parameter %s is refused because its JSON path selects no value',
    (parameter) => {
      expect(failureOf(() => pathParameterText(parameter, event, 'f'))).toBe(
        'InvalidInvocation: f finds nothing in the event.',
      );
    },
  );

  test.each(['$.detail.list', '$.detail.object', '$.detail.list[*]'])(
    'the path parameter %s is refused because it finds an object or a list',
    (parameter) => {
      expect(failureOf(() => pathParameterText(parameter, event, 'f'))).toContain('finds an object or a list');
    },
  );

  test('a JSON path of more than 512 characters is refused, and literal text of that length is not', () => {
    expect(failureOf(() => pathParameterText(`$.${'a'.repeat(511)}`, event, 'f'))).toBe(
      'InvalidInvocation: f is a JSON path of more than 512 characters.',
    );
    expect(failureOf(() => pathParameterText(`$.${'a'.repeat(510)}`, event, 'f'))).toContain('finds nothing');
    expect(pathParameterText('a'.repeat(600), event, 'f')).toBe('a'.repeat(600));
  });
});
