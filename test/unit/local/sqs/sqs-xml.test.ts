import { expect, test } from 'vitest';
import { xmlAnswer } from '../../../../lib/local/sqs/xml.ts';

test.each(['ReceiveMessage', 'ListQueues', 'ListQueueTags', 'GetQueueAttributes'])(
  'an empty answer to %s still has a result element, because clients look for it',
  (operation) => {
    expect(xmlAnswer(operation, {}).body).toContain(`><${operation}Result></${operation}Result><ResponseMetadata>`);
  },
);

test.each(['DeleteMessage', 'PurgeQueue', 'TagQueue'])('the answer to %s has no result element', (operation) => {
  expect(xmlAnswer(operation, {}).body).not.toContain('Result>');
});
