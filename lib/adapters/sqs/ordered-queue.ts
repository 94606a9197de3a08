import { Failure, isUnsendable } from '../../core/failure/failure.ts';
import { messageBytes } from '../../core/message/queue-message.ts';
import { formatQueuedDelivery } from '../../core/message/queued-delivery.ts';
import type { HeldMessages, OrderedQueue } from '../../ports/order.ts';
import { fromAwsError } from '../aws/failures.ts';
import type { Sending, Waiting } from './batches.ts';
import { sendBatch, splitIntoBatches } from './batches.ts';
import type { QueueCalls } from './queue-calls.ts';

interface WaitingInGroup extends Waiting {
  readonly group: string;
  readonly signal: AbortSignal;
}

/**
 * Sends deliveries to the ordered queue. Those of different groups are sent together.
 *
 * Failure policy: SQS may accept some messages of a batch and refuse others, also of one group. Then a later message would
 * overtake an earlier one. So a batch never has two messages of one group: the next one is sent when the queue has accepted the
 * one before. Source: SQS API reference, SendMessageBatch.
 */
export function createSqsOrderedQueue(calls: QueueCalls, queueUrl: string): OrderedQueue {
  const sending: Sending = { calls, queueUrl, timeoutMs: undefined };
  /** The deliveries that are not accepted yet, by group. The first one of a group may be under way. */
  const groups = new Map<string, WaitingInGroup[]>();
  let ready: WaitingInGroup[] = [];

  function makeReady(first: WaitingInGroup): void {
    if (ready.length === 0) setImmediate(flush);
    ready.push(first);
  }

  function flush(): void {
    const taken = ready;
    ready = [];
    const inTime = taken.filter(({ signal }) => !signal.aborted);
    for (const batch of splitIntoBatches(inTime)) void sendBatch(sending, batch);
    const late = new Failure('OutOfTime', 'The invocation had to end before the event was in the ordered queue.');
    for (const { signal, reject } of taken) if (signal.aborted) reject(late);
  }

  /** Removes the first delivery of a group, and begins to send the next one. */
  function goOn(group: string): void {
    const waiting = groups.get(group) ?? [];
    waiting.shift();
    const [next] = waiting;
    if (next === undefined) groups.delete(group);
    else makeReady(next);
  }

  function giveUp(group: string, error: unknown): void {
    const [, ...behind] = groups.get(group) ?? [];
    groups.delete(group);
    for (const each of behind) each.reject(error);
  }

  return {
    async send(queued, { group, deduplicationId }, signal) {
      const message = formatQueuedDelivery(queued);
      await new Promise<void>((resolve, reject) => {
        const own: WaitingInGroup = {
          message,
          options: { group, deduplicationId },
          bytes: messageBytes(message),
          group,
          signal,
          resolve() {
            resolve();
            goOn(group);
          },
          reject(error) {
            reject(error);
            if (groups.get(group)?.[0] !== own) return;
            if (isUnsendable(error)) goOn(group);
            else giveUp(group, error);
          },
        };
        const waiting = groups.get(group);
        if (waiting !== undefined) waiting.push(own);
        else {
          groups.set(group, [own]);
          makeReady(own);
        }
      });
    },
  };
}

export function createSqsHeldMessages(calls: QueueCalls, queueUrl: string): HeldMessages {
  return {
    async hide(receiptHandles, seconds) {
      const what = 'hide messages of the ordered queue';
      const Entries = receiptHandles.map((ReceiptHandle, index) => {
        return { Id: String(index), ReceiptHandle, VisibilityTimeout: seconds };
      });
      const answer = await calls
        .changeMessageVisibilityBatch({ QueueUrl: queueUrl, Entries })
        .catch((error: unknown) => {
          throw fromAwsError(error, what);
        });
      if (answer.Successful?.length === receiptHandles.length) return;
      throw new Failure('StoreUnavailable', `Could not ${what}: ${answer.Failed?.[0]?.Code ?? 'no reason given'}.`);
    },
  };
}
