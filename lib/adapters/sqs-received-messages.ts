import type { SQSClient } from '@aws-sdk/client-sqs';
import { DeleteMessageCommand } from '@aws-sdk/client-sqs';
import type { ReceivedMessages } from '../ports.ts';
import { fromAwsError } from './aws-failures.ts';

export function createSqsReceivedMessages(sqs: SQSClient, queueUrl: string): ReceivedMessages {
  return {
    async remove(receiptHandle) {
      try {
        await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: receiptHandle }));
      } catch (error) {
        throw fromAwsError(error, 'delete a settled message');
      }
    },
  };
}
