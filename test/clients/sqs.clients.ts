import { afterAll, expect, test } from 'vitest';
import type { Stack } from '../../lib/local/stack/stack.ts';
import { sharedStack } from '../fixtures/stack.ts';
import { type Boto3, type Boto3Client, startBoto3 } from './boto3.ts';

/* The boto3 of Debian uses the older query protocol of SQS: requests are forms and answers are XML. */

let stack: Stack;
let boto3: Boto3;
let sqs: Boto3Client;
let queues = 0;

sharedStack.beforeAll(({ stack: started }) => {
  stack = started;
  boto3 = startBoto3(stack.url);
  sqs = boto3.client('sqs');
});

afterAll(() => boto3.close());

interface Received {
  readonly Messages?: readonly {
    readonly Body: string;
    readonly ReceiptHandle: string;
    readonly Attributes?: Readonly<Record<string, string>>;
    readonly MessageAttributes?: object;
  }[];
}

async function createQueue(Attributes: object = {}): Promise<string> {
  queues += 1;
  const { QueueUrl } = await sqs<{ QueueUrl: string }>('create_queue', { QueueName: `queue-${queues}`, Attributes });
  return QueueUrl;
}

async function receive(QueueUrl: string, more: object = {}) {
  const { Messages = [] } = await sqs<Received>('receive_message', {
    QueueUrl,
    MaxNumberOfMessages: 10,
    AttributeNames: ['All'],
    MessageAttributeNames: ['All'],
    ...more,
  });
  return Messages;
}

async function attributesOf(QueueUrl: string): Promise<Readonly<Record<string, string>>> {
  const { Attributes } = await sqs<{ Attributes: Readonly<Record<string, string>> }>('get_queue_attributes', {
    QueueUrl,
    AttributeNames: ['All'],
  });
  return Attributes;
}

const text = (StringValue: string) => ({ DataType: 'String', StringValue });

test('a queue with the address of the stack can be created, found, listed, changed and deleted', async () => {
  const QueueUrl = await createQueue({ VisibilityTimeout: '17' });
  const QueueName = `queue-${queues}`;
  expect(QueueUrl).toBe(`${stack.url}/123456789012/${QueueName}`);
  expect(await sqs('get_queue_url', { QueueName })).toEqual({ status: 200, QueueUrl });
  expect(await sqs('list_queues', { QueueNamePrefix: QueueName })).toMatchObject({ QueueUrls: [QueueUrl] });
  expect(await attributesOf(QueueUrl)).toMatchObject({
    QueueArn: `arn:aws:sqs:us-east-1:123456789012:${QueueName}`,
    VisibilityTimeout: '17',
    ApproximateNumberOfMessages: '0',
  });
  await sqs('set_queue_attributes', { QueueUrl, Attributes: { VisibilityTimeout: '18' } });
  expect(await attributesOf(QueueUrl)).toMatchObject({ VisibilityTimeout: '18' });
  await sqs('delete_queue', { QueueUrl });
  await expect(sqs('get_queue_url', { QueueName })).rejects.toMatchObject({
    code: 'AWS.SimpleQueueService.NonExistentQueue',
    status: 400,
  });
});

test('a message with any text, any bytes and attributes of each type is received unchanged', async () => {
  const QueueUrl = await createQueue();
  const MessageBody = ' {"to": "Zoë & <Søn>", "quote": "\\"\'", "far": "😀"}\r\n\tend + 100%= ';
  const MessageAttributes = {
    'a.text': text('a+b=c&d%20 😀'),
    count: { DataType: 'Number', StringValue: '-1.50' },
    bytes: { DataType: 'Binary.png', BinaryValue: { bytes: 'AAH/gDw+Jg0K' } },
  };
  // boto3 checks the digests in the answer itself.
  const sent = await sqs<{ MD5OfMessageBody: string }>('send_message', { QueueUrl, MessageBody, MessageAttributes });
  const [message, ...others] = await receive(QueueUrl);
  expect(message).toMatchObject({ Body: MessageBody, MD5OfBody: sent.MD5OfMessageBody, MessageAttributes });
  expect(message?.Attributes).toMatchObject({ ApproximateReceiveCount: '1', SenderId: '123456789012' });
  expect(others).toEqual([]);
});

test('a received message is hidden until its visibility timeout ends or it is deleted', async () => {
  const QueueUrl = await createQueue();
  await sqs('send_message', { QueueUrl, MessageBody: 'once' });
  const [first] = await receive(QueueUrl);
  expect(await receive(QueueUrl)).toEqual([]);
  const shown = { QueueUrl, ReceiptHandle: first?.ReceiptHandle, VisibilityTimeout: 0 };
  await sqs('change_message_visibility', shown);
  const [again] = await receive(QueueUrl, { WaitTimeSeconds: 5 });
  expect(again?.Attributes?.['ApproximateReceiveCount']).toBe('2');
  await sqs('delete_message', { QueueUrl, ReceiptHandle: again?.ReceiptHandle });
  expect(await attributesOf(QueueUrl)).toMatchObject({
    ApproximateNumberOfMessages: '0',
    ApproximateNumberOfMessagesNotVisible: '0',
  });
});

test('an invalid entry of a batch fails without the other entries', async () => {
  const QueueUrl = await createQueue();
  const Entries = [
    { Id: 'good', MessageBody: 'one', MessageAttributes: { kind: text('first') } },
    { Id: 'late', MessageBody: 'never', DelaySeconds: 901 },
    { Id: 'fine', MessageBody: 'two' },
  ];
  expect(await sqs('send_message_batch', { QueueUrl, Entries })).toMatchObject({
    Successful: [{ Id: 'good' }, { Id: 'fine' }],
    Failed: [{ Id: 'late', SenderFault: true, Code: 'InvalidParameterValue' }],
  });
  const messages = await receive(QueueUrl);
  expect(messages.map(({ Body, MessageAttributes }) => [Body, MessageAttributes])).toEqual([
    ['one', { kind: text('first') }],
    ['two', undefined],
  ]);
  const handles = messages.map(({ ReceiptHandle }, index) => ({ Id: `n${index}`, ReceiptHandle }));
  expect(await sqs('delete_message_batch', { QueueUrl, Entries: handles })).toMatchObject({
    Successful: [{ Id: 'n0' }, { Id: 'n1' }],
  });
});

test('PurgeQueue empties a queue', async () => {
  const QueueUrl = await createQueue();
  await sqs('send_message', { QueueUrl, MessageBody: 'unwanted' });
  await sqs('purge_queue', { QueueUrl });
  expect(await receive(QueueUrl)).toEqual([]);
});

test('tags are added to a queue, listed and removed', async () => {
  queues += 1;
  const created = { QueueName: `queue-${queues}`, tags: { team: 'shop & bank' } };
  const { QueueUrl } = await sqs<{ QueueUrl: string }>('create_queue', created);
  await sqs('tag_queue', { QueueUrl, Tags: { stage: 'test' } });
  await sqs('untag_queue', { QueueUrl, TagKeys: ['team'] });
  expect(await sqs('list_queue_tags', { QueueUrl })).toMatchObject({ Tags: { stage: 'test' } });
});

test('a message that was received too often is moved to the dead-letter queue', async () => {
  const deadLetters = await createQueue();
  const deadLetterTargetArn = (await attributesOf(deadLetters))['QueueArn'];
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 });
  const QueueUrl = await createQueue({ RedrivePolicy, VisibilityTimeout: '0' });
  expect((await attributesOf(QueueUrl))['RedrivePolicy']).toBe(RedrivePolicy);
  await sqs('send_message', { QueueUrl, MessageBody: 'poison' });
  await receive(QueueUrl);
  await receive(QueueUrl);
  expect(await receive(deadLetters)).toMatchObject([{ Body: 'poison' }]);
});

test.each([
  ['a queue that is not there', { QueueUrl: 'nowhere' }, 'AWS.SimpleQueueService.NonExistentQueue'],
  ['a delay over 900 s', { DelaySeconds: 901 }, 'InvalidParameterValue'],
  ['a body of control characters', { MessageBody: '\u0001' }, 'InvalidMessageContents'],
  ['an attribute without a value', { MessageAttributes: { empty: text('') } }, 'InvalidParameterValue'],
])('SendMessage with %s is refused with the error code of SQS', async (_, changes, code) => {
  const QueueUrl = `${stack.url}/123456789012/lastmile-local-deliveries`;
  await expect(sqs('send_message', { QueueUrl, MessageBody: 'x', ...changes })).rejects.toMatchObject({
    code,
    status: 400,
  });
});

test('boto3 reads an empty receipt, an empty list and an empty answer', async () => {
  const QueueUrl = await createQueue();
  expect(await sqs('receive_message', { QueueUrl })).toEqual({ status: 200 });
  expect(await sqs('list_queues', { QueueNamePrefix: 'no-such-queue' })).toEqual({ status: 200 });
  expect(await sqs('list_queue_tags', { QueueUrl })).toEqual({ status: 200 });
  expect(await sqs('delete_queue', { QueueUrl })).toEqual({ status: 200 });
});
