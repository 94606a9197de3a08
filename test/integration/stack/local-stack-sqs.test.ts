import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { createSqsClient } from '../../../lib/adapters/aws/sqs-client.ts';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import { sharedStack } from '../../fixtures/stack.ts';

let stack: Stack;
let client: SQSClient;
let clientIn: (region: string) => SQSClient;
let queues = 0;

sharedStack.override('stackOptions', { functions: [], account: '111122223333' });

sharedStack.beforeAll(({ stack: started, clients, clientsWith }) => {
  stack = started;
  client = clients.sqs;
  clientIn = (region) => clientsWith({ region }).sqs;
});

async function newQueue(Attributes: Record<string, string> = {}): Promise<string> {
  queues += 1;
  const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: `queue-${queues}`, Attributes }));
  return QueueUrl;
}

async function receive(QueueUrl: string, options: object = {}): Promise<Message> {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 2, MessageAttributeNames: ['All'], ...options }),
  );
  return Messages[0] ?? {};
}

interface Refused {
  readonly __type: string;
}

/** Makes a call in the query protocol. */
async function query(parameters: Record<string, string>, path = '/'): Promise<{ status: number; xml: string }> {
  const credential = 'AKID/20260101/us-east-1/sqs/aws4_request';
  const headers = { authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0` };
  const body = new URLSearchParams({ Version: '2012-11-05', ...parameters });
  const response = await fetch(`${stack.url}${path}`, { method: 'POST', headers, body });
  return { status: response.status, xml: await response.text() };
}

test('queue URLs contain the address and the account of the stack', async () => {
  const QueueUrl = await newQueue();
  expect(QueueUrl).toBe(`${stack.url}/111122223333/queue-${queues}`);
  const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  expect(Attributes).toEqual({ QueueArn: `arn:aws:sqs:us-east-1:111122223333:queue-${queues}` });
});

test('queue URLs contain the host name of the request', async () => {
  const endpoint = stack.url.replace('127.0.0.1', 'localhost');
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const local = createSqsClient({ region: 'us-east-1', endpoint, credentials });
  const { QueueUrl } = await local.send(new GetQueueUrlCommand({ QueueName: 'lastmile-local-deliveries' }));
  expect(QueueUrl).toBe(`${endpoint}/111122223333/lastmile-local-deliveries`);
});

test('every region has a delivery queue, its dead-letter queue and a FIFO queue for ordered deliveries', async () => {
  const elsewhere = clientIn('eu-north-1');
  const { QueueUrls = [] } = await elsewhere.send(new ListQueuesCommand({}));
  expect(QueueUrls.map((url) => url.replace(/.*\//, ''))).toEqual([
    'lastmile-local-dead-letters',
    'lastmile-local-deliveries',
    'lastmile-local-ordered-deliveries.fifo',
  ]);
  const { Attributes } = await elsewhere.send(
    new GetQueueAttributesCommand({ QueueUrl: QueueUrls[1], AttributeNames: ['RedrivePolicy'] }),
  );
  expect(JSON.parse(String(Attributes?.['RedrivePolicy'])).deadLetterTargetArn).toBe(
    'arn:aws:sqs:eu-north-1:111122223333:lastmile-local-dead-letters',
  );
});

test('a message with binary attributes and characters beyond U+FFFF is received unchanged', async () => {
  const QueueUrl = await newQueue();
  const MessageBody = '{"name":"Zoë 😀","tab":"\t"}\r\n<&>';
  const MessageAttributes = {
    text: { DataType: 'String', StringValue: '😀' },
    count: { DataType: 'Number', StringValue: '12' },
    bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255]) },
  };
  const sent = await client.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes }));
  const received = await receive(QueueUrl);
  expect(received).toMatchObject({ Body: MessageBody, MessageAttributes });
  expect(received.MD5OfMessageAttributes).toBe(sent.MD5OfMessageAttributes);
});

test('ReceiveMessage returns only the requested message attributes, with their digest', async () => {
  const QueueUrl = await newQueue({ VisibilityTimeout: '0' });
  const text = (StringValue: string) => ({ DataType: 'String', StringValue });
  const MessageAttributes = { wanted: text('1'), other: text('2') };
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageAttributes }));
  const alone = await client.send(
    new SendMessageCommand({
      QueueUrl: await newQueue(),
      MessageBody: 'x',
      MessageAttributes: { wanted: text('1') },
    }),
  );
  const some = await receive(QueueUrl, { MessageAttributeNames: ['wanted'] });
  expect(some.MessageAttributes).toEqual({ wanted: text('1') });
  expect(some.MD5OfMessageAttributes).toBe(alone.MD5OfMessageAttributes);
  const none = await receive(QueueUrl, { MessageAttributeNames: [] });
  expect([none.Body, none.MessageAttributes, none.MD5OfMessageAttributes]).toEqual(['x', undefined, undefined]);
});

test('a message that was received too often goes to the dead-letter queue of the redrive policy', async () => {
  const deadLetters = await newQueue();
  const arn = `arn:aws:sqs:us-east-1:111122223333:queue-${queues}`;
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: 1 });
  const QueueUrl = await newQueue({ VisibilityTimeout: '0', RedrivePolicy });
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'poison' }));
  expect((await receive(QueueUrl)).Body).toBe('poison');
  expect((await receive(QueueUrl, { WaitTimeSeconds: 0 })).Body).toBeUndefined();
  expect((await receive(deadLetters)).Body).toBe('poison');
});

test('a redrive policy is refused when its queue does not exist or belongs to another account', async () => {
  const QueueUrl = await newQueue();
  for (const arn of ['arn:aws:sqs:us-east-1:111122223333:no', 'arn:aws:sqs:us-east-1:000000000000:queue-1']) {
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: 3 });
    const set = new SetQueueAttributesCommand({ QueueUrl, Attributes: { RedrivePolicy } });
    await expect(client.send(set)).rejects.toThrow(/Dead letter target does not exist/);
  }
});

test.each([
  ['129 characters', 'x'.repeat(129)],
  ['a blank', 'two words'],
  ['an umlaut', 'gröup'],
])(
  'an entry whose message group has %s is refused, and the other entries of its batch are accepted',
  async (_what, MessageGroupId) => {
    const QueueUrl = await newQueue();
    const bad = { MessageBody: 'x', MessageGroupId };
    await expect(client.send(new SendMessageCommand({ QueueUrl, ...bad }))).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message: expect.stringMatching(/^Value .* for parameter MessageGroupId is invalid\. Reason: /),
    });
    const Entries = [
      { Id: 'bad', ...bad },
      { Id: 'good', MessageBody: 'x', MessageGroupId: 'x'.repeat(128) },
    ];
    const { Failed, Successful } = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    expect([Failed, Successful]).toMatchObject([
      [{ Id: 'bad', Code: 'InvalidParameterValue', SenderFault: true }],
      [{ Id: 'good' }],
    ]);
  },
);

test('a message with a delay over 900 s or with eleven attributes is refused', async () => {
  const QueueUrl = await newQueue();
  const late = new SendMessageCommand({ QueueUrl, MessageBody: 'x', DelaySeconds: 901 });
  await expect(client.send(late)).rejects.toMatchObject({
    name: 'InvalidParameterValue',
    message: 'Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.',
  });
  const names = Array.from({ length: 11 }, (_, index) => [`a${index}`, { DataType: 'String', StringValue: 'v' }]);
  const many = { QueueUrl, MessageBody: 'x', MessageAttributes: Object.fromEntries(names) };
  await expect(client.send(new SendMessageCommand(many))).rejects.toThrow(/\[11\] exceeds the allowed maximum \[10\]/);
  const empty = { DataType: 'String', StringValue: '' };
  const withEmpty = { QueueUrl, MessageBody: 'x', MessageAttributes: { empty } };
  await expect(client.send(new SendMessageCommand(withEmpty))).rejects.toThrow(/'empty'.*non-empty/);
});

test('only the invalid entry of a batch fails', async () => {
  const QueueUrl = await newQueue();
  const { Successful, Failed } = await client.send(
    new SendMessageBatchCommand({
      QueueUrl,
      Entries: [
        { Id: 'good', MessageBody: '1', DelaySeconds: 0 },
        { Id: 'late', MessageBody: '2', DelaySeconds: 901 },
      ],
    }),
  );
  expect(Successful?.map((entry) => entry.Id)).toEqual(['good']);
  expect(Failed).toMatchObject([{ Id: 'late', SenderFault: true, Code: 'InvalidParameterValue' }]);
});

test('a queue URL with another account or without an account is refused', async () => {
  for (const QueueUrl of [`${stack.url}/000000000000/lastmile-local-deliveries`, `${stack.url}/x`]) {
    await expect(client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }))).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
    });
  }
});

test.each([
  ['half a JSON object', '{'],
  ['a number in place of a string', '{"QueueUrl":1,"MessageBody":"x"}'],
  ['a string in place of a number', '{"QueueUrl":"x","DelaySeconds":"1"}'],
  ['null in a list of names', '{"QueueUrl":"x","AttributeNames":[null]}'],
  ['a number in the list of entries', '{"QueueUrl":"x","Entries":[1]}'],
])('a request to SQS with %s is refused with a SerializationException', async (_what, body) => {
  const headers = { 'x-amz-target': 'AmazonSQS.SendMessage', 'content-type': 'application/x-amz-json-1.0' };
  const response = await fetch(stack.url, { method: 'POST', headers, body });
  expect([response.status, ((await response.json()) as Refused).__type]).toEqual([400, 'SerializationException']);
});

test('messages can be sent, received, made visible again and deleted in the query protocol', async () => {
  const QueueUrl = await newQueue();
  const sent = await query({
    Action: 'SendMessage',
    QueueUrl,
    MessageBody: 'a <b> & "c"\r\n😀',
    'MessageAttribute.1.Name': 'bytes',
    'MessageAttribute.1.Value.DataType': 'Binary',
    'MessageAttribute.1.Value.BinaryValue': 'AP8=',
  });
  expect(sent.xml).toMatch(/<SendMessageResult><MessageId>.*<MD5OfMessageBody>[0-9a-f]{32}<.*<\/SendMessageResult>/);
  const names = { 'AttributeName.1': 'All', 'MessageAttributeName.1': 'All' };
  const { xml } = await query({ Action: 'ReceiveMessage', ...names }, new URL(QueueUrl).pathname);
  expect(xml).toContain('<Body>a &lt;b&gt; &amp; &quot;c&quot;&#xD;\n😀</Body>');
  expect(xml).toContain('<Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute>');
  expect(xml).toMatch(
    /<MessageAttribute><Name>bytes<\/Name><Value><DataType>Binary<\/DataType><BinaryValue>AP8=<\/BinaryValue><\/Value>/,
  );
  const ReceiptHandle = /<ReceiptHandle>(.*?)</.exec(xml)?.[1] ?? '';
  await query({ Action: 'ChangeMessageVisibility', QueueUrl, ReceiptHandle, VisibilityTimeout: '0' });
  const again = await receive(QueueUrl);
  expect(again.Body).toBe('a <b> & "c"\r\n😀');
  await query({ Action: 'DeleteMessage', QueueUrl, ReceiptHandle: String(again.ReceiptHandle) });
  await expect(
    client.send(
      new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: again.ReceiptHandle, VisibilityTimeout: 1 }),
    ),
  ).rejects.toMatchObject({ name: 'MessageNotInflight' });
  await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: again.ReceiptHandle }));
});

const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1';
const MessageSystemAttributes = { AWSTraceHeader: { DataType: 'String', StringValue: traceHeader } } as const;
const ten = Object.fromEntries(
  Array.from({ length: 10 }, (_, index) => [`a${index}`, { DataType: 'String', StringValue: `${index}` }]),
);

test('a message is received with the AWSTraceHeader that it was sent with, beside ten attributes of its own', async () => {
  const QueueUrl = await newQueue({ VisibilityTimeout: '0' });
  const message = { MessageBody: 'x', MessageAttributes: ten };
  const plain = await client.send(new SendMessageCommand({ QueueUrl: await newQueue(), ...message }));
  const sent = await client.send(new SendMessageCommand({ QueueUrl, ...message, MessageSystemAttributes }));
  expect(sent.MD5OfMessageAttributes).toBe(plain.MD5OfMessageAttributes);
  for (const MessageAttributeNames of [['All'], ['a.*', ...Object.keys(ten)]]) {
    const asked = { MessageAttributeNames, MessageSystemAttributeNames: ['AWSTraceHeader'] };
    const received = await receive(QueueUrl, asked);
    expect(received.Attributes).toEqual({ AWSTraceHeader: traceHeader });
    expect(received.MessageAttributes).toEqual(ten);
    expect(received.MD5OfMessageAttributes).toBe(plain.MD5OfMessageAttributes);
  }
  expect((await receive(QueueUrl, { AttributeNames: ['All'] })).Attributes).toMatchObject({
    AWSTraceHeader: traceHeader,
    ApproximateReceiveCount: '3',
  });
});

test('a message is received without its AWSTraceHeader when the call does not ask for it', async () => {
  const QueueUrl = await newQueue({ VisibilityTimeout: '0' });
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageSystemAttributes }));
  const received = await receive(QueueUrl, { AttributeNames: ['SentTimestamp'] });
  expect(Object.keys(received.Attributes ?? {})).toEqual(['SentTimestamp']);
  expect(received).not.toHaveProperty('MessageAttributes');
  expect(await receive(QueueUrl, { MessageAttributeNames: [] })).not.toHaveProperty('Attributes');
});

test('an entry of a batch keeps its AWSTraceHeader, and the answer has the digest of its own attributes', async () => {
  const QueueUrl = await newQueue();
  const MessageAttributes = { a0: { DataType: 'String', StringValue: '0' } };
  const entry = { MessageBody: 'x', MessageAttributes };
  const Entries = [
    { ...entry, Id: 'traced', MessageSystemAttributes },
    { ...entry, Id: 'plain' },
    { Id: 'bare', MessageBody: 'x', MessageSystemAttributes },
  ];
  const { Successful = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  const [traced, plain, bare] = Entries.map(({ Id }) => Successful.find((each) => each.Id === Id));
  expect(traced?.MD5OfMessageAttributes).toBe(plain?.MD5OfMessageAttributes);
  expect(bare).not.toHaveProperty('MD5OfMessageAttributes');
  expect((await receive(QueueUrl, { AttributeNames: ['AWSTraceHeader'] })).Attributes).toEqual({
    AWSTraceHeader: traceHeader,
  });
});

test('a client cannot send an attribute with the name under which the stack keeps AWSTraceHeader', async () => {
  const QueueUrl = await newQueue();
  const MessageAttributes = { 'AWS.TraceHeader': { DataType: 'String', StringValue: 'x' } };
  await expect(
    client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageAttributes })),
  ).rejects.toMatchObject({ name: 'InvalidParameterValue' });
});

test('the answer to a batch in the query protocol has a result for each entry', async () => {
  const QueueUrl = await newQueue();
  const entry = (number: number, Id: string, delay: string) => ({
    [`SendMessageBatchRequestEntry.${number}.Id`]: Id,
    [`SendMessageBatchRequestEntry.${number}.MessageBody`]: Id,
    [`SendMessageBatchRequestEntry.${number}.DelaySeconds`]: delay,
  });
  const { xml } = await query({ Action: 'SendMessageBatch', QueueUrl, ...entry(1, 'a', '0'), ...entry(2, 'b', '901') });
  expect(xml).toMatch(/<SendMessageBatchResultEntry><Id>a<\/Id><MessageId>/);
  expect(xml).toMatch(/<BatchResultErrorEntry><Id>b<\/Id><SenderFault>true<\/SenderFault><Code>InvalidParameterValue</);
});

test('queues can be created, found, listed, changed, purged and deleted in the query protocol', async () => {
  const made = await query({
    Action: 'CreateQueue',
    QueueName: 'by-form',
    'Attribute.1.Name': 'VisibilityTimeout',
    'Attribute.1.Value': '7',
  });
  const QueueUrl = `${stack.url}/111122223333/by-form`;
  expect(made.xml).toContain(`<CreateQueueResult><QueueUrl>${QueueUrl}</QueueUrl></CreateQueueResult>`);
  expect((await query({ Action: 'GetQueueUrl', QueueName: 'by-form' })).xml).toContain(`<QueueUrl>${QueueUrl}<`);
  expect((await query({ Action: 'ListQueues', QueueNamePrefix: 'by-' })).xml).toContain(`<QueueUrl>${QueueUrl}<`);
  const attributes = { Action: 'GetQueueAttributes', QueueUrl, 'AttributeName.1': 'VisibilityTimeout' };
  expect((await query(attributes)).xml).toContain('<Name>VisibilityTimeout</Name><Value>7</Value>');
  const change = { 'Attribute.1.Name': 'VisibilityTimeout', 'Attribute.1.Value': '8' };
  await query({ Action: 'SetQueueAttributes', QueueUrl, ...change });
  expect((await query(attributes)).xml).toContain('<Value>8</Value>');
  expect((await query({ Action: 'PurgeQueue', QueueUrl })).xml).toMatch(/^<\?xml version="1.0"\?><PurgeQueueResponse /);
  await query({ Action: 'DeleteQueue', QueueUrl });
  expect(await query({ Action: 'GetQueueUrl', QueueName: 'by-form' })).toEqual({
    status: 400,
    xml: expect.stringContaining('<Code>AWS.SimpleQueueService.NonExistentQueue</Code>'),
  });
});

test('creating an existing queue with other attributes is refused with the error code of the query protocol', async () => {
  await newQueue({ VisibilityTimeout: '5' });
  const { xml } = await query({
    Action: 'CreateQueue',
    QueueName: `queue-${queues}`,
    'Attribute.1.Name': 'VisibilityTimeout',
    'Attribute.1.Value': '6',
  });
  expect(xml).toContain('<Type>Sender</Type><Code>QueueAlreadyExists</Code>');
});
