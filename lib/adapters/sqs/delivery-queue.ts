import { Buffer } from 'node:buffer';
import type { MessageAttributeValue, SQSClient, SendMessageCommandInput } from '@aws-sdk/client-sqs';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import {
  delaySecondsOf,
  formatQueuedDelivery,
  longestDelaySeconds,
  longestTurnDelaySeconds,
} from '../../core/message/queued-delivery.ts';
import type { RawMessage } from '../../core/message/raw-message.ts';
import { withReason } from '../../core/message/raw-message.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DeliveryQueue, RawMessages } from '../../ports/delivery.ts';
import { fromAwsError } from '../aws/failures.ts';
import { createSqsSender } from './batches.ts';
import type { QueueCalls } from './queue-calls.ts';

/**
 * Failure policy: a delivery that returns too early costs one message and no attempt. A delivery that returns too late leaves
 * a raised rate limit unused. So a delivery that waits for the rate returns at least each minute. Any other delivery returns
 * when its wait is over, or after the longest delay of SQS.
 */
export function createSqsDeliveryQueue(calls: QueueCalls, queueUrl: string, clock: Clock): DeliveryQueue {
  const send = createSqsSender(calls, queueUrl);
  return {
    async send(queued, group) {
      const mayReturnEarly = queued.turnGeneration !== undefined && queued.isUnhealthy !== true;
      const longest = mayReturnEarly ? longestTurnDelaySeconds : longestDelaySeconds;
      const delaySeconds = delaySecondsOf(queued, clock.nowMs(), longest);
      await send(formatQueuedDelivery(queued), { delaySeconds, group });
    },
  };
}

/** Sends messages one by one. Raw messages are rare, except while two versions of a stack run. */
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
      await put({ ...inputOf(message), QueueUrl: queueUrl, DelaySeconds: longestDelaySeconds });
      return longestDelaySeconds * 1000;
    },
    sendToDeadLetters: (message, failure) =>
      put({ ...inputOf(withReason(message, failure)), QueueUrl: deadLetterQueueUrl }),
  };
}

function inputOf({ body, attributes, group, traceHeader }: RawMessage): Omit<SendMessageCommandInput, 'QueueUrl'> {
  const MessageAttributes: Record<string, MessageAttributeValue> = {};
  for (const [name, { dataType, stringValue, binaryValue }] of Object.entries(attributes)) {
    const value = binaryValue === undefined ? { StringValue: stringValue } : { BinaryValue: bytesOf(binaryValue) };
    MessageAttributes[name] = { DataType: dataType, ...value };
  }
  return {
    MessageBody: body,
    MessageAttributes,
    ...(group !== undefined && { MessageGroupId: group }),
    ...(traceHeader !== undefined && {
      MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: traceHeader } },
    }),
  };
}

function bytesOf(base64: string): Uint8Array {
  return Buffer.from(base64, 'base64');
}
