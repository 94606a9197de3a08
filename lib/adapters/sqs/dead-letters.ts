import type { BatchResultErrorEntry, Message, SQSClient } from '@aws-sdk/client-sqs';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { Failure } from '../../core/failure/failure.ts';
import type { ReceivedMessage } from '../../core/message/sqs-event.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DeadLetterMessages } from '../../ports/delivery.ts';
import { fromAwsError } from '../aws/failures.ts';

/** With a long poll, SQS asks all its servers. A short poll may find nothing although the queue is not empty. */
const waitSeconds = 1;

/** The queue counts as empty after two empty answers in a row. */
const maxEmptyAnswers = 2;

/** Source: SQS API reference, ReceiveMessage, VisibilityTimeout. */
const maxHiddenSeconds = 43_200;

export function createSqsDeadLetters(sqs: SQSClient, queueUrl: string, clock: Clock): DeadLetterMessages {
  async function poll(hiddenForMs: number): Promise<readonly Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: waitSeconds,
      VisibilityTimeout: Math.min(maxHiddenSeconds, Math.ceil(hiddenForMs / 1000)),
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount', 'AWSTraceHeader'],
    });
    const { Messages = [] } = await performed('read the dead letters', () => sqs.send(command));
    return Messages;
  }

  return {
    async receive(hiddenForMs) {
      for (let answers = 0; answers < maxEmptyAnswers; answers += 1) {
        const messages = await poll(hiddenForMs);
        if (messages.length > 0) return messages.map((message) => receivedMessage(message, clock.nowMs()));
      }
      return [];
    },
    async remove(receiptHandles) {
      if (receiptHandles.length === 0) return;
      const Entries = receiptHandles.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
      const command = new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries });
      const { Failed } = await performed('delete from the dead letters', () => sqs.send(command));
      refuse(Failed, 'delete from the dead letters');
    },
    async release(receiptHandles) {
      if (receiptHandles.length === 0) return;
      const Entries = receiptHandles.map((ReceiptHandle, index) => {
        return { Id: String(index), ReceiptHandle, VisibilityTimeout: 0 };
      });
      const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries });
      const { Failed } = await performed('make the dead letters visible again', () => sqs.send(command));
      // With a sender fault, SQS says that the message is not in flight. So the message is already visible, and nothing has
      // failed.
      refuse(
        Failed?.filter(({ SenderFault }) => SenderFault !== true),
        'make the dead letters visible again',
      );
    },
  };
}

/** @throws Failure when an entry of a batch has failed */
function refuse(failed: readonly BatchResultErrorEntry[] | undefined, what: string): void {
  const [first] = failed ?? [];
  if (first !== undefined)
    throw new Failure('StoreUnavailable', `Could not ${what}: ${first.Code ?? 'no reason given'}.`);
}

async function performed<Answer>(what: string, call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    // Source: SQS developer guide, quotas: 120,000 messages of a queue may be in flight.
    if (error instanceof Error && error.name === 'OverLimit') {
      throw new Failure('StoreUnavailable', `Could not ${what}: too many of them are in flight.`, { cause: error });
    }
    throw fromAwsError(error, what);
  }
}

/** @param nowMs used when the message has no sent time */
function receivedMessage(message: Message, nowMs: number): ReceivedMessage {
  const { MessageId = '', ReceiptHandle = '', Body = '', MessageAttributes = {}, Attributes = {} } = message;
  const attributes: Record<string, string> = Object.create(null);
  for (const [name, { StringValue }] of Object.entries(MessageAttributes)) {
    if (StringValue !== undefined) attributes[name] = StringValue;
  }
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    message: {
      body: Body,
      attributes,
      ...(Attributes.AWSTraceHeader !== undefined && { traceHeader: Attributes.AWSTraceHeader }),
    },
    receiveCount: Number(Attributes.ApproximateReceiveCount ?? 1),
    sentAtMs: Number(Attributes.SentTimestamp ?? nowMs),
  };
}
