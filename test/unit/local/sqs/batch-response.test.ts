import { expect, test } from 'vitest';
import { failedMessageIds } from '../../../../lib/local/sqs/poller.ts';

const ids = ['a', 'b', 'c'];
const failed = (response: unknown): string[] => [...failedMessageIds(JSON.stringify(response), ids)];

test.each([[null], [{}], [{ batchItemFailures: null }], [{ batchItemFailures: [] }]])(
  'the batch response %j means that every message has succeeded',
  (response) => {
    expect(failed(response)).toEqual([]);
  },
);

test('exactly the messages that a batch response names have failed', () => {
  expect(failed({ batchItemFailures: [{ itemIdentifier: 'c' }, { itemIdentifier: 'a' }] })).toEqual(['c', 'a']);
});

test.each([
  ['a text instead of an object', 'done'],
  ['a list instead of an object', []],
  ['failures that are not a list', { batchItemFailures: 'a' }],
  ['a failure that is not an object', { batchItemFailures: ['a'] }],
  ['a key other than itemIdentifier', { batchItemFailures: [{ messageId: 'a' }] }],
  ['an empty identifier', { batchItemFailures: [{ itemIdentifier: '' }] }],
  ['no identifier', { batchItemFailures: [{ itemIdentifier: null }] }],
  ['a message that was not in the batch', { batchItemFailures: [{ itemIdentifier: 'a' }, { itemIdentifier: 'z' }] }],
])('a batch response with %s fails the whole batch', (_, response) => {
  expect(failed(response)).toEqual(ids);
});
