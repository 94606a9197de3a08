import type { MessageAttributeValue, SendMessageCommandInput, SQSClient } from '@aws-sdk/client-sqs';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { Buffer } from 'node:buffer';
import type { RawMessage } from '../core/raw-message.ts';
import { withReason } from '../core/raw-message.ts';
import type { RawMessages } from '../ports.ts';
import { fromAwsError } from './aws-failures.ts';
import { maxDelaySeconds } from './sqs-delivery-queue.ts';

/** One call for each: many of them lie in a queue only while two versions of a stack run. */
export function createSqsRawMessages(sqs: SQSClient, queueUrl: string, deadLetterQueueUrl: string): RawMessages {
  async function put(input: SendMessageCommandInput): Promise<void> {
    try {
      await sqs.send(new SendMessageCommand(input));
    } catch (error) {
      throw fromAwsError(error, 'send to a queue');
    }
  }

  return {
    async sendBack(message) {
      await put({ ...inputOf(message), QueueUrl: queueUrl, DelaySeconds: maxDelaySeconds });
      return maxDelaySeconds * 1000;
    },
    bury: (message, failure) => put({ ...inputOf(withReason(message, failure)), QueueUrl: deadLetterQueueUrl }),
  };
}

function inputOf({ body, attributes, group }: RawMessage): Omit<SendMessageCommandInput, 'QueueUrl'> {
  const MessageAttributes: Record<string, MessageAttributeValue> = {};
  for (const [name, { dataType, stringValue, binaryValue }] of Object.entries(attributes)) {
    const value = binaryValue === undefined ? { StringValue: stringValue } : { BinaryValue: bytesOf(binaryValue) };
    MessageAttributes[name] = { DataType: dataType, ...value };
  }
  return { MessageBody: body, MessageAttributes, ...(group !== undefined && { MessageGroupId: group }) };
}

function bytesOf(base64: string): Uint8Array {
  return Buffer.from(base64, 'base64');
}
