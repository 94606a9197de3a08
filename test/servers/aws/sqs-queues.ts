import { randomUUID } from 'node:crypto';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { createSqsClient } from '../../../lib/adapters/aws/sqs-client.ts';
import type { QueueMessage } from '../../../lib/core/message/queue-message.ts';
import { type FaultyProxy, startFaultyProxy } from './faulty-proxy.ts';

export const account = '123456789012';
export const region = 'us-east-1';

/** SQS of a local stack over HTTP, behind a proxy that records requests and can let them fail. */
export interface ProxiedSqs {
  readonly proxy: FaultyProxy;
  /** The settings of clients that use the proxy. */
  readonly clientConfig: {
    readonly region: string;
    readonly endpoint: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** @param attributes of the queue; SQS sets its defaults for all others */
  newQueue(attributes?: Record<string, string>): Promise<SqsQueue>;
  stop(): Promise<void>;
}

/** Direct access to a queue, without the proxy. */
export interface SqsQueue {
  readonly url: string;
  readonly arn: string;
  send(message: QueueMessage): Promise<void>;
  /** Up to ten visible messages. */
  receive(): Promise<readonly Message[]>;
  /** Receives until the queue has no visible message left. */
  receiveAll(): Promise<readonly Message[]>;
  /** The number of messages in the queue, delayed and received ones included. */
  count(): Promise<number>;
  remove(receiptHandle: string): Promise<void>;
}

export async function startProxiedSqs(stackUrl: string): Promise<ProxiedSqs> {
  const proxy = await startFaultyProxy(stackUrl);
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = createSqsClient({ region, endpoint: stackUrl, credentials });
  return {
    proxy,
    clientConfig: { region, endpoint: proxy.endpoint, credentials },
    async newQueue(Attributes = {}) {
      const isFifo = Attributes['FifoQueue'] === 'true';
      const QueueName = `queue-${randomUUID()}${isFifo ? '.fifo' : ''}`;
      const { QueueUrl: url = '' } = await client.send(new CreateQueueCommand({ QueueName, Attributes }));
      return queueOf(client, url, `arn:aws:sqs:${region}:${account}:${QueueName}`);
    },
    async stop() {
      client.destroy();
      await proxy.stop();
    },
  };
}

const counted = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

function queueOf(client: SQSClient, QueueUrl: string, arn: string): SqsQueue {
  async function receive(): Promise<readonly Message[]> {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      }),
    );
    return Messages;
  }
  return {
    url: QueueUrl,
    arn,
    receive,
    async count() {
      const AttributeNames = counted.map((name) => name);
      const { Attributes = {} } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
      return counted.reduce((sum, name) => sum + Number(Attributes[name]), 0);
    },
    async remove(ReceiptHandle) {
      await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    },
    async send({ body, attributes }) {
      const MessageAttributes = Object.fromEntries(
        Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
      );
      await client.send(new SendMessageCommand({ QueueUrl, MessageBody: body, MessageAttributes }));
    },
    async receiveAll() {
      const all: Message[] = [];
      for (;;) {
        const some = await receive();
        if (some.length === 0) return all;
        all.push(...some);
      }
    },
  };
}

/** Converts a message of the SDK. An attribute without a string value becomes an empty text. */
export function messageOf({ Body = '', MessageAttributes = {} }: Message): QueueMessage {
  const entries = Object.entries(MessageAttributes).map(([name, { StringValue = '' }]) => [name, StringValue]);
  return { body: Body, attributes: Object.fromEntries(entries) };
}
