import type { MessageAttributeValue, SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs';
import { Failure } from '../../core/failure/failure.ts';
import type { QueueMessage } from '../../core/message/queue-message.ts';
import { maxMessageBytes, messageBytes } from '../../core/message/queue-message.ts';
import { fromAwsError } from '../aws/failures.ts';
import type { QueueCalls } from './queue-calls.ts';

export interface SendOptions {
  readonly delaySeconds?: number;
  readonly group?: string;
  /** Only for a FIFO queue. */
  readonly deduplicationId?: string;
}

/** A message that waits until it is sent. */
export interface Waiting {
  readonly message: QueueMessage;
  readonly options: SendOptions;
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Source: SQS API reference, SendMessageBatch: at most ten messages, which together are at most as large as one message. */
const maxBatchEntries = 10;

/**
 * Codes with which SQS refuses the message itself, so that sending it again cannot succeed. SQS uses the same codes for one
 * entry and for a whole batch. Source: SQS API reference, SendMessage, SendMessageBatch and common errors.
 */
const messageRefusals: ReadonlySet<string | undefined> = new Set([
  'InvalidMessageContents',
  'InvalidParameterValue',
  'InvalidParameterCombination',
  'MissingParameter',
  'ValidationError',
]);

/**
 * Sends messages to one queue. Messages that come in one turn of the event loop are sent together, in batches within the limits
 * of count and bytes.
 *
 * Failure policy: the promise for each message depends on the message's own entry in the answer. It rejects if there is no entry.
 * When a batch is refused because of one message, each message is sent alone, so that the others are accepted.
 *
 * @param timeoutMs limit of one batch, all attempts included; without it only the limits of each attempt apply
 */
export function createSqsSender(calls: QueueCalls, queueUrl: string, timeoutMs?: number) {
  let waiting: Waiting[] = [];

  function flush(): void {
    const taken = waiting;
    waiting = [];
    for (const batch of splitIntoBatches(taken)) void sendBatch({ calls, queueUrl, timeoutMs }, batch);
  }

  return (message: QueueMessage, options: SendOptions = {}): Promise<void> =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ message, options, bytes: messageBytes(message), resolve, reject });
    });
}

export function splitIntoBatches<Message extends Waiting>(messages: readonly Message[]): Message[][] {
  const batches: Message[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const last = batches.at(-1);
    bytes += message.bytes;
    if (last === undefined || last.length === maxBatchEntries || bytes > maxMessageBytes) {
      batches.push([message]);
      bytes = message.bytes;
    } else last.push(message);
  }
  return batches;
}

/** Where messages are sent to. */
export interface Sending {
  readonly calls: QueueCalls;
  readonly queueUrl: string;
  readonly timeoutMs: number | undefined;
}

/** Resolves when each message was accepted or rejected. */
export async function sendBatch({ calls, queueUrl, timeoutMs }: Sending, batch: readonly Waiting[]): Promise<void> {
  try {
    const Entries = batch.map(({ message, options }, index) => entryOf(String(index), message, options));
    const limit = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    const answer = await calls.sendMessageBatch({ QueueUrl: queueUrl, Entries }, limit);
    const accepted = new Set(answer.Successful?.map(({ Id }) => Id));
    for (const [index, { resolve, reject }] of batch.entries()) {
      if (accepted.has(String(index))) resolve();
      else reject(refusal(answer.Failed?.find(({ Id }) => Id === String(index))?.Code));
    }
  } catch (error) {
    const isRefused = error instanceof Error && messageRefusals.has(error.name);
    if (isRefused && batch.length > 1) {
      await Promise.all(batch.map((message) => sendBatch({ calls, queueUrl, timeoutMs }, [message])));
      return;
    }
    const failure = isRefused ? refusal(error.name) : fromAwsError(error, 'send to a queue');
    for (const { reject } of batch) reject(failure);
  }
}

function entryOf(id: string, { body, attributes }: QueueMessage, options: SendOptions): SendMessageBatchRequestEntry {
  const MessageAttributes: Record<string, MessageAttributeValue> = {};
  for (const [name, StringValue] of Object.entries(attributes)) {
    MessageAttributes[name] = { DataType: 'String', StringValue };
  }
  return {
    Id: id,
    MessageBody: body,
    MessageAttributes,
    ...(options.delaySeconds !== undefined && { DelaySeconds: options.delaySeconds }),
    ...(options.group !== undefined && { MessageGroupId: options.group }),
    ...(options.deduplicationId !== undefined && { MessageDeduplicationId: options.deduplicationId }),
  };
}

function refusal(code: string | undefined): Failure {
  if (messageRefusals.has(code)) return new Failure('MessageRefused', `The queue refuses the message: ${code}.`);
  return new Failure('StoreUnavailable', `The queue did not accept a message: ${code ?? 'no reason given'}.`);
}
