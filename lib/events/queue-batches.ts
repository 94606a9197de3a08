import { createHash } from 'node:crypto';

/** A message as Lambda and EventBridge Pipes pass it on. Source: Lambda developer guide, using Lambda with Amazon SQS. */
export interface QueueRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<Record<string, never>>;
  readonly md5OfBody: string;
  readonly eventSource: 'aws:sqs';
  readonly eventSourceARN: string;
  readonly awsRegion: string;
}

export interface QueueBatchOptions {
  /** Default: the delivery queue of the local stack. */
  readonly queueArn?: string;
  /** How often the queue has handed out each message, counted from 1. Default: 1. */
  readonly receiveCount?: number;
  /** Default: no message group. */
  readonly messageGroupId?: string;
  /** When each message was sent, epoch ms. Default: now. */
  readonly sentAtMs?: number;
}

const localQueueArn = 'arn:aws:sqs:us-east-1:123456789012:lastmile-local-deliveries';

/**
 * Makes the input that the event source of a queue passes to `deliver-queued`.
 *
 * @param bodies the content of each message: an envelope, an event, or a text that is sent as it is
 */
export function sqsBatch(
  bodies: readonly (object | string)[],
  options: QueueBatchOptions = {},
): { readonly Records: readonly QueueRecord[] } {
  return { Records: queueRecords(bodies, options) };
}

/** Makes the input that EventBridge Pipes passes to a function when the pipe's source is an SQS queue. */
export function pipesBatch(
  bodies: readonly (object | string)[],
  options: QueueBatchOptions = {},
): readonly QueueRecord[] {
  return queueRecords(bodies, options);
}

function queueRecords(
  bodies: readonly (object | string)[],
  { queueArn = localQueueArn, receiveCount = 1, messageGroupId, sentAtMs = Date.now() }: QueueBatchOptions,
): readonly QueueRecord[] {
  return bodies.map((content) => {
    const body = typeof content === 'string' ? content : JSON.stringify(content);
    return {
      messageId: crypto.randomUUID(),
      receiptHandle: crypto.randomUUID(),
      body,
      attributes: {
        ApproximateReceiveCount: String(receiveCount),
        SentTimestamp: String(sentAtMs),
        SenderId: 'AIDAEXAMPLE0000000001',
        ApproximateFirstReceiveTimestamp: String(sentAtMs),
        ...(messageGroupId !== undefined && { MessageGroupId: messageGroupId }),
      },
      messageAttributes: {},
      md5OfBody: createHash('md5').update(body).digest('hex'),
      eventSource: 'aws:sqs',
      eventSourceARN: queueArn,
      awsRegion: queueArn.split(':')[3] ?? 'us-east-1',
    };
  });
}
