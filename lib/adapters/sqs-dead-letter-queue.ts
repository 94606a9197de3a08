import type { MessageAttributeValue, SQSClient } from '@aws-sdk/client-sqs';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { failures } from '../core/failure.ts';
import type { DeadLetter, DeadLetterQueue } from '../ports.ts';
import { fromAwsError } from './aws-failures.ts';

/** The stack's own dead-letter queue, in the form of EventBridge's: the original event as body, the reason as attributes. */
export function createSqsDeadLetterQueue(sqs: SQSClient, queueUrl: string): DeadLetterQueue {
  return {
    async send(deadLetter) {
      const message = { QueueUrl: queueUrl, MessageBody: deadLetter.body, MessageAttributes: attributesOf(deadLetter) };
      try {
        await sqs.send(new SendMessageCommand(message));
      } catch (error) {
        throw fromAwsError(error, 'send to the dead-letter queue');
      }
    },
  };
}

/** Source: EventBridge user guide, dead-letter queues. SQS refuses empty values: what is not known is left out. */
function attributesOf(deadLetter: DeadLetter): Record<string, MessageAttributeValue> {
  const values = {
    RULE_ARN: deadLetter.delivery?.rule,
    TARGET_ARN: deadLetter.delivery?.target.Arn ?? deadLetter.delivery?.apiDestination,
    ERROR_CODE: failures[deadLetter.code].errorCode,
    ERROR_MESSAGE: deadLetter.reason,
    RETRY_ATTEMPTS: String(Math.max(0, deadLetter.attempts - 1)),
  };
  const attributes: Record<string, MessageAttributeValue> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== '') attributes[name] = { DataType: 'String', StringValue: value };
  }
  return attributes;
}
