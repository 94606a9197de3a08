import { expect, test } from 'vitest';
import { xmlAnswer } from '../../../../lib/local/sqs/xml.ts';

test.each(['ReceiveMessage', 'ListQueues', 'ListQueueTags', 'GetQueueAttributes'])(
  'an empty answer to %s still has a result, which clients look for',
  (operation) => {
    expect(xmlAnswer(operation, {}).body).toContain(`><${operation}Result></${operation}Result><ResponseMetadata>`);
  },
);

test.each(['DeleteMessage', 'PurgeQueue', 'TagQueue'])('%s answers nothing, and has no result', (operation) => {
  expect(xmlAnswer(operation, {}).body).not.toContain('Result>');
});
