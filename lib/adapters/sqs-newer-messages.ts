import type { MessageAttributeValue, SendMessageCommandInput, SQSClient } from '@aws-sdk/client-sqs';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { Buffer } from 'node:buffer';
import { withReason } from '../core/newer-message.ts';
import type { RawMessage } from '../core/raw-message.ts';
import type { NewerMessages } from '../ports.ts';
import { fromAwsError } from './aws-failures.ts';
import { maxDelaySeconds } from './sqs-delivery-queue.ts';

/** One call for each: as many lie in a queue only while two versions of a stack run. */
export function createSqsNewerMessages(sqs: SQSClient, queueUrl: string, deadLetterQueueUrl: string): NewerMessages {
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
