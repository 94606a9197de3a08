import { expect, test } from 'vitest';
import { SqsRefusal } from '../../../../lib/local/sqs/fauxqs.ts';
import { parseQueryCall } from '../../../../lib/local/sqs/query.ts';
import { xmlAnswer } from '../../../../lib/local/sqs/xml.ts';

function form(parameters: Record<string, string>): string {
  return new URLSearchParams({ Version: '2012-11-05', ...parameters }).toString();
}

test('the numbered attributes of an SQS form become a map', () => {
  const call = parseQueryCall(
    form({
      Action: 'CreateQueue',
      QueueName: 'orders',
      'Attribute.1.Name': 'VisibilityTimeout',
      'Attribute.1.Value': '5',
      'Tag.1.Key': 'team',
      'Tag.1.Value': 'shop',
    }),
    '/',
  );
  expect(call.operation).toBe('CreateQueue');
  expect(call.input).toMatchObject({
    QueueName: 'orders',
    Attributes: { VisibilityTimeout: '5' },
    tags: { team: 'shop' },
  });
});

test('the entries of a batch in an SQS form are sorted by their numbers', () => {
  const { input } = parseQueryCall(
    form({
      Action: 'SendMessageBatch',
      'SendMessageBatchRequestEntry.10.Id': 'tenth',
      'SendMessageBatchRequestEntry.2.Id': 'second',
      'SendMessageBatchRequestEntry.2.DelaySeconds': '7',
      'SendMessageBatchRequestEntry.2.MessageAttribute.1.Name': 'picture',
      'SendMessageBatchRequestEntry.2.MessageAttribute.1.Value.DataType': 'Binary',
      'SendMessageBatchRequestEntry.2.MessageAttribute.1.Value.BinaryValue': 'AP8=',
    }),
    '/',
  );
  expect(input['Entries']).toEqual([
    { Id: 'second', DelaySeconds: 7, MessageAttributes: { picture: { DataType: 'Binary', BinaryValue: 'AP8=' } } },
    { Id: 'tenth' },
  ]);
});

test('an SQS form that is sent to the path of a queue need not contain QueueUrl', () => {
  const { input } = parseQueryCall(
    form({ Action: 'ReceiveMessage', 'AttributeName.1': 'All' }),
    '/123456789012/orders',
  );
  expect(input).toEqual({ QueueUrl: '/123456789012/orders', AttributeNames: ['All'] });
});

test('an SQS form with an invalid number is refused, and the error names the parameter', () => {
  const call = (): unknown => parseQueryCall(form({ Action: 'ReceiveMessage', WaitTimeSeconds: 'long' }), '/');
  expect(call).toThrow(/WaitTimeSeconds/);
});

test('an SQS form without an Action is refused', () => {
  expect(() => parseQueryCall('Version=2012-11-05', '/')).toThrow(SqsRefusal);
});

test('a parameter of an SQS form may have the name of an inherited object member', () => {
  const { input } = parseQueryCall(form({ Action: 'ListQueues', 'constructor.1': 'x', '__proto__.1': 'y' }), '/');
  expect(Object.getPrototypeOf(input)).toBe(Object.prototype);
  expect(({} as Record<string, unknown>)['1']).toBeUndefined();
});

test.each(['ReceiveMessage', 'ListQueues', 'ListQueueTags', 'GetQueueAttributes'])(
  'an empty answer to %s still has a result element, because clients look for it',
  (operation) => {
    expect(xmlAnswer(operation, {}).body).toContain(`><${operation}Result></${operation}Result><ResponseMetadata>`);
  },
);

test.each(['DeleteMessage', 'PurgeQueue', 'TagQueue'])('the answer to %s has no result element', (operation) => {
  expect(xmlAnswer(operation, {}).body).not.toContain('Result>');
});
