import { expect, test } from 'vitest';
import { sqsRecord } from '../../../../lib/local/sqs/receive.ts';

const source = { account: '111122223333', region: 'eu-west-1', queueName: 'orders' };
const received = {
  MessageId: 'm-1',
  ReceiptHandle: 'r-1',
  Body: '{"n":1.0}',
  MD5OfBody: '0123',
  MD5OfMessageAttributes: '4567',
  Attributes: {
    SenderId: '111122223333',
    SentTimestamp: '1767225600000',
    ApproximateReceiveCount: '2',
    ApproximateFirstReceiveTimestamp: '1767225600123',
  },
  MessageAttributes: {
    LASTMILE: { DataType: 'String', StringValue: '{"v":1}' },
    raw: { DataType: 'Binary', BinaryValue: 'AP8=' },
  },
};

test('an SQS message becomes the record that Lambda passes to a function', () => {
  expect(sqsRecord(received, source)).toEqual({
    messageId: 'm-1',
    receiptHandle: 'r-1',
    body: '{"n":1.0}',
    attributes: received.Attributes,
    messageAttributes: {
      LASTMILE: { dataType: 'String', stringValue: '{"v":1}', stringListValues: [], binaryListValues: [] },
      raw: { dataType: 'Binary', binaryValue: 'AP8=', stringListValues: [], binaryListValues: [] },
    },
    md5OfBody: '0123',
    md5OfMessageAttributes: '4567',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:eu-west-1:111122223333:orders',
    awsRegion: 'eu-west-1',
  });
});

test('the record of an SQS message without attributes has no digest of attributes', () => {
  const { MessageAttributes: _, MD5OfMessageAttributes: __, ...bare } = received;
  const record = sqsRecord(bare, source);
  expect(record.messageAttributes).toEqual({});
  expect(record).not.toHaveProperty('md5OfMessageAttributes');
});

test('the ARN of a queue in a Chinese region has the partition aws-cn', () => {
  expect(sqsRecord(received, { ...source, region: 'cn-north-1' }).eventSourceARN).toBe(
    'arn:aws-cn:sqs:cn-north-1:111122223333:orders',
  );
});
