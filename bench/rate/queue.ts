import { DeleteMessageBatchCommand, ReceiveMessageCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { sqsRecord } from '../../lib/local/sqs/receive.ts';
import type { BenchProcess } from '../bench-process.ts';
import type { WorkerAnswer } from './worker-process.ts';

const source = { account: '123456789012', region: 'us-east-1', queueName: 'lastmile-local-deliveries' };

/** The number of messages in a batch of the delivery queue, and in one call that sends messages. */
const batchSize = 10;

export interface Demand {
  /** Name of the API destination. */
  readonly destination: string;
  readonly perSecond: number;
}

/**
 * Sends events to the queue evenly at this rate for this long. The n-th event of a destination has the number n.
 *
 * @returns how many events each destination got
 */
export async function sendDemand(
  sqs: SQSClient,
  queueUrl: string,
  demands: readonly Demand[],
  seconds: number,
): Promise<Readonly<Record<string, number>>> {
  const beganMs = performance.now();
  const sent: Record<string, number> = Object.fromEntries(demands.map(({ destination }) => [destination, 0]));
  const underWay: Promise<unknown>[] = [];
  for (let elapsedMs = 0; elapsedMs < seconds * 1000; elapsedMs = performance.now() - beganMs) {
    for (const { destination, perSecond } of demands) {
      let count = sent[destination] ?? 0;
      for (; count < (elapsedMs * perSecond) / 1000; count += batchSize) {
        underWay.push(sendBatch(sqs, queueUrl, destination, count));
      }
      sent[destination] = count;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await Promise.all(underWay);
  return sent;
}

/** @param first the number of the first event */
async function sendBatch(sqs: SQSClient, QueueUrl: string, apiDestination: string, first: number): Promise<void> {
  const Entries = Array.from({ length: batchSize }, (_, index) => ({
    Id: String(index),
    MessageBody: JSON.stringify({ apiDestination, event: { id: `event-${first + index}` } }),
    MessageGroupId: apiDestination,
  }));
  const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  if (Failed.length > 0) throw new Error('The queue did not accept an event.');
}

/**
 * One worker and its event source: receives a batch, invokes the worker, and deletes the settled messages, until the
 * signal aborts.
 *
 * @returns the largest delay of a timer of the worker
 */
export async function work(
  sqs: SQSClient,
  QueueUrl: string,
  worker: BenchProcess,
  signal: AbortSignal,
): Promise<number> {
  const wanted = { QueueUrl, MaxNumberOfMessages: batchSize, WaitTimeSeconds: 1 };
  let lagMs = 0;
  while (!signal.aborted) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ ...wanted, MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All'] }),
    );
    if (Messages.length === 0) continue;
    const Records = Messages.map((message) => sqsRecord({ ...message }, source));
    const { response, worstLagMs } = (await worker.ask({ Records })) as WorkerAnswer;
    lagMs = Math.max(lagMs, worstLagMs);
    const failed = new Set(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    const settled = Messages.filter(({ MessageId = '' }) => !failed.has(MessageId));
    const Entries = settled.map(({ ReceiptHandle = '' }, index) => ({ Id: String(index), ReceiptHandle }));
    if (Entries.length > 0) await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
  return lagMs;
}
