import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatPageToken, parsePageToken } from '../../../../lib/core/input/page-token.ts';

const binding = fc.array(fc.option(fc.string(), { nil: undefined }), { maxLength: 4 });
const name = fc.stringMatching(/^[.\-_A-Za-z0-9]{1,64}$/);

test('a page token holds the last name of its page, and is a valid NextToken', () => {
  fc.assert(
    fc.property(binding, name, (list, afterName) => {
      const token = formatPageToken(list, afterName);
      expect(parsePageToken(list, token)).toBe(afterName);
      expect(token.length).toBeLessThanOrEqual(2048);
    }),
  );
});

test('a page token of one list is not accepted by another', () => {
  fc.assert(
    fc.property(binding, binding, name, (one, other, afterName) => {
      fc.pre(JSON.stringify(one) !== JSON.stringify(other));
      expect(parsePageToken(other, formatPageToken(one, afterName))).toBeUndefined();
    }),
  );
});

test('a text that is not a page token is not accepted as one', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(parsePageToken(['ListConnections', undefined], text)).toBeUndefined();
    }),
  );
});

test('a page token for a list without a filter is not valid for a list with an empty filter', () => {
  const token = formatPageToken(['ListConnections', undefined, 'x'], 'a');
  expect(parsePageToken(['ListConnections', '', 'x'], token)).toBeUndefined();
});
